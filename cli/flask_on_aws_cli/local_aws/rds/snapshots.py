"""Snapshots of a server while it serves: a base backup, taken as PostgreSQL's documentation has it.

https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
"""

import json
import shutil
from pathlib import Path
from typing import Any

import psycopg

from ...postgres_server.roles import admin_connection
from ...postgres_server.server import Server
from ...postgres_server.system_account import give_to_server_user, remove
from .configuration import Instance

# Of the running server alone, and written anew by each start.
_NOT_COPIED = ("postmaster.pid", "postmaster.opts", "pg_wal", "pg_replslot", "pg_stat_tmp", "pg_dynshmem", "pg_notify")
_SLOT = "flask_on_aws_snapshot"
# From this version on the functions are named so, and the older, exclusive kind is gone.
_RENAMED_IN = 15


def take(server: Server, instance: Instance, target: Path) -> None:
    """Copy the server's data, as it is at the end of the copy, to a new folder; connections go on."""
    building = target.with_name(target.name + ".part")
    remove(building)
    building.mkdir(parents=True)
    with admin_connection(server.port, server.admin_password) as connection:
        _drop_slot(connection)
        # Keeps the log from this moment on, which a checkpoint would else recycle during a long copy.
        connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", [_SLOT])
        try:
            _copy(connection, server, building)
        finally:
            _drop_slot(connection)
    shutil.copy2(server.folder / "rdsadmin", building / "rdsadmin")
    facts = {"engine_version": instance.engine_version, "username": instance.username, "major": server.binaries.major}
    (building / "snapshot.json").write_text(json.dumps(facts))
    give_to_server_user(building)
    building.rename(target)


def _copy(connection: psycopg.Connection[Any], server: Server, building: Path) -> None:
    if server.binaries.major >= _RENAMED_IN:
        begin, end = "SELECT pg_backup_start(%s, true)", "SELECT labelfile FROM pg_backup_stop(false)"
    else:
        begin, end = "SELECT pg_start_backup(%s, true, false)", "SELECT labelfile FROM pg_stop_backup(false, false)"
    connection.execute(begin, ["snapshot"])
    data = building / "data"
    shutil.copytree(
        server.data, data, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_COPIED), copy_function=_copy_file
    )
    row = connection.execute(end).fetchone()
    if row is None:
        raise RuntimeError("PostgreSQL gave no label for the backup.")
    (data / "backup_label").write_text(row[0])
    # After the end of the backup: all that is needed to make the copy consistent is in the log by now.
    shutil.copytree(server.data / "pg_wal", data / "pg_wal", copy_function=_copy_file)
    for name in ("pg_replslot", "pg_stat_tmp", "pg_dynshmem", "pg_notify"):
        (data / name).mkdir(mode=0o700)
    data.chmod(0o700)


def _copy_file(source: str, target: str) -> str:
    try:
        return shutil.copy2(source, target)
    except FileNotFoundError:
        return target  # a file that was dropped meanwhile; the log tells of it


def _drop_slot(connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", [_SLOT]
    )


def facts(snapshot: Path) -> dict[str, Any]:
    """What is known of a snapshot: `engine_version`, `username` and `major`, the one of the data."""
    return json.loads((snapshot / "snapshot.json").read_text())


def unpack(snapshot: Path, folder: Path) -> None:
    """Put a snapshot's data where a new server is to be."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(snapshot / "data", folder / "data", symlinks=True)
    shutil.copy2(snapshot / "rdsadmin", folder / "rdsadmin")
    give_to_server_user(folder)

"""Snapshots of a running PostgreSQL server: base backups, taken as PostgreSQL's documentation describes.

https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
"""

import json
import shutil
from pathlib import Path
from typing import Any

import psycopg

from ...postgres_server.roles import admin_connection
from ...postgres_server.server import Server
from ...server_process.system_account import give_to_server_user, remove
from .configuration import Instance

# Only valid for the running server, and written again at each start.
_NOT_COPIED = ("postmaster.pid", "postmaster.opts", "pg_wal", "pg_replslot", "pg_stat_tmp", "pg_dynshmem", "pg_notify")
_SLOT = "flask_on_aws_snapshot"
# In this version, the functions were renamed, and exclusive backups were removed.
_RENAMED_IN = 15


def take(server: Server, instance: Instance, target: Path) -> None:
    """Copy the server's data, in its state at the end of the copy, to a new folder; the server stays available."""
    staging = target.with_name(target.name + ".part")
    remove(staging)
    staging.mkdir(parents=True)
    with admin_connection(server.port, server.admin_password) as connection:
        _drop_slot(connection)
        # Keeps the write-ahead log from now on; otherwise a checkpoint could recycle it during a long copy.
        connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", [_SLOT])
        try:
            _copy(connection, server, staging)
        finally:
            _drop_slot(connection)
    shutil.copy2(server.folder / "rdsadmin", staging / "rdsadmin")
    facts = {
        "engine": instance.engine,
        "engine_version": instance.engine_version,
        "username": instance.username,
        "major": server.binaries.major,
    }
    (staging / "snapshot.json").write_text(json.dumps(facts))
    give_to_server_user(staging)
    staging.rename(target)


def _copy(connection: psycopg.Connection[Any], server: Server, staging: Path) -> None:
    if server.binaries.major >= _RENAMED_IN:
        begin, end = "SELECT pg_backup_start(%s, true)", "SELECT labelfile FROM pg_backup_stop(false)"
    else:
        begin, end = "SELECT pg_start_backup(%s, true, false)", "SELECT labelfile FROM pg_stop_backup(false, false)"
    connection.execute(begin, ["snapshot"])
    data = staging / "data"
    shutil.copytree(
        server.data, data, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_COPIED), copy_function=_copy_file
    )
    row = connection.execute(end).fetchone()
    if row is None:
        raise RuntimeError("PostgreSQL returned no label for the backup.")
    (data / "backup_label").write_text(row[0])
    # After the end of the backup, the write-ahead log contains everything that makes the copy consistent.
    shutil.copytree(server.data / "pg_wal", data / "pg_wal", copy_function=_copy_file)
    for name in ("pg_replslot", "pg_stat_tmp", "pg_dynshmem", "pg_notify"):
        (data / name).mkdir(mode=0o700)
    data.chmod(0o700)


def _copy_file(source: str, target: str) -> str:
    try:
        return shutil.copy2(source, target)
    except FileNotFoundError:
        return target  # the file was deleted during the copy; the write-ahead log contains that


def _drop_slot(connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", [_SLOT]
    )


def facts(snapshot: Path) -> dict[str, Any]:
    """Facts about a snapshot: `engine_version`, `username`, and `major`, the major version of its data."""
    return json.loads((snapshot / "snapshot.json").read_text())


def unpack(snapshot: Path, folder: Path) -> None:
    """Copy a snapshot's data to the folder of a new server."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(snapshot / "data", folder / "data", symlinks=True)
    shutil.copy2(snapshot / "rdsadmin", folder / "rdsadmin")
    give_to_server_user(folder)

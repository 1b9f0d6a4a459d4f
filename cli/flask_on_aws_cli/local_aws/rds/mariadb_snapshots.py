"""Snapshots of a running MariaDB server: its databases and accounts as SQL, as they are when the copy begins."""

import json
from pathlib import Path

from ...mariadb_server.accounts import ADMIN, Connection, admin_connection
from ...mariadb_server.server import Server
from ...server_process.system_account import give_to_server_user, remove
from .configuration import Instance

_SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")
_OWN_ACCOUNTS = (ADMIN, "mariadb.sys")


def take(server: Server, instance: Instance, target: Path) -> None:
    """Write the server's databases and accounts to a new folder; the server stays available."""
    staging = target.with_name(target.name + ".part")
    remove(staging)
    staging.mkdir(parents=True)
    with admin_connection(server.port, server.admin_password, server.ca) as connection:
        databases, accounts = _databases(connection), _accounts(connection)
    dump = b""
    if databases:
        dump = server.run_client(
            "mariadb-dump",
            # A consistent state of InnoDB's tables, without a lock.
            *("--single-transaction", "--routines", "--events", "--triggers", "--hex-blob"),
            *("--default-character-set=utf8mb4", "--databases", *databases),
        )
    (staging / "dump.sql").write_bytes("".join(f"{statement};\n" for statement in accounts).encode() + dump)
    facts = {"engine": instance.engine, "engine_version": instance.engine_version, "username": instance.username}
    (staging / "snapshot.json").write_text(json.dumps(facts))
    give_to_server_user(staging)
    staging.rename(target)


def load(server: Server, snapshot: Path) -> None:
    """Execute a snapshot's SQL on a new, running server."""
    server.run_client("mariadb", "--default-character-set=utf8mb4", stdin=(snapshot / "dump.sql").read_bytes())


def _databases(connection: Connection) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT schema_name FROM information_schema.schemata")
        return [name for (name,) in cursor.fetchall() if name not in _SYSTEM]


def _accounts(connection: Connection) -> list[str]:
    """SQL that creates the accounts, with their passwords' hashes and privileges."""
    statements: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT User, Host FROM mysql.user WHERE is_role = 'N'")
        for user, host in [row for row in cursor.fetchall() if row[0] not in _OWN_ACCOUNTS]:
            cursor.execute("SHOW CREATE USER %s@%s", (user, host))
            ((created,),) = cursor.fetchall()
            statements.append(str(created).replace("CREATE USER", "CREATE USER IF NOT EXISTS", 1))
            cursor.execute("SHOW GRANTS FOR %s@%s", (user, host))
            statements += [str(grant) for (grant,) in cursor.fetchall()]
    return statements

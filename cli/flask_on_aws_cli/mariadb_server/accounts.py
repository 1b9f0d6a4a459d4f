"""Creates the accounts of an RDS server with SQL."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
from pymysql.converters import escape_string

from ..local_project.location import HOST

ADMIN = "rdsadmin"  # the superuser on RDS, which is reserved for AWS
_CONNECT_SECONDS = 3
# What RDS grants its master user; SUPER, FILE and SHUTDOWN are missing:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.MasterAccounts.html
PRIVILEGES = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, "
    "CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, "
    "CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER"
)
# A variable that only a restart changes, or that SET GLOBAL does not have.
_STATIC, _UNKNOWN = 1238, 1193

Connection = pymysql.connections.Connection


@contextmanager
def admin_connection(port: int, password: str, ca: Path) -> Generator[Connection]:
    """A connection as superuser, in autocommit mode, over verified TLS."""
    connection = pymysql.connect(
        host=HOST,
        port=port,
        user=ADMIN,
        password=password,
        ssl={"ca": str(ca), "check_hostname": True},  # with ssl_ca alone, PyMySQL verifies nothing
        connect_timeout=_CONNECT_SECONDS,
        autocommit=True,
    )
    try:
        yield connection
    finally:
        connection.close()


def bootstrap_statements(password: str) -> Iterator[str]:
    """SQL that a server runs at each start, before it accepts connections: the superuser is the only administrator."""
    account = f"'{ADMIN}'@'{HOST}'"
    yield f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{escape_string(password)}' REQUIRE SSL"
    yield f"GRANT ALL ON *.* TO {account} WITH GRANT OPTION"
    # Those that `mariadb-install-db` creates, for this machine; an app may have its own `root`, at '%'.
    yield "DELETE FROM mysql.global_priv WHERE User IN ('', 'root', 'mysql') AND Host <> '%'"
    yield "FLUSH PRIVILEGES"


def create_missing_accounts(connection: Connection, username: str, database: str | None) -> None:
    """Create the master user and the database, unless they exist. As on RDS, the master user is not a superuser."""
    user = f"'{escape_string(username)}'@'%'"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE USER IF NOT EXISTS {user}")
        cursor.execute(f"GRANT {PRIVILEGES} ON *.* TO {user} WITH GRANT OPTION")
        cursor.execute(f"GRANT ALL ON `%`.* TO {user} WITH GRANT OPTION")  # it can pass on all rights to a database
        if database is not None:
            cursor.execute(f"CREATE DATABASE IF NOT EXISTS {quoted(database)}")


def set_password(connection: Connection, username: str, password: str) -> None:
    """Change the password of an account; open connections are not closed."""
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION slow_query_log = 0")  # otherwise the password could be logged
        cursor.execute(f"ALTER USER '{escape_string(username)}'@'%' IDENTIFIED BY '{escape_string(password)}'")


def set_parameter(connection: Connection, name: str, value: str) -> None:
    """Apply a parameter to new connections; one that needs a restart is left to it."""
    literal = value if _is_number(value) else f"'{escape_string(value)}'"
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET GLOBAL {quoted(name)} = {literal}")
    except pymysql.MySQLError as error:
        if error.args[0] not in (_STATIC, _UNKNOWN):
            raise


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return f"`{name.replace('`', '``')}`"


def _is_number(value: str) -> bool:
    return value.removeprefix("-").replace(".", "", 1).isdecimal()

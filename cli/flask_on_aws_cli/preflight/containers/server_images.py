"""Docker Hub's images of database servers, and how each gets TLS and an owner who is not a superuser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...mariadb_server.accounts import PRIVILEGES
from ...sqlserver_server import image as sqlserver


@dataclass(frozen=True)
class ServerImage:
    """One image."""

    image: str
    """Its name; the tag is the major version."""
    password_variable: str
    """The variable with its superuser's password, which it needs to initialize the data."""
    command: Sequence[str]
    """The server's command; `{folder}` has the certificate, its key and `files`."""
    ready: Sequence[str]
    """A command that succeeds once the server accepts connections over the network."""
    client: Sequence[str]
    """A command that executes the statement that follows it as superuser."""
    statements: Sequence[str]
    """SQL that creates the owner and the database."""
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    user: int = 999
    """The ID of the server's user, here that in Docker Hub's Debian-based images."""
    environment: Sequence[str] = ()
    """Further variables, `NAME=value`."""
    password_suffix: str = ""
    """What makes a random password one that the server accepts."""
    needs_consent: bool = False
    """Whether its license must be accepted, so that it is used only if the engine has it."""


_MYSQL_OPTIONS = (
    *("--ssl-cert={folder}/server.crt", "--ssl-key={folder}/server.key", "--require-secure-transport=ON"),
    *("--character-set-server=utf8mb4", "--skip-name-resolve"),
)
_MYSQL_STATEMENTS = (
    "CREATE DATABASE {name}",
    "CREATE USER '{owner}'@'%' IDENTIFIED BY '{password}'",
    f"GRANT {PRIVILEGES} ON *.* TO '{{owner}}'@'%' WITH GRANT OPTION",
)
# bash opens a connection; the server that initializes the data has no port.
_PORT_IS_OPEN = ("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/3306")


def _mysql_client(program: str, password_variable: str) -> Sequence[str]:
    return ("bash", "-c", f'MYSQL_PWD=${password_variable} exec {program} --user=root --execute="$0"')


SERVER_IMAGES: Mapping[str, ServerImage] = {
    "postgres": ServerImage(
        image="postgres",
        password_variable="POSTGRES_PASSWORD",  # noqa: S106 a name
        command=(
            *("postgres", "-c", "ssl=on", "-c", "ssl_cert_file={folder}/server.crt"),
            *("-c", "ssl_key_file={folder}/server.key", "-c", "hba_file={folder}/pg_hba.conf"),
            *("-c", "fsync=off"),  # its data is needed only for a minute
        ),
        ready=("pg_isready", "-h", "127.0.0.1"),
        client=("psql", "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c"),
        statements=(
            "CREATE ROLE {owner} LOGIN CREATEROLE CREATEDB PASSWORD '{password}'",
            "CREATE DATABASE {name} OWNER {owner}",
        ),
        files={"pg_hba.conf": b"local all all trust\nhostssl all all all scram-sha-256\n"},
    ),
    "mysql": ServerImage(
        image="mysql",
        password_variable="MYSQL_ROOT_PASSWORD",  # noqa: S106 a name
        command=("mysqld", *_MYSQL_OPTIONS),
        ready=_PORT_IS_OPEN,
        client=_mysql_client("mysql", "MYSQL_ROOT_PASSWORD"),
        statements=_MYSQL_STATEMENTS,
    ),
    "mariadb": ServerImage(
        image="mariadb",
        password_variable="MARIADB_ROOT_PASSWORD",  # noqa: S106 a name
        command=("mariadbd", *_MYSQL_OPTIONS),
        ready=_PORT_IS_OPEN,
        client=_mysql_client("mariadb", "MARIADB_ROOT_PASSWORD"),
        statements=_MYSQL_STATEMENTS,
    ),
    "sqlserver": ServerImage(
        image=sqlserver.IMAGE,
        password_variable=sqlserver.PASSWORD_VARIABLE,
        # Its configuration is in a folder of its own.
        command=(
            *("sh", "-c", f"cp {{folder}}/mssql.conf {sqlserver.FOLDER}/mssql.conf && exec /opt/mssql/bin/sqlservr"),
        ),
        ready=(*sqlserver.CLIENT, "SELECT 1"),
        client=sqlserver.CLIENT,
        statements=(sqlserver.OWNER, sqlserver.DATABASE_OWNER),
        files={"mssql.conf": sqlserver.CONFIGURATION.replace(sqlserver.FOLDER, "/preflight").encode()},
        user=sqlserver.USER,
        environment=sqlserver.ENVIRONMENT,
        password_suffix="Aa1-",  # noqa: S106 a part
        needs_consent=True,
    ),
}
"""By the product whose protocol and SQL the engine has."""

"""The command lines of databases' and caches' own client programs."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from uv import find_uv_bin

from ..errors import OperationError

PSQL, MYSQL, MONGOSH, REDIS_CLI = "psql", "mysql", "mongosh", "redis-cli"
# Client → the variable that an app with such a database or cache has.
_VARIABLES = {PSQL: "PGHOST", MYSQL: "MYSQL_HOST", MONGOSH: "MONGODB_HOST", REDIS_CLI: "REDIS_HOST"}
_CACHES = (REDIS_CLI,)


class Program(NamedTuple):
    """A program to run."""

    command: Sequence[str]
    environment: Mapping[str, str]


def client_of(environment: Mapping[str, str]) -> str | None:
    """The client that opens an app's database, by the app's environment; None without a database or a client for it."""
    return next((name for name in _VARIABLES if name not in _CACHES and _VARIABLES[name] in environment), None)


def check_client(name: str, environment: Mapping[str, str], command_line: Callable[[str], str]) -> None:
    """Check that an app has a database or cache that a client opens.

    Args:
        name: the client.
        environment: the app's environment.
        command_line: the command line of another command, as the user types it.

    Raises:
        OperationError: if not, with the command for the database that it has.
    """
    if _VARIABLES[name] in environment:
        return
    if name in _CACHES:
        raise OperationError("The app has no cache: its setting `cache` is none.")
    if "MSSQL_HOST" in environment:
        raise OperationError(
            "The app's database is SQL Server; open it with sqlcmd and the MSSQL_* variables that "
            f"{command_line('env')} prints."
        )
    other = client_of(environment)
    if other is None:
        raise OperationError("The app has no database: its setting `database` is none.")
    raise OperationError(f"The app's database is not one of {name}; open it with: {command_line(other)}")


def client_program(
    name: str, environment: Mapping[str, str], arguments: Sequence[str]
) -> AbstractContextManager[Program]:
    """The program that opens an app's database or cache; its password is in no argument, which all users can see.

    Args:
        name: the client.
        environment: the app's environment, with the addresses to use.
        arguments: further arguments of the program.

    Raises:
        OperationError: if it is not installed and cannot be downloaded.
    """
    return _PROGRAMS[name](environment, arguments)


@contextmanager
def _psql(environment: Mapping[str, str], arguments: Sequence[str]) -> Generator[Program]:
    """psql, or pgcli where it is not installed; both read the PG* variables."""
    variables = {name: value for name, value in environment.items() if name.startswith("PG")}
    client = [PSQL] if shutil.which(PSQL) else [*_downloaded("--with", "psycopg[binary]"), "pgcli"]
    yield Program([*client, *arguments], {**os.environ, **variables})


@contextmanager
def _mysql(environment: Mapping[str, str], arguments: Sequence[str]) -> Generator[Program]:
    """MariaDB's or MySQL's client, or mycli where neither is installed."""
    client = shutil.which("mariadb") or shutil.which(MYSQL)
    if client is None:
        yield _mycli(environment, arguments)
        return
    with tempfile.TemporaryDirectory() as folder:  # only its owner can enter it
        options = Path(folder, "client.cnf")
        options.write_text(_mysql_options(environment, client))
        database = f"--database={environment['MYSQL_DATABASE']}"
        yield Program([client, f"--defaults-extra-file={options}", database, *arguments], os.environ)


def _mysql_options(environment: Mapping[str, str], client: str) -> str:
    """The client's options, with which it verifies the server's certificate, and its name unless that is an address.

    MariaDB's client verifies both or nothing.
    """
    version = subprocess.run([client, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    if "MariaDB" in version:
        verified = f"{'' if _has_name(environment) else 'disable-'}ssl-verify-server-cert"
    else:
        verified = f"ssl-mode={'VERIFY_IDENTITY' if _has_name(environment) else 'VERIFY_CA'}"
    values = {
        "host": environment["MYSQL_HOST"],
        "port": environment["MYSQL_PORT"],
        "user": environment["MYSQL_USER"],
        "password": environment["MYSQL_PASSWORD"],
        "ssl-ca": environment["MYSQL_SSL_CA"],
    }
    lines = [f'{name}="{value}"\n' for name, value in values.items()]
    return f"[client]\n{''.join(lines)}{verified}\n"


def _has_name(environment: Mapping[str, str]) -> bool:
    """Whether the database's host is a name, which its certificate has, and not the address of a tunnel."""
    return not environment["MYSQL_HOST"][-1].isdigit()


def _mycli(environment: Mapping[str, str], arguments: Sequence[str]) -> Program:
    address = [f"--{name}={environment[f'MYSQL_{name.upper()}']}" for name in ("host", "port", "user", "database")]
    tls = [f"--ssl-ca={environment['MYSQL_SSL_CA']}", *(["--ssl-verify-server-cert"] if _has_name(environment) else [])]
    variables = {"MYSQL_PWD": environment["MYSQL_PASSWORD"]}
    return Program([*_downloaded(), "mycli", *address, *tls, *arguments], {**os.environ, **variables})


@contextmanager
def _mongosh(environment: Mapping[str, str], arguments: Sequence[str]) -> Generator[Program]:
    """mongosh, which reads the URL from the environment by its own script."""
    _require(MONGOSH, "https://www.mongodb.com/docs/mongodb-shell/install/")
    connect = ["--nodb", "--shell", "--eval", "db = connect(process.env.MONGODB_URI)"]
    variables = {"MONGODB_URI": environment["MONGODB_URI"]}
    yield Program([MONGOSH, *connect, *arguments], {**os.environ, **variables})


@contextmanager
def _redis_cli(environment: Mapping[str, str], arguments: Sequence[str]) -> Generator[Program]:
    """Valkey's or Redis's client, which trusts the system's certificates, or those of SSL_CERT_FILE."""
    client = shutil.which("valkey-cli") or _require(REDIS_CLI, "https://valkey.io/topics/installation/")
    tls = ["--tls", *(["--cacert", environment["SSL_CERT_FILE"]] if "SSL_CERT_FILE" in environment else [])]
    address = ["-h", environment["REDIS_HOST"], "-p", environment["REDIS_PORT"]]
    variables = {"REDISCLI_AUTH": environment["REDIS_PASSWORD"]}
    yield Program([client, *address, *tls, *arguments], {**os.environ, **variables})


def _require(name: str, installation: str) -> str:
    program = shutil.which(name)
    if program is None:
        raise OperationError(f"{name} is not installed; see {installation}, or open a tunnel: flask-on-aws tunnel")
    return program


def _downloaded(*options: str) -> list[str]:
    return [find_uv_bin(), "tool", "run", *options]


_PROGRAMS: Mapping[str, Callable[[Mapping[str, str], Sequence[str]], AbstractContextManager[Program]]] = {
    PSQL: _psql,
    MYSQL: _mysql,
    MONGOSH: _mongosh,
    REDIS_CLI: _redis_cli,
}

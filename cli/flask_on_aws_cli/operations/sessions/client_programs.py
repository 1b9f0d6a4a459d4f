"""Opens the app's database with its own client program: psql, or MariaDB's or MySQL's."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from uv import find_uv_bin

PSQL, MYSQL = "psql", "mysql"


def client_name(environment: Mapping[str, str]) -> str | None:
    """The command that opens an app's database, by the app's environment; None for an app without a database."""
    names = {"PGHOST": PSQL, "MYSQL_HOST": MYSQL}
    return next((client for variable, client in names.items() if variable in environment), None)


def run_psql(environment: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Run psql, or pgcli where it is not installed, and return its exit code.

    Both read the PG* variables: every user of the machine could see a password among the arguments.
    """
    variables = {name: value for name, value in environment.items() if name.startswith("PG")}
    client = ["psql"] if shutil.which("psql") else [*_downloaded("--with", "psycopg[binary]"), "pgcli"]
    return subprocess.call([*client, *arguments], env={**os.environ, **variables})  # noqa: S603 the user's command


def run_mysql(environment: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Run MariaDB's or MySQL's client, or mycli where neither is installed, and return its exit code."""
    client = shutil.which("mariadb") or shutil.which("mysql")
    if client is None:
        return _run_mycli(environment, arguments)
    with tempfile.TemporaryDirectory() as folder:  # only its owner can enter it
        options = Path(folder, "client.cnf")
        options.write_text(_options(environment, client))
        database = f"--database={environment['MYSQL_DATABASE']}"
        return subprocess.call([client, f"--defaults-extra-file={options}", database, *arguments])  # noqa: S603


def _options(environment: Mapping[str, str], client: str) -> str:
    """The client's options, with which it verifies the server's certificate."""
    version = subprocess.run([client, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    verified = "ssl-verify-server-cert" if "MariaDB" in version else "ssl-mode=VERIFY_IDENTITY"
    values = {
        "host": environment["MYSQL_HOST"],
        "port": environment["MYSQL_PORT"],
        "user": environment["MYSQL_USER"],
        "password": environment["MYSQL_PASSWORD"],
        "ssl-ca": environment["MYSQL_SSL_CA"],
    }
    lines = [f'{name}="{value}"\n' for name, value in values.items()]
    return f"[client]\n{''.join(lines)}{verified}\n"


def _run_mycli(environment: Mapping[str, str], arguments: Sequence[str]) -> int:
    address = [f"--{name}={environment[f'MYSQL_{name.upper()}']}" for name in ("host", "port", "user", "database")]
    tls = [f"--ssl-ca={environment['MYSQL_SSL_CA']}", "--ssl-verify-server-cert"]
    variables = {"MYSQL_PWD": environment["MYSQL_PASSWORD"]}
    command = [*_downloaded(), "mycli", *address, *tls, *arguments]
    return subprocess.call(command, env={**os.environ, **variables})  # noqa: S603 the user's command


def _downloaded(*options: str) -> list[str]:
    return [find_uv_bin(), "tool", "run", *options]

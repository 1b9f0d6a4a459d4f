"""A real PostgreSQL server on this machine, like RDS: with TLS, passwords, and an owner who is not a superuser."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask_on_aws_cli.local_project.ports import free_port

OWNER, OWNER_PASSWORD = "master", "master-password"


class Server:
    """A server on a dedicated port of `localhost`, with a certificate for that name."""

    def __init__(self, bin_folder: Path, home: Path) -> None:
        self._bin_folder, self.home, self.port = bin_folder, home, free_port()
        self.certificate = home / "server.crt"

    def _run(self, command: str | Path, *arguments: str, **options: object) -> None:
        user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        subprocess.run(
            [str(command), *arguments],
            user=user,
            cwd=self.home,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **options,
        )

    def start(self) -> None:
        self._run(self._bin_folder / "initdb", "--auth=trust", "--username=root", "--no-sync", str(self.home / "data"))
        self._run(
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", "server.key", "-out", "server.crt"),
        )
        (self.home / "server.key").chmod(0o600)
        # TCP connections need a password and TLS; over the Unix socket, the test is the superuser.
        (self.home / "data" / "pg_hba.conf").write_text(
            "local all root trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
        )
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.home,
            "ssl": "on",
            "ssl_cert_file": self.certificate,
            "ssl_key_file": self.home / "server.key",
            "log_statement": "all",
            "fsync": "off",
        }
        settings = " ".join(f"-c {name}={value}" for name, value in options.items())
        self._run(
            *(self._bin_folder / "pg_ctl", "-D", f"{self.home}/data", "-o", settings, "-l", f"{self.home}/log"),
            *("-w", "start"),
        )
        self.sql(f"CREATE ROLE {OWNER} LOGIN CREATEROLE CREATEDB PASSWORD '{OWNER_PASSWORD}'")

    def stop(self) -> None:
        self._run(self._bin_folder / "pg_ctl", "-D", f"{self.home}/data", "-m", "immediate", "-w", "stop")

    def log(self) -> str:
        return (self.home / "log").read_text()

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as superuser; returns its result."""
        command = ["psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "root", "-h", str(self.home)]
        result = subprocess.run(
            [*command, "-p", str(self.port), "-d", database, "-c", statement],
            check=True,
            capture_output=True,
            text=True,
        )
        return result.stdout.strip()


@contextmanager
def postgres_server() -> Iterator[Server]:
    """Run a server until the block ends; skips the test if PostgreSQL is not installed."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    pg_ctl = shutil.which("pg_ctl")
    if not versions and not pg_ctl:
        pytest.skip("there is no PostgreSQL server: neither in /usr/lib/postgresql nor pg_ctl on the PATH")
    program = versions[-1] if versions else Path(str(pg_ctl)).resolve()
    # Not pytest's folder: a socket's path may have at most 107 characters, and other users need access.
    home = Path(tempfile.mkdtemp(prefix="server-"))
    if os.geteuid() == 0:
        shutil.chown(home, "nobody")
    server = Server(program.parent, home)
    try:
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(home)

"""A PostgreSQL server: its files and its process."""

import secrets
import signal
import subprocess
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg

from ..local_project.location import HOST
from ..local_project.ports import port_for
from ..server_process.leftovers import end_orphaned_server
from ..server_process.process import ServerError, ServerProcess
from ..server_process.system_account import give_to_server_user, process_options
from ..shared.atomic_files import write_atomically
from ..shared.certificate_authority import Authority
from .binaries import Binaries
from .roles import ADMIN, admin_connection

ENDPOINT = "localhost"  # names below it would resemble those of RDS more, but do not resolve everywhere
# Parameters about files and the network, which this module sets and a parameter group must not.
_RESERVED = frozenset(
    {"listen_addresses", "port", "unix_socket_directories", "data_directory", "hba_file", "ident_file", "ssl"}
    | {"ssl_cert_file", "ssl_key_file", "ssl_ca_file", "config_file", "external_pid_file", "shared_preload_libraries"}
)


class Server:
    """A server in a dedicated folder; its subfolder `data` is PostgreSQL's data folder."""

    def __init__(self, folder: Path, binaries: Binaries, authority: Authority) -> None:
        self.folder, self.binaries, self._authority = folder, binaries, authority
        self.data = folder / "data"
        # A fast and an immediate shutdown; a smart one would wait for clients.
        signals = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
        self._process = ServerProcess("PostgreSQL", folder / "postgresql.log", signals)
        self.port = 0

    def create(self) -> None:
        """Create an empty database cluster whose superuser has a random password."""
        self.folder.mkdir(parents=True, exist_ok=True)
        give_to_server_user(self.folder)
        password_file = self._password_file
        password_file.write_text(secrets.token_urlsafe(32))
        password_file.chmod(0o600)
        give_to_server_user(password_file)
        self._run(
            *("initdb", "--pgdata", str(self.data), "--username", ADMIN, "--pwfile", str(password_file)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8" if _has_c_utf8() else "C"),
        )

    @property
    def _password_file(self) -> Path:
        return self.folder / "rdsadmin"

    def _run(self, program: str, *arguments: str) -> None:
        result = subprocess.run(  # noqa: S603 a program of PostgreSQL
            [self.binaries / program, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **process_options(),
        )
        if result.returncode:
            raise ServerError(f"{program} failed: {result.stderr.strip()[-1000:]}")

    def configure(self, parameters: Mapping[str, str], *, forces_tls: bool) -> None:
        """Write the configuration files; parameters take effect on `reload` or, depending on the parameter, `start`."""
        certificate, key = self._authority.issue([ENDPOINT, HOST])
        self._write("server.crt", certificate)
        self._write("server.key", key)
        supported = self.binaries.parameters() - _RESERVED
        # Formulas such as {DBInstanceClassMemory/9531392} are only evaluated on RDS.
        overrides = {name: value for name, value in parameters.items() if name in supported and "{" not in value}
        settings = {
            "listen_addresses": HOST,
            "unix_socket_directories": "",  # their paths are limited to 107 characters, a project's is not
            "ssl": "on",
            "ssl_cert_file": str(self.folder / "server.crt"),
            "ssl_key_file": str(self.folder / "server.key"),
            "password_encryption": "scram-sha-256",
            "shared_buffers": "32MB",  # a quarter of the default, to use little of a laptop's memory
            "logging_collector": "off",
            **overrides,
        }
        lines = [f"{name} = '{_escaped(value)}'\n" for name, value in settings.items()]
        self._write("data/postgresql.conf", "".join(lines).encode())
        connection_type = "hostssl" if forces_tls else "host"
        admin_rules = f"hostssl all {ADMIN} {HOST}/32 scram-sha-256\nhost all {ADMIN} all reject\n"
        self._write("data/pg_hba.conf", f"{admin_rules}{connection_type} all all {HOST}/32 scram-sha-256\n".encode())

    def _write(self, name: str, content: bytes) -> None:
        write_atomically(self.folder / name, content, prepare=give_to_server_user)

    def start(self, port: int) -> None:
        """Start on a port, or on another free one if it is 0 or in use, and wait until it accepts connections."""
        end_orphaned_server(self.data)
        self.port = port_for(port)
        command = [self.binaries / "postgres", "-D", self.data, "-p", str(self.port)]
        self._process.start(command, self.accepts_connections, process_options())

    def accepts_connections(self) -> bool:
        """Whether it accepts connections."""
        try:
            with admin_connection(self.port, self.admin_password):
                return True
        except psycopg.OperationalError:
            return False

    @property
    def admin_password(self) -> str:
        """The password of the superuser."""
        return self._password_file.read_text()

    @property
    def is_running(self) -> bool:
        """Whether the process that `start` started is running."""
        return self._process.is_running

    def reload(self) -> None:
        """Make the server read its configuration files again."""
        self._process.send_signal(signal.SIGHUP)

    def paused(self) -> AbstractContextManager[None]:
        """Let the server answer nothing until the block ends."""
        return self._process.paused()

    def stop(self) -> None:
        """Close all connections and stop, if possible with a clean shutdown."""
        self._process.stop()


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _has_c_utf8() -> bool:
    """Whether the locale C.UTF-8 exists; macOS before 14 does not have it."""
    result = subprocess.run(["/usr/bin/locale", "-a"], check=False, capture_output=True, text=True)
    return any(line.lower().replace("-", "") == "c.utf8" for line in result.stdout.splitlines())

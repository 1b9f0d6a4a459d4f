"""One PostgreSQL server: its files, and its process."""

import secrets
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg

from ..local_project.location import HOST
from ..local_project.ports import port_for
from ..shared.atomic_files import write_atomically
from ..shared.certificate_authority import Authority
from ..shared.deferred_signals import deferred_signals
from .binaries import Binaries
from .leftovers import end_stray
from .roles import ADMIN, administration
from .system_account import give, process_options

ENDPOINT = "localhost"  # names below it, which would look more like RDS's, do not resolve everywhere
# A server that was killed replays its log first; a developer's is small.
_START_SECONDS = 60
_STOP_SECONDS = 10  # for each of the ways to end it, from the gentlest on
# Nothing but this server's own: everything else about a file or a network is not the parameter group's to say.
_OURS = frozenset(
    {"listen_addresses", "port", "unix_socket_directories", "data_directory", "hba_file", "ident_file", "ssl"}
    | {"ssl_cert_file", "ssl_key_file", "ssl_ca_file", "config_file", "external_pid_file", "shared_preload_libraries"}
)


class ServerError(Exception):
    """The server did not start; the text has the end of its log."""


class Server:
    """A server in a folder of its own, `data` in it being PostgreSQL's."""

    def __init__(self, folder: Path, binaries: Binaries, authority: Authority) -> None:
        self.folder, self.binaries, self._authority = folder, binaries, authority
        self.data, self._log = folder / "data", folder / "postgresql.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def create(self) -> None:
        """Make an empty cluster whose superuser has a random password."""
        self.folder.mkdir(parents=True, exist_ok=True)
        give(self.folder)
        secret = self._secret
        secret.write_text(secrets.token_urlsafe(32))
        secret.chmod(0o600)
        give(secret)
        self._run(
            *("initdb", "--pgdata", str(self.data), "--username", ADMIN, "--pwfile", str(secret)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8" if _has_c_utf8() else "C"),
        )

    @property
    def _secret(self) -> Path:
        return self.folder / "rdsadmin"

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
            [self.binaries / program, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **process_options(),
        )
        if done.returncode:
            raise ServerError(f"{program} failed: {done.stderr.strip()[-1000:]}")

    def configure(self, parameters: Mapping[str, str], *, forces_tls: bool) -> None:
        """Write the server's settings; they hold from its next start or `reload` on, as each parameter's kind says."""
        certificate, key = self._authority.issue([ENDPOINT, HOST])
        self._write("server.crt", certificate)
        self._write("server.key", key)
        known = self.binaries.parameters()
        # Formulas like {DBInstanceClassMemory/9531392} are RDS's to work out.
        given = {k: v for k, v in parameters.items() if k in known - _OURS and "{" not in v}
        settings = {
            "listen_addresses": HOST,
            "unix_socket_directories": "",  # their paths may have 107 characters at most, a project's more
            "ssl": "on",
            "ssl_cert_file": str(self.folder / "server.crt"),
            "ssl_key_file": str(self.folder / "server.key"),
            "password_encryption": "scram-sha-256",
            "shared_buffers": "32MB",  # a quarter of the default: a laptop has other things to do
            "logging_collector": "off",
            **given,
        }
        lines = [f"{name} = '{_escaped(value)}'\n" for name, value in settings.items()]
        self._write("data/postgresql.conf", "".join(lines).encode())
        kind = "hostssl" if forces_tls else "host"
        access = f"hostssl all {ADMIN} {HOST}/32 scram-sha-256\nhost all {ADMIN} all reject\n"
        self._write("data/pg_hba.conf", f"{access}{kind} all all {HOST}/32 scram-sha-256\n".encode())

    def _write(self, name: str, content: bytes) -> None:
        write_atomically(self.folder / name, content, prepare=give)

    def start(self, port: int) -> None:
        """Start on the port, or on any where that is 0 or taken; returns once it answers."""
        end_stray(self.data)
        self.port = port_for(port)
        with self._log.open("ab") as log, deferred_signals():
            self._process = subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
                [self.binaries / "postgres", "-D", str(self.data), "-p", str(self.port)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **process_options(),
            )
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            if self.answers():
                return
            time.sleep(0.05)
        self.stop()
        raise ServerError(f"PostgreSQL did not start: {self._end_of_log()}")

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            with administration(self.port, self.admin_password):
                return True
        except psycopg.OperationalError:
            return False

    @property
    def admin_password(self) -> str:
        """Of the superuser."""
        return self._secret.read_text()

    @property
    def running(self) -> bool:
        """Whether the process that we started is there."""
        return self._process is not None and self._process.poll() is None

    def reload(self) -> None:
        """Have it read its settings again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """Close all connections and stop; the data is as after a clean shutdown."""
        process, self._process = self._process, None
        if process is None:
            return
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            process.send_signal(number)
            try:
                process.wait(_STOP_SECONDS)
                return
            except subprocess.TimeoutExpired:
                continue

    def _end_of_log(self) -> str:
        return self._log.read_text(errors="replace").strip()[-500:] if self._log.exists() else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _has_c_utf8() -> bool:
    """macOS before 14 lacks it."""
    told = subprocess.run(["/usr/bin/locale", "-a"], check=False, capture_output=True, text=True)
    return any(line.lower().replace("-", "") == "c.utf8" for line in told.stdout.splitlines())

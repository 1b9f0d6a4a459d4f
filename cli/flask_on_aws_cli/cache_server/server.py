"""A Valkey or Redis server: its program, its files and its process."""

import hashlib
import shutil
import signal
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from ..local_project.location import HOST
from ..local_project.ports import port_for
from ..server_process.process import ServerProcess
from ..shared.atomic_files import write_atomically
from ..shared.certificate_authority import Authority

ENDPOINT = "localhost"  # the host name in the server's certificate
# Redis is the server that Valkey continues; what apps use of both is the same.
_PROGRAMS = ("valkey-server", "redis-server")
_FOLDERS = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/homebrew/opt/valkey/bin", "/usr/sbin")
_STOP_SECONDS = 10.0  # of a server that saves its data, which is small on a developer's machine
# The memory of the smallest node type, cache.t4g.micro.
_MAX_MEMORY = 512 * 2**20


class NoCacheServerError(Exception):
    """No server is installed."""


def find_program() -> str:
    """Path of the machine's server.

    Raises:
        NoServerError: if none is installed.
    """
    for program in _PROGRAMS:
        if path := shutil.which(program) or shutil.which(program, path=":".join(_FOLDERS)):
            return path
    raise NoCacheServerError(
        "The cache does not run, because neither Valkey nor Redis is installed; install one of them, for example with "
        "`apt-get install valkey-server`, `apt-get install redis-server` or `brew install valkey`."
    )


class CacheServer:
    """A server in a dedicated folder. It keeps its data there when it is stopped, and listens only with TLS."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self._folder, self._authority = folder, authority
        self._pid_file = folder / "server.pid"
        # SIGTERM saves the data first.
        self._process = ServerProcess("The cache's server", folder / "server.log", (signal.SIGTERM, signal.SIGKILL))
        self.port = 0

    @property
    def is_running(self) -> bool:
        """Whether the process that `start` started is running."""
        return self._process.is_running

    def start(self, port: int, tokens: Sequence[str], eviction_policy: str) -> None:
        """Start on a port, or on another free one if it is 0 or in use, and wait until it accepts connections.

        Args:
            port: the preferred port.
            tokens: the passwords of the default user, each of which is valid.
            eviction_policy: the value of `maxmemory-policy`.

        Raises:
            NoServerError: if no server is installed.
            ServerError: if it does not start.
        """
        program = find_program()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._end_orphan()
        self.port = port_for(port)
        self._configure(tokens, eviction_policy)
        self._process.start([program, self._folder / "server.conf"], self._accepts_connections)

    def stop(self) -> None:
        """Stop; the server first saves its data."""
        self._process.stop()

    def _configure(self, tokens: Sequence[str], eviction_policy: str) -> None:
        certificate, key = self._authority.issue([ENDPOINT, HOST])
        write_atomically(self._folder / "server.crt", certificate)
        write_atomically(self._folder / "server.key", key)
        passwords = " ".join(f"#{hashlib.sha256(token.encode()).hexdigest()}" for token in tokens)
        settings = {
            "bind": HOST,
            "port": "0",
            "tls-port": str(self.port),
            "tls-cert-file": _quoted(self._folder / "server.crt"),
            "tls-key-file": _quoted(self._folder / "server.key"),
            "tls-ca-cert-file": _quoted(self._authority.certificate_path),
            "tls-auth-clients": "no",
            "dir": _quoted(self._folder),
            # At most a minute of writes is lost if the machine fails, none when the server is stopped.
            "save": "60 1",
            "maxmemory": str(_MAX_MEMORY),
            "maxmemory-policy": eviction_policy,
            "user": f"default on ~* &* +@all {passwords or 'nopass'}",
            "pidfile": _quoted(self._pid_file),
            # So that a server that a killed daemon left behind can be recognized by its folder.
            "set-proc-title": "no",
        }
        text = "".join(f"{name} {value}\n" for name, value in settings.items())
        write_atomically(self._folder / "server.conf", text)

    def _accepts_connections(self) -> bool:
        """Whether it answers over TLS; without the token it answers with an error, which is enough."""
        context = ssl.create_default_context(cafile=str(self._authority.certificate_path))
        try:
            with (
                socket.create_connection((HOST, self.port), timeout=1) as connection,
                context.wrap_socket(connection, server_hostname=ENDPOINT) as tls,
            ):
                tls.sendall(b"PING\r\n")
                answer = tls.recv(64)
        except OSError:
            return False
        # -LOADING: it still reads its data.
        return answer.startswith((b"+PONG", b"-NOAUTH"))

    def _end_orphan(self) -> None:
        """End a server with this folder that a killed daemon left running."""
        try:
            process = psutil.Process(int(self._pid_file.read_text()))
            if str(self._folder / "server.conf") not in process.cmdline():
                return
            process.terminate()
            with suppress(psutil.TimeoutExpired):
                process.wait(_STOP_SECONDS)
            process.kill()
        except (OSError, ValueError, psutil.Error):
            return  # it has ended


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

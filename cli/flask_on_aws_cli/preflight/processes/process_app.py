"""An app that runs as processes: their listening sockets, output, open files and end."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import psutil

from ...shared.process_groups import kill_group
from ..probes import probe
from ..probes.sqlite_files import sqlite_files, with_tables
from ..running import (
    PROBE_SECONDS,
    Answer,
    FinishedRequest,
    IdleConnection,
    Listener,
    SqliteFile,
    UnfinishedRequest,
    rest_of,
)

_HOST = "127.0.0.1"
# A killed process ends within milliseconds, unless it waits for a broken disk.
_END_SECONDS = 5.0
_TEMPORARY = "/tmp"  # noqa: S108 where apps write files without asking for the temporary folder


class ProcessApp:
    """A started app."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        port: int,
        log: Path,
        writable: Sequence[Path],
        image_paths: Callable[[str], str],
    ) -> None:
        """Wrap a started process.

        Args:
            process: the app's first process.
            port: the port that it listens on.
            log: the file with its output.
            writable: the folders that it may write to.
            image_paths: replaces the paths in a text by those of the image.
        """
        self._process, self._port, self._log = process, port, log
        self._writable, self._image_paths = writable, image_paths
        self._started = time.time()
        self._databases: set[str] = set()
        self._seen: set[psutil.Process] = set()

    def exit_code(self) -> int | None:
        """None while it runs; otherwise the exit code as a container's."""
        code = self._process.poll()
        return None if code is None else container_code(code)

    def out_of_memory(self) -> bool:
        """False: a process has no memory limit."""
        return False

    def lines(self) -> list[str]:
        """The lines that it has printed."""
        return self._image_paths(self._log.read_text(errors="replace")).splitlines()

    def listeners(self) -> list[Listener]:
        """The listening sockets of all of its processes."""
        listeners: set[Listener] = set()
        for process in self._tree():
            try:
                connections = process.net_connections("tcp")
                listeners |= {Listener(*socket.laddr) for socket in connections if socket.status == "LISTEN"}
            except psutil.Error:
                continue  # it has just ended
        return sorted(listeners)

    def ask(self, path: str, headers: Mapping[str, str], seconds: float = PROBE_SECONDS, body: str = "") -> Answer:
        """Send one GET, or a POST with a body."""
        all_headers = {"Host": f"{_HOST}:{self._port}", **headers}
        return Answer(**probe.ask(_HOST, self._port, path, all_headers, seconds, body))

    def leave_idle(self, path: str, headers: Mapping[str, str], seconds: float) -> IdleConnection:
        """Send one GET, and wait until the app closes the connection."""
        all_headers = {"Host": f"{_HOST}:{self._port}", **headers}
        return IdleConnection(**probe.leave_idle(_HOST, self._port, path, all_headers, seconds))

    def hold(
        self, requests: Sequence[UnfinishedRequest], headers: Mapping[str, str], seconds: float
    ) -> "_HeldRequest | None":
        """Start the first of the requests for whose body the app waits."""
        all_headers = {"Host": f"{_HOST}:{self._port}", **headers}
        path, connection = probe.hold(
            _HOST, self._port, [(request.path, request.content_type, request.body) for request in requests], all_headers
        )
        rest = rest_of(path, requests)
        return _HeldRequest(path, connection, rest, seconds) if connection else None

    def sqlite_files(self) -> list[SqliteFile]:
        """Databases next to the files that it has open, and in the folders that it may write to."""
        opened: set[str] = set()
        for process in self._tree():
            try:
                opened |= {file.path for file in process.open_files()}
            except psutil.Error:
                continue
        folders = [str(Path(path).parent) for path in opened if path.endswith((".db", ".sqlite", ".sqlite3"))]
        self._databases |= set(sqlite_files(list(map(str, self._writable)), self._started))
        self._databases |= set(sqlite_files([_TEMPORARY, *folders], self._started, deep=False))
        return [SqliteFile(self._image_paths(path), names) for path, names in with_tables(sorted(self._databases))]

    def terminate(self) -> None:
        """Send SIGTERM to the first process, as ECS does."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the session and the processes that left it; returns when all of them have ended."""
        self._tree()
        kill_group(self._process.pid)
        self._process.wait()
        deadline = time.monotonic() + _END_SECONDS
        while any(_kill_if_running(process) for process in self._seen) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _tree(self) -> list[psutil.Process]:
        if self._process.poll() is not None:
            return []
        try:
            first = psutil.Process(self._process.pid)
            processes = [first, *first.children(recursive=True)]
        except psutil.Error:
            return []
        self._seen.update(processes)
        return processes


@dataclass(frozen=True)
class _HeldRequest:
    path: str
    connection: HTTPConnection
    rest: str
    seconds: float

    def finish(self) -> FinishedRequest:
        return FinishedRequest(**probe.finish(self.connection, self.rest, self.seconds))

    def close(self) -> None:
        self.connection.close()


def _kill_if_running(process: psutil.Process) -> bool:
    """Kill a process; returns whether it was running."""
    try:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        process.kill()
    except psutil.Error:
        return False
    return True


def container_code(code: int) -> int:
    """A process's exit code as a container's, in which a signal is its number plus 128."""
    return 128 - code if code < 0 else code

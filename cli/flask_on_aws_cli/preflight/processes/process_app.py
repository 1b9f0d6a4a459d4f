"""An app that runs as processes: what they listen on, print and open, and how all of them end."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from ...shared.process_groups import kill_group
from ..probes import probe
from ..probes.sqlite_files import sqlite_files
from ..running import PROBE_SECONDS, Answer, Listener

_HOST = "127.0.0.1"
# A killed process is gone within milliseconds; one that waits for a broken disk is not.
_END_SECONDS = 5.0
_TEMPORARY = "/tmp"  # noqa: S108 where apps put a file whose path they do not ask for


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
        """Look after a process that was started.

        Args:
            process: the first of the app's.
            port: where it listens.
            log: what it prints.
            writable: its folders in which it may write.
            image_paths: names the paths in a text as the image has them.
        """
        self._process, self._port, self._log = process, port, log
        self._writable, self._image_paths = writable, image_paths
        self._started = time.time()
        self._databases: set[str] = set()
        self._seen: set[psutil.Process] = set()

    def exit_code(self) -> int | None:
        """None while it runs, else as a container's."""
        code = self._process.poll()
        return None if code is None else container_code(code)

    def out_of_memory(self) -> bool:
        """A process has all of this machine's memory."""
        return False

    def lines(self) -> list[str]:
        """What it has printed."""
        return self._image_paths(self._log.read_text(errors="replace")).splitlines()

    def listeners(self) -> list[Listener]:
        """The listening sockets of all of its processes."""
        listeners: set[Listener] = set()
        for process in self._tree():
            try:
                connections = process.net_connections("tcp")
                listeners |= {Listener(*each.laddr) for each in connections if each.status == "LISTEN"}
            except psutil.Error:
                continue  # it ended just now
        return sorted(listeners)

    def ask(self, path: str, headers: Mapping[str, str]) -> Answer:
        """One GET."""
        named = {"Host": f"{_HOST}:{self._port}", **headers}
        return Answer(**probe.ask(_HOST, self._port, path, named, PROBE_SECONDS))

    def sqlite_files(self) -> list[str]:
        """What it has open, and what it has made where it may write."""
        opened: set[str] = set()
        for process in self._tree():
            try:
                opened |= {file.path for file in process.open_files()}
            except psutil.Error:
                continue
        folders = [str(Path(path).parent) for path in opened if path.endswith((".db", ".sqlite", ".sqlite3"))]
        self._databases |= set(sqlite_files(list(map(str, self._writable)), self._started))
        self._databases |= set(sqlite_files([_TEMPORARY, *folders], self._started, deep=False))
        return sorted(map(self._image_paths, self._databases))

    def terminate(self) -> None:
        """SIGTERM to the first process, as ECS sends it."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole session, and what left it; returns when all of it is gone."""
        self._tree()
        kill_group(self._process.pid)
        self._process.wait()
        until = time.monotonic() + _END_SECONDS
        while any(_still_runs(process) for process in self._seen) and time.monotonic() < until:
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


def _still_runs(process: psutil.Process) -> bool:
    """Whether a process runs; then it is killed."""
    try:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        process.kill()
    except psutil.Error:
        return False
    return True


def container_code(code: int) -> int:
    """A process's exit code as a container's, where a signal counts from 128 on."""
    return 128 - code if code < 0 else code

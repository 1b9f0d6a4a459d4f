"""Containers as processes of this machine, each a session of its own, none of which outlives the daemon for long."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from . import guardian
from .runtime import Launch, Usage

# GNU timeout's exit code for a command that took too long.
_TOO_LONG = 124


class ProcessRuntime:
    """Processes whose ids are kept in a folder; a guardian ends them when this process ends without doing so."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._guardian: subprocess.Popen[bytes] | None = None

    def start(self, launch: Launch) -> "Process":
        """Start a process; raises `OSError` when its command or folder is not there."""
        self._watch()
        return Process(_popen(launch), self._folder / f"{launch.name}.pid")

    def run(self, launch: Launch, timeout: float) -> int:
        """Run a command to its end."""
        process = self.start(launch)
        try:
            process.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            return _TOO_LONG
        return process.exit_code() or 0

    def clean_up(self) -> None:
        """End what the folder still names, when it is the same process and not another with its number."""
        guardian.end_all(self._folder)

    def close(self) -> None:
        """Send the guardian away."""
        if self._guardian is not None and self._guardian.stdin is not None:
            self._guardian.stdin.close()
            self._guardian.wait()
            self._guardian = None

    def _watch(self) -> None:
        """The guardian reads from a pipe that nobody writes to, which ends when this process does, however it does."""
        if self._guardian is None or self._guardian.poll() is not None:
            command = [sys.executable, guardian.__file__, str(self._folder)]
            self._guardian = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 our own


def _popen(launch: Launch) -> subprocess.Popen[bytes]:
    with open(launch.log, "ab") as log:
        return subprocess.Popen(  # noqa: S603 what the user's task definition says
            list(launch.command),
            cwd=launch.folder,
            env=dict(launch.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


class Process:
    """A started process and its children."""

    def __init__(self, popen: subprocess.Popen[bytes], pid_file: Path) -> None:
        self.popen = popen
        self._pid_file = pid_file
        self._cpu: dict[int, float] = {}
        try:
            self._process: psutil.Process | None = psutil.Process(popen.pid)
            known = {"pid": popen.pid, "created": self._process.create_time()}
            pid_file.write_text(json.dumps(known))
        except psutil.NoSuchProcess:  # it has ended already
            self._process = None

    def signal(self, number: int) -> None:
        """Send a signal to the first process, as Docker does."""
        self.popen.send_signal(number)

    def kill(self) -> None:
        """End the whole session, and what left it."""
        strays = self._tree()[1:]
        _kill_group(self.popen.pid)
        for stray in strays:
            guardian.quietly(stray.kill)
        self.popen.wait()
        self._pid_file.unlink(missing_ok=True)

    def exit_code(self) -> int | None:
        """None while it runs; when the first process has ended, the others are ended too, as in a container."""
        code = self.popen.poll()
        if code is None:
            return None
        if self._pid_file.exists():
            _kill_group(self.popen.pid)
            self._pid_file.unlink(missing_ok=True)
        return 128 - code if code < 0 else code

    def usage(self) -> Usage:
        """Memory as a container is billed for it: pages that processes share are counted once, where Linux tells."""
        memory = 0
        for process in self._tree():
            try:
                times = process.cpu_times()
                self._cpu[process.pid] = times.user + times.system
                memory += _memory(process)
            except psutil.Error:
                continue  # it ended just now
        return Usage(memory, sum(self._cpu.values()))

    def _tree(self) -> list[psutil.Process]:
        if self._process is None or self.popen.poll() is not None:
            return []
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.Error:
            return []


def _memory(process: psutil.Process) -> int:
    """The proportional share of its pages, or all of its resident pages on macOS."""
    try:
        with open(f"/proc/{process.pid}/smaps_rollup") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return process.memory_info().rss


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of ended processes
        return

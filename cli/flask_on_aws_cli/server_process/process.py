"""The process of a server."""

import signal
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from ..shared.deferred_signals import deferred_signals
from .system_account import ProcessOptions

# A server that was killed first replays its log, which is small on a developer's machine.
_START_SECONDS = 60
_STOP_SECONDS = 10  # after each of the signals, which are increasingly forceful
_POLL_SECONDS = 0.05


class ServerError(Exception):
    """A server that does not start; the message includes the end of its log."""


class ServerProcess:
    """The process of a server, with its output in a log file."""

    def __init__(self, name: str, log: Path, stop_signals: Sequence[signal.Signals]) -> None:
        self._name, self._log, self._stop_signals = name, log, stop_signals
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process that `start` started is running."""
        return self._process is not None and self._process.poll() is None

    def start(
        self, command: Sequence[str | Path], is_ready: Callable[[], bool], options: ProcessOptions | None = None
    ) -> None:
        """Start the server and wait until it is ready.

        Args:
            command: its program, which stays in the foreground, and its arguments.
            is_ready: whether it accepts connections.
            options: the user that it runs as. Default: that of this process.

        Raises:
            ServerError: if it ends, or is not ready within a minute.
        """
        with self._log.open("ab") as log, deferred_signals():
            self._process = subprocess.Popen(  # noqa: S603 a program of a server
                command,
                cwd=self._log.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **(options or {}),
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if is_ready():
                return
            time.sleep(_POLL_SECONDS)
        self.stop()
        raise ServerError(f"{self._name} did not start: {self._log.read_text(errors='replace').strip()[-500:]}")

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the server, if it was started."""
        if self._process is not None:
            self._process.send_signal(number)

    @contextmanager
    def paused(self) -> Generator[None]:
        """Suspend the server and its children until the block ends: it answers nothing, and closes no connection."""
        processes = list[psutil.Process]()
        try:
            if self._process is not None:
                main = psutil.Process(self._process.pid)
                main.suspend()  # first, so that it starts no more children
                processes = [main, *main.children(recursive=True)]
                for child in processes[1:]:
                    _ignoring_the_dead(child.suspend)
            yield
        finally:
            for process in reversed(processes):
                _ignoring_the_dead(process.resume)

    def stop(self) -> None:
        """Stop the server by its signals, one after another until it ends."""
        process, self._process = self._process, None
        if process is None:
            return
        for number in self._stop_signals:
            process.send_signal(number)
            try:
                process.wait(_STOP_SECONDS)
                return
            except subprocess.TimeoutExpired:
                continue


def _ignoring_the_dead(action: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        action()

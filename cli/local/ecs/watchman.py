"""Keeps a guardian at its post: a process of its own that takes away what this one leaves when it is killed."""

import subprocess
from collections.abc import Sequence


class Watchman:
    """A guardian's command, which waits until its standard input ends."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._guardian: subprocess.Popen[bytes] | None = None

    def watch(self) -> None:
        """Start the guardian unless it runs.

        It reads from a pipe that nobody writes to, which ends when this process does, however it does.
        """
        if self._guardian is None or self._guardian.poll() is not None:
            self._guardian = subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 our own

    def dismiss(self) -> None:
        """Send the guardian away."""
        if self._guardian is not None and self._guardian.stdin is not None:
            self._guardian.stdin.close()
            self._guardian.wait()
            self._guardian = None

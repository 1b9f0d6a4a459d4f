"""What a container of a task is, for those who start and end it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol


class Launch(NamedTuple):
    """All that a runtime needs to start one container."""

    name: str
    """Unique in the place: the task's id and the container's name."""
    command: Sequence[str]
    folder: Path
    """Working directory."""
    environment: Mapping[str, str]
    """The whole of it."""
    log: Path
    """File to which its output is appended."""


class Usage(NamedTuple):
    """What a container uses."""

    memory: int
    """Bytes."""
    cpu: float
    """Seconds of processor time since it was started; those of children that ended are counted as far as known."""


class Running(Protocol):
    """A container that was started."""

    def signal(self, number: int) -> None:
        """Send a signal to its first process; nothing happens when it has ended."""
        ...

    def kill(self) -> None:
        """End all of its processes at once."""
        ...

    def exit_code(self) -> int | None:
        """None while it runs; 128 and the signal's number when a signal ended it, as Docker tells."""
        ...

    def usage(self) -> Usage:
        """What its processes use now; nothing when it has ended."""
        ...


class Runtime(Protocol):
    """Starts containers."""

    def start(self, launch: Launch) -> Running:
        """Start one; raises `OSError` when its command or folder is not there."""
        ...

    def run(self, launch: Launch, timeout: float) -> int:
        """Run a command beside a container and wait; returns its exit code, 124 when the seconds are over."""
        ...

    def clean_up(self) -> None:
        """End what a killed daemon left running."""
        ...

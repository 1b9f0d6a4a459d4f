"""What a container of a task is, for those who start and end it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from ..local_project.location import Target
from .definition import Container, TaskPlan


class CannotStart(Exception):
    """Why a task could not be started, as its stoppedReason."""


class Skipped(Exception):
    """Why a container that its task can do without is not started, as its reason in DescribeTasks."""


def not_pulled(image: str, why: str) -> CannotStart:
    """What ECS says of an image that it cannot get."""
    return CannotStart(
        f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: "
        f"{image}: {why}"
    )


class Usage(NamedTuple):
    """What a container uses."""

    memory: int
    """Bytes."""
    cpu: float
    """Seconds of processor time since it was started; those of children that ended are counted as far as known."""


class Beside(NamedTuple):
    """How to run a command beside a container, in its surroundings."""

    command: Sequence[str]
    folder: Path
    """Working directory on this machine."""
    environment: Mapping[str, str]
    """The whole of it."""


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

    def out_of_memory(self) -> bool:
        """Whether the kernel ended it since it had more memory than it may; where nothing else limits it, never."""
        ...

    def on_end(self, call: Callable[[], None]) -> None:
        """Have a function called once, in another thread, as soon as it has ended and `exit_code` says so."""
        ...

    def usage(self) -> Usage:
        """What its processes use now; nothing when it has ended."""
        ...

    def beside(self, command: Sequence[str], terminal: bool = False) -> Beside:
        """A command beside it, which may have this process's terminal."""
        ...


class Launch(Protocol):
    """A container that is ready to be started."""

    @property
    def log(self) -> Path:
        """File to which its output is appended."""
        ...

    @property
    def target(self) -> Target | None:
        """Where a balancer reaches it; None when it serves nothing."""
        ...

    def start(self) -> Running:
        """Start it.

        Raises:
            OSError: if its command or folder is not there.
            CannotStart: if it cannot for another reason.
        """
        ...


class Room(Protocol):
    """What the containers of one task share."""

    def prepare(self, container: Container, environment: Mapping[str, str], log: Path) -> Launch:
        """Make a container ready to start.

        Args:
            container: what the task definition says.
            environment: its variables, those from secrets and of the task's role among them.
            log: file for its output.

        Raises:
            CannotStart: if it cannot be.
            Skipped: if the task can do without it.
        """
        ...

    def close(self) -> None:
        """Take away what is left when all containers have ended."""
        ...


class Runtime(Protocol):
    """Runs containers."""

    def room(self, task_id: str, plan: TaskPlan) -> Room:
        """Room for a task's containers.

        Raises:
            CannotStart: if there is none.
        """
        ...

    def start(self) -> None:
        """End what a killed daemon left running, and be ready for tasks."""
        ...

    def close(self) -> None:
        """End what looks after the containers, when none is left."""
        ...

"""The interfaces of containers and of the runtimes that start and end them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from ..local_project.location import Target
from .definition import Container, TaskPlan


class CannotStart(Exception):
    """A task that cannot be started; the message is its stoppedReason."""


class Skipped(Exception):
    """A container that is not essential and is not started; the message is its reason in DescribeTasks."""


def cannot_pull(image: str, reason: str) -> CannotStart:
    """The error that ECS reports for an image that it cannot pull."""
    return CannotStart(
        f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: "
        f"{image}: {reason}"
    )


class Usage(NamedTuple):
    """The resources that a container uses."""

    memory: int
    """Bytes."""
    cpu: float
    """Seconds of processor time since it was started; that of children that have ended is included if it is known."""


class Listening(NamedTuple):
    """The TCP ports on which the processes of a container listen."""

    ports: frozenset[int] = frozenset()
    """Those that a load balancer can reach."""
    loopback: frozenset[int] = frozenset()
    """Those that only the container's own processes can reach."""
    is_private: bool = False
    """Whether the container has a network with ports of its own, in which PORT is the port of the task definition."""


class ExecProcess(NamedTuple):
    """A process that runs a command in the environment of a container, as ECS Exec does."""

    command: Sequence[str]
    folder: Path
    """Working directory on this machine."""
    environment: Mapping[str, str]
    """All variables of the process."""


class RunningContainer(Protocol):
    """A container that was started."""

    def signal(self, number: int) -> None:
        """Send a signal to its first process, unless that has ended."""
        ...

    def kill(self) -> None:
        """End all of its processes immediately."""
        ...

    def exit_code(self) -> int | None:
        """None while it runs; as with Docker, 128 plus the number of the signal if a signal ended it."""
        ...

    def out_of_memory(self) -> bool:
        """Whether the kernel ended it for exceeding its memory limit; always False if the runtime has no limits."""
        ...

    def on_end(self, call: Callable[[], None]) -> None:
        """Call a function once, in another thread, as soon as it has ended and `exit_code` returns a number."""
        ...

    def listening(self) -> Listening:
        """The ports on which its processes listen; none where they cannot be seen."""
        ...

    def usage(self) -> Usage:
        """The resources that its processes use now; zero if it has ended."""
        ...

    def exec_process(self, command: Sequence[str], terminal: bool = False) -> ExecProcess:
        """The process that runs a command in its environment, with `terminal` on the caller's terminal."""
        ...


class Launch(Protocol):
    """A container that is ready to be started."""

    @property
    def log(self) -> Path:
        """File to which its output is appended."""
        ...

    @property
    def target(self) -> Target | None:
        """The address to which a load balancer connects; None if it has no port."""
        ...

    def start(self) -> RunningContainer:
        """Start the container.

        Raises:
            OSError: if its command or folder does not exist.
            CannotStart: if it cannot be started for another reason.
        """
        ...


class TaskSandbox(Protocol):
    """The resources that the containers of a task share, such as its network and volumes."""

    def prepare(self, container: Container, environment: Mapping[str, str], log: Path) -> Launch:
        """Prepare a container so that it can be started.

        Args:
            container: the container in the task definition.
            environment: its variables, including those of secrets and of the task role.
            log: file for its output.

        Raises:
            CannotStart: if it cannot be started.
            Skipped: if it cannot be started, but is not essential.
        """
        ...

    def close(self) -> None:
        """Remove the shared resources when all containers have ended."""
        ...


class Runtime(Protocol):
    """Runs containers."""

    def create_sandbox(self, task_id: str, plan: TaskPlan) -> TaskSandbox:
        """Create the resources that the containers of a task share.

        Raises:
            CannotStart: if they cannot be created.
        """
        ...

    def start(self) -> None:
        """End containers that a killed daemon left running, and prepare for new tasks."""
        ...

    def close(self) -> None:
        """End the runtime's helper processes, when no container is left."""
        ...

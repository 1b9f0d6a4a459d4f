"""The interface of a running app and of its runner, the same for processes and containers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

# Longer than the load balancer waits for a health check: pages may take longer.
PROBE_SECONDS = 5.0


class Listener(NamedTuple):
    """A listening socket."""

    address: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


@dataclass(frozen=True)
class Answer:
    """The response to one request."""

    status: int = 0
    """0 if there was no response."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """By name in lower case."""
    body: str = ""
    error: str = ""

    @property
    def location(self) -> str:
        """The target of a redirect; empty without one."""
        return self.headers.get("location", "")


@dataclass(frozen=True)
class IdleConnection:
    """What a server did with a connection that was idle after one response."""

    closed_after: float | None = None
    """Seconds until the server closed it; None if it did not within the time of the check."""
    announced: bool = False
    """Whether the response says that the server closes the connection, so that nobody reuses it."""
    error: str = ""


class UnfinishedRequest(NamedTuple):
    """A POST, of which the second half of the body is not sent at first."""

    path: str
    content_type: str
    body: str
    """Without a value for any field, so that no handler acts on it."""


def rest_of(path: str, requests: Sequence[UnfinishedRequest]) -> str:
    """The second half of the body of the request to a path; empty if there is none."""
    body = next((request.body for request in requests if request.path == path), "")
    return body[len(body) // 2 :]


@dataclass(frozen=True)
class FinishedRequest:
    """What became of a request that was in flight at SIGTERM."""

    status: int = 0
    """The status of its response; 0 if it got none."""
    error: str = ""


class HeldRequest(Protocol):
    """A request that the app has started to receive, and waits for the rest of."""

    @property
    def path(self) -> str:
        """Its path."""
        ...

    def finish(self) -> FinishedRequest:
        """Send the rest, and wait for the response."""
        ...

    def close(self) -> None:
        """Drop it, if it is not finished."""
        ...


class SqliteFile(NamedTuple):
    """A SQLite database on a disk."""

    path: str
    tables: Sequence[str] = ()
    """Their names; empty if they cannot be read."""


class Outcome(NamedTuple):
    """The exit code and output of a command."""

    code: int
    lines: Sequence[str]


class App(Protocol):
    """An app that was started."""

    def exit_code(self) -> int | None:
        """None while it runs."""
        ...

    def out_of_memory(self) -> bool:
        """Whether it was killed because it ran out of memory."""
        ...

    def lines(self) -> list[str]:
        """The lines that it has printed."""
        ...

    def listeners(self) -> list[Listener]:
        """Its listening sockets."""
        ...

    def ask(self, path: str, headers: Mapping[str, str], seconds: float = PROBE_SECONDS, body: str = "") -> Answer:
        """Send one GET, or a POST with a body, from outside the app and wait for some seconds.

        Without a Host header, Host is the address.
        """
        ...

    def leave_idle(self, path: str, headers: Mapping[str, str], seconds: float) -> IdleConnection:
        """Send one GET as `ask` does, and wait until the app closes the connection, for at most some seconds."""
        ...

    def hold(
        self, requests: Sequence[UnfinishedRequest], headers: Mapping[str, str], seconds: float
    ) -> HeldRequest | None:
        """Start the first of the requests for whose body the app waits; None if it answers each at once.

        The response may take some seconds.
        """
        ...

    def sqlite_files(self) -> list[SqliteFile]:
        """SQLite databases that it has created."""
        ...

    def terminate(self) -> None:
        """Send SIGTERM to its first process."""
        ...

    def kill(self) -> None:
        """Kill it and all processes that it started; does nothing if they have ended."""
        ...


class Runner(Protocol):
    """Runs a built app."""

    @property
    def port(self) -> int:
        """The value of PORT."""
        ...

    def start(self, environment: Mapping[str, str]) -> App:
        """Start the app."""
        ...

    def run(self, command: str, environment: Mapping[str, str], seconds: float) -> Outcome:
        """Run another command of the app until it exits."""
        ...

    def run_script(self, script: str, environment: Mapping[str, str], seconds: float) -> Outcome:
        """Run a Python script with the app's Python."""
        ...

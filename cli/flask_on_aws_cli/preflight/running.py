"""The interface of a running app and of its runner, the same for processes and containers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

# As the load balancer's own check has it, in components/flask_on_aws/ingress/route.py.
PROBE_SECONDS = 5.0


class Listener(NamedTuple):
    """A socket that listens."""

    address: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


@dataclass(frozen=True)
class Answer:
    """The response to one request."""

    status: int = 0
    """0 where nothing answered."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """By name in lower case."""
    body: str = ""
    error: str = ""

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return self.headers.get("location", "")


class Outcome(NamedTuple):
    """A command that ended."""

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
        """What it has printed."""
        ...

    def listeners(self) -> list[Listener]:
        """Its listening sockets."""
        ...

    def ask(self, path: str, headers: Mapping[str, str]) -> Answer:
        """One GET from outside; Host is the address itself unless it is set."""
        ...

    def sqlite_files(self) -> list[str]:
        """SQLite databases that it has made."""
        ...

    def terminate(self) -> None:
        """SIGTERM to its first process."""
        ...

    def kill(self) -> None:
        """End it with all that it started; again is no error."""
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
        """Run another command of the app to its end."""
        ...

    def run_script(self, script: str, environment: Mapping[str, str], seconds: float) -> Outcome:
        """Run a Python script with the app's Python."""
        ...

"""Sees that an app listens on another port than PORT: on a fixed one, which it may have, or on a wrong one."""

from ....local_project.location import Target
from ....task_model.runtime import Listening
from .container import ContainerRun

# An app that opens another port first, such as that of its metrics, has opened its own by then.
_FIXED_SECONDS = 2.0
# As in the preflight (startup_probe.py).
_WRONG_SECONDS = 10.0
_EVERY_SECONDS = 1.0


class PortWatch:
    """The ports of one task until it is healthy."""

    def __init__(self, run: ContainerRun, target: Target) -> None:
        self._run, self._port = run, target.port
        self._defined = run.container.ports[0] if run.container.ports else target.port
        """The port of the task definition."""
        self._since = self._next = 0.0

    def look(self, now: float) -> tuple[int, str]:
        """The port to which requests must go instead, 0 for no change; and why no request can reach the app.

        Args:
            now: a monotonic time in seconds.
        """
        if now < self._next or self._run.running is None:
            return 0, ""
        self._next = now + _EVERY_SECONDS
        listening = self._run.running.listening()
        # A process has a port of its own as PORT; a container's PORT is that of the task definition.
        port = self._defined if listening.is_private else self._port
        if port in listening.ports or not (listening.ports or listening.loopback):
            self._since = 0.0
            return 0, ""
        self._since = self._since or now
        if self._defined in listening.ports and now - self._since >= _FIXED_SECONDS:
            self._port = self._defined
            return self._defined, ""
        return 0, self._problem(listening, port) if now - self._since >= _WRONG_SECONDS else ""

    def _problem(self, listening: Listening, port: int) -> str:
        named = _named(listening.ports or listening.loopback)
        if not listening.ports:
            return (
                f"The app listens on port {named} of the loopback interface alone, to which nothing outside the "
                f"container can connect: listen on 0.0.0.0:$PORT (here {port}) instead of 127.0.0.1 or localhost"
            )
        return (
            f"The app listens on port {named}, and the load balancer connects to $PORT (here {port}): "
            f"listen on 0.0.0.0:$PORT, or set port to {min(listening.ports)} (it is {self._defined})"
        )


def _named(ports: frozenset[int]) -> str:
    return " and ".join(map(str, sorted(ports)))

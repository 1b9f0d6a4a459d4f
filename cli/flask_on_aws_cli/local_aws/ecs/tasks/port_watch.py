"""Sees that an app listens on another port than PORT: on a fixed one, which it may have, or on a wrong one."""

from ....local_project.location import Target
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
        self._wanted = run.container.ports[0] if run.container.ports else target.port
        self._since = self._next = 0.0

    def look(self, now: float) -> tuple[int, str]:
        """The port to which requests must go instead, 0 for no change; and why no request can reach the app.

        Args:
            now: a monotonic time in seconds.
        """
        if now < self._next or self._run.running is None:
            return 0, ""
        self._next = now + _EVERY_SECONDS
        ports = self._run.running.listening_ports()
        if not ports or self._port in ports:
            self._since = 0.0
            return 0, ""
        self._since = self._since or now
        if self._wanted in ports and now - self._since >= _FIXED_SECONDS:
            self._port = self._wanted
            return self._wanted, ""
        if now - self._since >= _WRONG_SECONDS:
            named = " and ".join(map(str, sorted(ports)))
            return 0, (
                f"The app listens on port {named}, and the load balancer connects to $PORT (here {self._port}): "
                f"listen on 0.0.0.0:$PORT, or set port to {min(ports)} (it is {self._wanted})"
            )
        return 0, ""

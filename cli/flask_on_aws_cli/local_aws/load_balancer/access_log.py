"""One line for each request, in the format of AWS's access logs, so that what reads those reads these.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
"""

import logging
import logging.handlers
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ..faults import Faults

# Bytes of the file and of the one before it: some 20,000 requests each.
_LARGEST_FILE = 10_000_000


@dataclass
class Entry:
    """What is known of a request; it grows while the request is served."""

    kind: str
    """`http`, `https`, `h2`, `ws` or `wss`."""
    balancer: str
    client: str
    method: str
    url: str
    version: str
    user_agent: str = ""
    domain: str = ""
    trace_id: str = ""
    target: str = ""
    target_group: str = ""
    status: int | None = None
    target_status: int | None = None
    received: int = 0
    sent: int = 0
    priority: int | None = None
    """Of the rule that was met; 0 for the default rule."""
    actions: str = ""
    redirect: str = ""
    reason: str = ""
    """Why the load balancer answered itself; where AWS writes its codes this has a sentence."""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    _began: float = field(default_factory=time.monotonic)
    _dispatched: float | None = None
    _answered: float | None = None

    def dispatched(self) -> None:
        """The request goes to a target."""
        self._dispatched = time.monotonic()

    def answered(self, status: int) -> float:
        """The target's answer begins; the seconds that it took."""
        self._answered = time.monotonic()
        self.target_status = status
        return self._answered - (self._dispatched or self._began)

    def line(self) -> str:
        """The entry as a line; a field that has no value is `-`, a time that is unknown `-1`."""
        now = time.monotonic()
        fields = [
            self.kind,
            _iso(datetime.now(UTC)),
            self.balancer,
            self.client,
            self.target or "-",
            _seconds(self._began, self._dispatched),
            _seconds(self._dispatched, self._answered),
            _seconds(self._answered, now),
            str(self.status or "-"),
            str(self.target_status or "-"),
            str(self.received),
            str(self.sent),
            _quoted(f"{self.method} {self.url} {self.version}"),
            _quoted(self.user_agent),
            *("-", "-"),  # cipher and protocol of TLS: hypercorn does not tell
            self.target_group or "-",
            _quoted(self.trace_id),
            _quoted(self.domain),
            '"-"',
            "-" if self.priority is None else str(self.priority),
            _iso(self.created),
            _quoted(self.actions),
            _quoted(self.redirect),
            _quoted(self.reason),
            _quoted(self.target),
            _quoted(str(self.target_status or "")),
            *('"-"', '"-"'),  # classification of requests that proxies may read differently: none is made here
        ]
        return " ".join(fields)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _seconds(start: float | None, end: float | None) -> str:
    return "-1" if start is None or end is None else f"{end - start:.3f}"


def _quoted(text: str) -> str:
    return '"' + (text.replace('"', "%22").replace("\r", "").replace("\n", "") or "-") + '"'


class _Handler(logging.handlers.RotatingFileHandler):
    """One that raises what goes wrong, and does not print it for each request."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Called where the exception is handled."""
        raise


class AccessLog:
    """Writes entries to a file, and starts it anew when it is large, the last one kept beside it."""

    def __init__(self, path: Path, faults: Faults) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handler = _Handler(path, maxBytes=_LARGEST_FILE, backupCount=1)
        self._faults = faults

    def write(self, entry: Entry) -> None:
        """Add the entry's line."""
        record = logging.LogRecord("access", logging.INFO, "", 0, entry.line(), None, None)
        with self._faults.kept("writing the load balancers' access log"):
            self._handler.emit(record)

    def close(self) -> None:
        """Close the file."""
        self._handler.close()

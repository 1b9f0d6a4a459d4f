"""One line per request in the format of AWS's access logs, so that tools that read those can read these.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
"""

import logging
import logging.handlers
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ..faults import Faults

# Bytes of the file and of the previous one: about 20,000 requests each.
_MAX_FILE_SIZE = 10_000_000


@dataclass
class Entry:
    """The entry of a request, completed while the request is served."""

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
    """The priority of the matching rule; 0 for the default rule."""
    actions: str = ""
    redirect: str = ""
    reason: str = ""
    """Why the load balancer itself responded; a phrase where AWS has its error codes."""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    _started: float = field(default_factory=time.monotonic)
    _dispatched: float | None = None
    _responded: float | None = None

    def mark_dispatched(self) -> None:
        """Note that the request is sent to a target."""
        self._dispatched = time.monotonic()

    def mark_response(self, status: int) -> float:
        """Note that the target's response begins; returns the seconds until it began."""
        self._responded = time.monotonic()
        self.target_status = status
        return self._responded - (self._dispatched or self._started)

    def line(self) -> str:
        """The entry as a line; a field without a value is `-`, an unknown time `-1`."""
        now = time.monotonic()
        fields = [
            self.kind,
            _iso(datetime.now(UTC)),
            self.balancer,
            self.client,
            self.target or "-",
            _seconds(self._started, self._dispatched),
            _seconds(self._dispatched, self._responded),
            _seconds(self._responded, now),
            str(self.status or "-"),
            str(self.target_status or "-"),
            str(self.received),
            str(self.sent),
            _quoted(f"{self.method} {self.url} {self.version}"),
            _quoted(self.user_agent),
            *("-", "-"),  # TLS cipher and protocol: hypercorn does not expose them
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
            *('"-"', '"-"'),  # classification of ambiguous requests, which is not done here
        ]
        return " ".join(fields)


def _iso(time_utc: datetime) -> str:
    return time_utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _seconds(start: float | None, end: float | None) -> str:
    return "-1" if start is None or end is None else f"{end - start:.3f}"


def _quoted(text: str) -> str:
    return '"' + (text.replace('"', "%22").replace("\r", "").replace("\n", "") or "-") + '"'


class _Handler(logging.handlers.RotatingFileHandler):
    """Raises errors instead of printing them for each request."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Re-raise the exception that is being handled."""
        raise


class AccessLog:
    """Writes entries to a file, and rotates it when it is large, keeping one previous file."""

    def __init__(self, path: Path, faults: Faults) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handler = _Handler(path, maxBytes=_MAX_FILE_SIZE, backupCount=1)
        self._faults = faults

    def write(self, entry: Entry) -> None:
        """Append the entry's line."""
        record = logging.LogRecord("access", logging.INFO, "", 0, entry.line(), None, None)
        with self._faults.capture("writing the load balancers' access log"):
            self._handler.emit(record)

    def close(self) -> None:
        """Close the file."""
        self._handler.close()

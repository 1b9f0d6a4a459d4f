"""Rejects calls of an earlier run of the engine, so that its successor sees a state that no longer changes.

The calls of an engine that was killed continue: one may be in progress, another may still wait in a socket. Therefore
each call has a header with the number of its run, and a run begins by registering its number at the endpoint. The
endpoint responds when the call in progress has ended, and rejects calls of earlier runs from then on. After that
response, the successor reads everything that earlier calls changed.
"""

import threading
from typing import Any

PREFIX = "/.local/runs/"
"""Prefix of the path `PREFIX + "stack/number"`, to which a run that begins sends PUT."""
HEADER = "X-Flask-On-Aws-Run"
"""Header with the `stack/number` of the run that makes a call. A call without it is always served."""
_ENVIRON_KEY = f"HTTP_{HEADER.upper().replace('-', '_')}"


class Runs:
    """The latest run of each stack."""

    def __init__(self, lock: "threading.RLock") -> None:
        """Keep the lock that the endpoint holds while it serves a call."""
        self._lock = lock
        self._latest: dict[str, str] = {}

    def begin(self, run: str, environ: dict[str, Any]) -> tuple[str, str, bytes]:
        """Answer the route `PREFIX`: wait for the call in progress, then reject calls of the stack's earlier runs."""
        with self._lock:
            self._latest[run.partition("/")[0]] = run
        return "200 OK", "text/plain", b""

    def is_over(self, environ: dict[str, Any]) -> bool:
        """Whether a call's run has a successor. The caller must hold the lock until the call is served."""
        run = str(environ.get(_ENVIRON_KEY, ""))
        return self._latest.get(run.partition("/")[0], run) != run

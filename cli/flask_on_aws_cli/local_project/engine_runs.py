"""One run of an engine at a time: what a killed one left under way is over before its successor looks around.

A killed engine's calls go on: one may be served at this moment, another still wait in a socket. So every call bears its
run's number, and a run begins by telling its own to the endpoint. That answer waits for the call that is being served,
and from then on calls of former runs are refused. Whoever has the answer finds all that they did, and nothing follows.
"""

import threading
from typing import Any

PREFIX = "/.local/runs/"
"""A run begins with PUT and `stack/number` behind this."""
HEADER = "X-Flask-On-Aws-Run"
"""`stack/number` of the run that makes a call. A call without it is nobody's run, and always served."""
_ENVIRON_KEY = f"HTTP_{HEADER.upper().replace('-', '_')}"


class Runs:
    """The latest run of each stack."""

    def __init__(self, lock: "threading.RLock") -> None:
        """Take the lock that is held while a call is served."""
        self._lock = lock
        self._latest: dict[str, str] = {}

    def begin(self, run: str, environ: dict[str, Any]) -> tuple[str, str, bytes]:
        """The endpoint's route for `PREFIX`: all calls of the stack's former runs are served or refused."""
        with self._lock:
            self._latest[run.partition("/")[0]] = run
        return "200 OK", "text/plain", b""

    def is_over(self, environ: dict[str, Any]) -> bool:
        """Whether a call is of a run that has a successor. The caller holds the lock until the call is served."""
        run = str(environ.get(_ENVIRON_KEY, ""))
        return self._latest.get(run.partition("/")[0], run) != run

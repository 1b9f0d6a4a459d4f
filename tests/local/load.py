"""Sends requests while a test replaces something."""

import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Callable

import httpx


class Load:
    """A context manager that repeats a request in threads and counts the responses."""

    def __init__(self, request: Callable[[], int], threads: int = 1) -> None:
        self._request, self._stopped, self._lock = request, threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]
        self.responses: Counter[int | str] = Counter()
        """Number of responses by status or error."""

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    @property
    def total(self) -> int:
        """The number of responses and errors."""
        with self._lock:
            return self.responses.total()

    def check(self, at_least: int) -> None:
        """Check that every response was a 200, and that there were more than `at_least`."""
        assert self.responses.keys() == {200}, self.responses
        assert self.responses[200] > at_least

    def _run(self) -> None:
        while not self._stopped.is_set():
            outcome = self._outcome()
            with self._lock:
                self.responses[outcome] += 1
            time.sleep(0.02)

    def _outcome(self) -> int | str:
        try:
            return self._request()
        except urllib.error.HTTPError as error:
            return error.code
        except (OSError, httpx.HTTPError) as error:
            return repr(error)

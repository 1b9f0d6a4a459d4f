"""Requests while something is replaced."""

import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Callable

import httpx


class Load:
    """Asks again and again while it is entered, and counts the answers."""

    def __init__(self, ask: Callable[[], int], askers: int = 1) -> None:
        self._ask, self._done, self._lock = ask, threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(askers)]
        self.answers: Counter[int | str] = Counter()
        """By status, or by what went wrong."""

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    @property
    def answered(self) -> int:
        """How many answers there were, of any kind."""
        with self._lock:
            return self.answers.total()

    def check(self, at_least: int) -> None:
        """Every answer was good, and there were enough of them."""
        assert self.answers.keys() == {200}, self.answers
        assert self.answers[200] > at_least

    def _run(self) -> None:
        while not self._done.is_set():
            answer = self._answer()
            with self._lock:
                self.answers[answer] += 1
            time.sleep(0.02)

    def _answer(self) -> int | str:
        try:
            return self._ask()
        except urllib.error.HTTPError as error:
            return error.code
        except (OSError, httpx.HTTPError) as error:
            return repr(error)

"""Requests while something is replaced."""

import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Callable


class Load:
    """Asks again and again while it is entered, and counts the answers."""

    def __init__(self, ask: Callable[[], int]) -> None:
        self._ask, self._done = ask, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.answers: Counter[int | str] = Counter()
        """By status, or by what went wrong."""

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def check(self, at_least: int) -> None:
        """Every answer was good, and there were enough of them."""
        assert self.answers.keys() == {200}, self.answers
        assert self.answers[200] > at_least

    def _run(self) -> None:
        while not self._done.is_set():
            try:
                self.answers[self._ask()] += 1
            except urllib.error.HTTPError as error:
                self.answers[error.code] += 1
            except OSError as error:
                self.answers[str(error)] += 1
            time.sleep(0.02)

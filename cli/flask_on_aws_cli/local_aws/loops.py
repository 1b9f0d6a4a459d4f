"""A thread that does something again and again, whatever happens."""

import threading
from collections.abc import Callable

from .faults import Faults

# Seconds: the longest pause between two tries of what fails. A fault that is over is noticed within it.
_LONGEST_PAUSE = 5.0
# Doubling a pause more often than this changes nothing any more.
_DOUBLINGS = 10


class Loop:
    """Does its work when it is woken, and at least every so many seconds; a failure is a fault until it works again."""

    def __init__(
        self, activity: str, work: Callable[[], None], seconds: float | Callable[[], float], faults: Faults
    ) -> None:
        """Plan a loop; `start` it.

        Args:
            activity: its name in the log, in `status` and of its thread.
            work: one round.
            seconds: from one round's end to the next one's beginning, asked anew each time where it is a function.
            faults: where a failure is told. The pause after it is doubled with each further one, up to five seconds.
        """
        self._activity, self._work, self._seconds, self._faults = activity, work, seconds, faults
        self._failures = 0
        self._woken, self._done = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=activity)

    def start(self) -> None:
        """Begin, with a pause."""
        self._thread.start()

    def stop(self, end_round: Callable[[], None] = lambda: None) -> None:
        """End after the round that goes on, which a function may end where it waits for something."""
        self._done.set()
        self._woken.set()
        end_round()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Have the next round begin at once."""
        self._woken.set()

    def _run(self) -> None:
        while not self._done.is_set():
            self._pause()
            if not self._done.is_set():
                self._round()

    def _pause(self) -> None:
        if self._failures:  # however often it is woken
            self._done.wait(min(_LONGEST_PAUSE, self._ordinary() * 2 ** min(self._failures, _DOUBLINGS)))
        else:
            self._woken.wait(self._ordinary())
        self._woken.clear()

    def _ordinary(self) -> float:
        return self._seconds() if callable(self._seconds) else self._seconds

    def _round(self) -> None:
        try:
            self._work()
        except Exception as error:
            self._failures += 1
            self._faults.report(self._activity, "", error)
        else:
            self._failures = 0
            self._faults.clear(self._activity)

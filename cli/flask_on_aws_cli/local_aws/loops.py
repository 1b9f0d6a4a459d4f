"""A thread that repeats its work, whatever fails."""

import threading
from collections.abc import Callable

from .faults import Faults

# Maximum seconds between attempts after a failure; a fault that is over is noticed within this time.
_MAX_PAUSE = 5.0
# More doublings of a pause would have no effect.
_MAX_DOUBLINGS = 10


class Loop:
    """Does its work when woken and after every interval; a failure is recorded as a fault until the work succeeds."""

    def __init__(
        self, activity: str, work: Callable[[], None], seconds: float | Callable[[], float], faults: Faults
    ) -> None:
        """Prepare a loop, to be started with `start`.

        Args:
            activity: its name in the log and in `status`, and its thread's name.
            work: the work of one round.
            seconds: the pause between rounds; a function is called for each pause.
            faults: where failures are recorded. Each consecutive failure doubles the pause, up to five seconds.
        """
        self._activity, self._work, self._seconds, self._faults = activity, work, seconds, faults
        self._failures = 0
        self._wake_event, self._stop_event = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=activity)

    def start(self) -> None:
        """Start the thread, which pauses before the first round."""
        self._thread.start()

    def stop(self, end_round: Callable[[], None] = lambda: None) -> None:
        """Stop after the current round; `end_round` is called to end the round if it may be waiting for something."""
        self._stop_event.set()
        self._wake_event.set()
        end_round()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Start the next round at once."""
        self._wake_event.set()

    def _run(self) -> None:
        while not self._stop_event.is_set():
            self._pause()
            if not self._stop_event.is_set():
                self._run_round()

    def _pause(self) -> None:
        if self._failures:  # even if it is woken
            self._stop_event.wait(min(_MAX_PAUSE, self._interval() * 2 ** min(self._failures, _MAX_DOUBLINGS)))
        else:
            self._wake_event.wait(self._interval())
        self._wake_event.clear()

    def _interval(self) -> float:
        return self._seconds() if callable(self._seconds) else self._seconds

    def _run_round(self) -> None:
        try:
            self._work()
        except Exception as error:
            self._failures += 1
            self._faults.report(self._activity, "", error)
        else:
            self._failures = 0
            self._faults.clear(self._activity)

"""Keeps a reaper at its post: a process of its own that takes away what this one leaves when it is killed."""

import subprocess
import threading
import time
from collections.abc import Sequence

from .faults import Faults

# A reaper that cannot start is not to keep a processor busy.
_PAUSE_SECONDS = 1.0
_ACTIVITY = "replacing a reaper that has ended"


class ReaperSupervisor:
    """A reaper's command, which waits until its standard input ends."""

    def __init__(self, command: Sequence[str], faults: Faults | None = None) -> None:
        self._command, self._faults = command, faults or Faults()
        self._reaper: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def watch(self) -> None:
        """Post a reaper unless there is one; from now on one that is killed has a successor."""
        with self._lock:
            if self._reaper is None:
                self._post()

    def dismiss(self) -> None:
        """Send the reaper away, by a word that it does not get from one that is killed."""
        with self._lock:
            reaper, self._reaper = self._reaper, None
        if reaper is not None:
            reaper.communicate(b"dismissed")

    def _post(self) -> None:
        """Start it with a pipe that nobody writes to, which ends when this process does, however it does."""
        self._reaper = subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 our own
        threading.Thread(target=self._relieve, args=[self._reaper], daemon=True, name=_ACTIVITY).start()

    def _relieve(self, reaper: subprocess.Popen[bytes]) -> None:
        """Post another in the place of one that has ended, as soon as that is possible."""
        reaper.wait()
        subject = str(self._command[-1])
        is_posted = False
        while not is_posted:
            time.sleep(_PAUSE_SECONDS)
            with self._lock, self._faults.kept(_ACTIVITY, subject):
                if self._reaper is reaper:
                    self._post()
                is_posted = True

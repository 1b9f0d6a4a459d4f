"""Keeps a reaper running: a separate process that cleans up after this process when it is killed."""

import subprocess
import threading
import time
from collections.abc import Sequence

from .faults import Faults

# Seconds before a reaper is replaced, so that one that cannot start does not keep a processor busy.
_PAUSE_SECONDS = 1.0
_ACTIVITY = "replacing a reaper that has ended"


class ReaperSupervisor:
    """Runs a reaper's command, which waits until its standard input ends, and replaces it if it is killed."""

    def __init__(self, command: Sequence[str], faults: Faults | None = None) -> None:
        self._command, self._faults = command, faults or Faults()
        self._reaper: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start a reaper unless one is running; from now on, one that is killed is replaced."""
        with self._lock:
            if self._reaper is None:
                self._start_reaper()

    def stop(self) -> None:
        """Stop the reaper with a message on its standard input, which a killed process does not send."""
        with self._lock:
            reaper, self._reaper = self._reaper, None
        if reaper is not None:
            reaper.communicate(b"dismissed")

    def _start_reaper(self) -> None:
        """Start it with a pipe on its standard input, which closes when this process ends, even if it is killed."""
        self._reaper = subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 our command
        threading.Thread(target=self._replace_when_ended, args=[self._reaper], daemon=True, name=_ACTIVITY).start()

    def _replace_when_ended(self, reaper: subprocess.Popen[bytes]) -> None:
        """Start another reaper once this one has ended, as soon as that is possible."""
        reaper.wait()
        subject = str(self._command[-1])
        is_replaced = False
        while not is_replaced:
            time.sleep(_PAUSE_SECONDS)
            with self._lock, self._faults.capture(_ACTIVITY, subject):
                if self._reaper is reaper:
                    self._start_reaper()
                is_replaced = True

"""Saves the records after each call that changes them and regularly; a caller gets an error if that fails."""

import time
from collections.abc import Collection
from pathlib import Path

from ..faults import Faults
from ..loops import Loop
from .records import ALL, Records
from .snapshots import SAVING, Snapshots

# Seconds of changes that a killed daemon may lose: of tasks, of everything else, and of metrics. Tasks are a few
# kilobytes; everything takes 50 ms to write. Metrics change all the time, even while nobody uses the app: their few
# hundred kilobytes are written every half a minute, or along with a call to the API that changes something.
_SAVE_TASKS_SECONDS, _SAVE_ALL_SECONDS, _SAVE_METRICS_SECONDS = 0.2, 1.0, 30.0
_METRICS_SERVICE = "cloudwatch"
# Insufficient Storage, which AWS clients do not retry, as they would a 500:
# https://www.rfc-editor.org/rfc/rfc4918#section-11.5
UNSAVED_STATUS = "507 Insufficient Storage"
UNSAVED_CODE = "InsufficientStorage"


class RecordSaver:
    """Keeps the files of the records up to date."""

    def __init__(self, folder: Path, records: Records, faults: Faults) -> None:
        self._records, self._faults = records, faults
        self._snapshots = Snapshots(folder, records.region, faults)
        self._saved = self._tasks_saved = self._metrics_saved = 0.0
        self._loop = Loop("saving the records regularly", self._save_regularly, self._pause, faults)
        records.on_change(self._loop.wake)

    def load(self) -> None:
        """Read the files; raises `ValueError` if one cannot be read."""
        with self._records.lock:
            self._snapshots.load()

    def start(self) -> None:
        """Start to save regularly."""
        self._loop.start()

    def stop(self) -> None:
        """Save everything once more, and stop."""
        self._loop.stop()
        self._records.stale.add(ALL)
        self._save(None)

    def obstacle(self) -> str | None:
        """Why a change could not be saved now, as a sentence for its caller, checked before the change."""
        if self._current_failure():
            self._save(None)  # the failure may be over
        failure = self._current_failure()
        return failure and f"Nothing was changed, since the local AWS cannot save it: {failure}"

    def save(self, service: str) -> str | None:
        """Save what a call to a service may have changed; returns a sentence for its caller if that fails."""
        self._save(service)
        failure = self._current_failure() or self._lost(service)
        return failure and (
            f"The change was made but could not be saved, and is lost if the local AWS ends before it can be: {failure}"
        )

    def _current_failure(self) -> str | None:
        fault = next((fault for fault in self._faults.current() if fault.activity == SAVING), None)
        return f"{fault.error}. {fault.fix}" if fault else None

    def _lost(self, service: str) -> str | None:
        return next((reason for name, reason in self._snapshots.lost.items() if name.startswith(f"{service}~")), None)

    def _pause(self) -> float:
        """Seconds until the next check; a change ends the pause early."""
        if self._records.changed.is_set():
            return _SAVE_TASKS_SECONDS
        if self._records.stale - {_METRICS_SERVICE}:
            return max(_SAVE_TASKS_SECONDS, _SAVE_ALL_SECONDS - (time.monotonic() - self._saved))
        return _SAVE_ALL_SECONDS

    def _save_regularly(self) -> None:
        now = time.monotonic()
        if now - self._metrics_saved > _SAVE_METRICS_SECONDS and self._records.stale:
            self._metrics_saved = self._saved = now
            self._save(None)
        elif now - self._saved > _SAVE_ALL_SECONDS and self._records.stale - {_METRICS_SERVICE}:
            self._saved = now
            self._save(None, later={_METRICS_SERVICE})
        elif self._records.changed.is_set() and now - self._tasks_saved > _SAVE_TASKS_SECONDS:
            self._tasks_saved = now
            self._save("ecs")

    def _save(self, service: str | None, later: Collection[str] = ()) -> None:
        """Save what a call to a service may have changed; without a service, everything that has changed.

        Services in `later` stay stale, unless a call has changed something.
        """
        records = self._records
        with records.lock:
            records.changed.clear()
            stale = records.stale if ALL in records.stale else records.stale - set(later)
            if service is None:
                records.stale = records.stale - stale
            self._snapshots.save(service, None if service or ALL in stale else stale)
            if self._current_failure():
                records.stale |= stale | {ALL}  # to be saved again

"""The records on disk: saved after each call that changes them and again and again, and who calls is told when not."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from ..faults import Faults
from ..loops import Loop
from .records import ALL, Records
from .snapshots import SAVING, Snapshots

# How much a killed daemon may lose of what the data plane wrote of tasks, and of all else. The former are some
# kilobytes, the latter takes 50 ms to write. Measurements come all the time, also when nobody uses the app: they are
# written, some hundred kilobytes, with whatever else has changed, or by themselves after half a minute.
_SAVE_TASKS_SECONDS, _SAVE_ALL_SECONDS, _SAVE_MEASUREMENTS_SECONDS = 0.2, 1.0, 30.0
_MEASUREMENTS = "cloudwatch"
# Insufficient Storage, which clients of AWS do not repeat, as they would a 500:
# https://www.rfc-editor.org/rfc/rfc4918#section-11.5
_STATUS = "507 Insufficient Storage"
_CODE = "InsufficientStorage"


class Saving:
    """Keeps the files of the records as the records are."""

    def __init__(self, folder: Path, records: Records, faults: Faults) -> None:
        self._records, self._faults = records, faults
        self._snapshots = Snapshots(folder, records.region, faults)
        self._saved = self._tasks_saved = 0.0
        self._loop = Loop("saving the records regularly", self._regularly, self._pause, faults)
        records.on_change(self._loop.wake)

    def load(self) -> None:
        """Read the files; raises `ValueError` when one cannot be read."""
        with self._records.lock:
            self._snapshots.load()

    def start(self) -> None:
        """Save again and again."""
        self._loop.start()

    def stop(self) -> None:
        """Save everything once more, and end."""
        self._loop.stop()
        self._records.stale.add(ALL)
        self._save(None)

    def obstacle(self) -> str | None:
        """Why a change could not be saved now, as a sentence for its caller, before it is made."""
        if self._failing():
            self._save(None)  # it may be over
        failed = self._failing()
        return failed and f"Nothing was changed, since the local AWS cannot save it: {failed}"

    def save(self, service: str) -> str | None:
        """Save what a call of a service may have changed; a sentence for its caller if that fails."""
        self._save(service)
        failed = self._failing() or self._lost(service)
        return failed and (
            f"The change was made but could not be saved, and is lost if the local AWS ends before it can be: {failed}"
        )

    def _failing(self) -> str | None:
        found = next((one for one in self._faults.now() if one.activity == SAVING), None)
        return f"{found.error}. {found.fix}" if found else None

    def _lost(self, service: str) -> str | None:
        return next((why for name, why in self._snapshots.lost.items() if name.startswith(f"{service}~")), None)

    def _pause(self) -> float:
        """Seconds until the next look; a change ends them."""
        if self._records.changed.is_set():
            return _SAVE_TASKS_SECONDS
        if self._records.stale - {_MEASUREMENTS}:
            return max(_SAVE_TASKS_SECONDS, _SAVE_ALL_SECONDS - (time.monotonic() - self._saved))
        return _SAVE_ALL_SECONDS

    def _regularly(self) -> None:
        stale, elapsed = self._records.stale, time.monotonic() - self._saved
        if stale and elapsed > (_SAVE_MEASUREMENTS_SECONDS if stale == {_MEASUREMENTS} else _SAVE_ALL_SECONDS):
            self._saved = time.monotonic()
            self._save(None)
        elif self._records.changed.is_set() and time.monotonic() - self._tasks_saved > _SAVE_TASKS_SECONDS:
            self._tasks_saved = time.monotonic()
            self._save("ecs")

    def _save(self, called: str | None) -> None:
        """Save what a call of a service may have changed; without one, all that has changed."""
        records = self._records
        with records.lock:
            records.changed.clear()
            stale = set(records.stale)
            if called is None:
                records.stale.clear()
            self._snapshots.save(called, None if called or ALL in stale else stale)
            if self._failing():
                records.stale |= stale | {ALL}  # all of it is tried again


def unsaved(environ: Mapping[str, Any], start_response: Any, service: str, why: str) -> list[bytes]:
    """The answer to a call whose change is not saved, as an error in the call's protocol.

    It may replace an answer whose head was given to `start_response` already, as long as nothing was sent of it.
    """
    kind, text = _error(str(environ.get("CONTENT_TYPE", "")), service, why)
    body = text.encode()
    headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("x-amzn-errortype", _CODE)]
    start_response(_STATUS, headers, (OSError, OSError(why), None))
    return [body]


def _error(kind: str, service: str, why: str) -> tuple[str, str]:
    """Content type and body in the protocols of https://smithy.io/2.0/aws/protocols/index.html."""
    if "json" in kind:
        return kind, json.dumps({"__type": _CODE, "message": why})
    error = f"<Error><Code>{_CODE}</Code><Message>{escape(why)}</Message></Error>"
    if service == "ec2":
        error = f"<Response><Errors>{error}</Errors></Response>"
    elif "x-www-form-urlencoded" in kind:
        error = f"<ErrorResponse>{error}</ErrorResponse>"
    return "text/xml", error

"""Containers' output: files whose new lines are sent to CloudWatch Logs."""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from ....task_model.definition import LogTarget
from ...api.records import Records
from ...faults import Faults
from ...loops import Loop

_INTERVAL = 0.2  # seconds; AWS's agent takes a few seconds, but a developer wants to see a line at once
_MAX_LINE = 256 * 1024  # bytes, CloudWatch's limit for an event: API_PutLogEvents.html
# A larger file is emptied once it has been sent; its lines stay in CloudWatch Logs.
_MAX_FILE = 16 * 1024 * 1024
_ACTIVITY = "sending containers' output to CloudWatch Logs"
_FIX = "If it persists, stop its task: the replacement has a new log."


@dataclass
class _File:
    path: Path
    target: LogTarget
    stream: str
    position: int = 0
    incomplete_line: bytes = b""
    ended: bool = False


class LogStreams:
    """Sends the files of containers to CloudWatch Logs as they grow."""

    def __init__(self, records: Records, faults: Faults) -> None:
        self._records, self._faults = records, faults
        self._files: list[_File] = []
        self._lock = threading.Lock()
        self._loop = Loop(_ACTIVITY, self._send, _INTERVAL, faults)

    def start(self) -> None:
        """Start sending."""
        self._loop.start()

    def stop(self) -> None:
        """Send what remains, and stop."""
        self._loop.stop()
        self._send()

    def follow(self, path: Path, target: LogTarget, stream: str) -> None:
        """Send every line that is appended to a file from now on."""
        path.touch(mode=0o600)
        with self._lock:
            self._files.append(_File(path, target, stream, position=path.stat().st_size))

    def finish(self, path: Path) -> None:
        """Send the rest of a file that is complete, including a last line without a newline, and stop following it."""
        with self._lock:
            for file in self._files:
                if file.path == path:
                    file.ended = True
        self._send()

    def _send(self) -> None:
        with self._lock:
            for file in self._files:
                with self._faults.capture(_ACTIVITY, file.stream, _FIX):
                    self._send_file(file)
            self._files = [file for file in self._files if not file.ended]
            self._faults.forget(_ACTIVITY, [file.stream for file in self._files])

    def _send_file(self, file: _File) -> None:
        position, incomplete_line = file.position, file.incomplete_line
        lines = _new_lines(file)
        if not lines:
            return
        now = int(time.time() * 1000)
        events = [(now, line.decode(errors="replace")) for line in lines]
        try:
            self._records.put_log_events(file.target.group, file.stream, events)
        except Exception:
            if file.position >= position:  # otherwise it was emptied, and no file has these lines any more
                file.position, file.incomplete_line = position, incomplete_line
            raise


def _new_lines(file: _File) -> list[bytes]:
    if file.path.stat().st_size == file.position and not file.ended:
        return []
    with open(file.path, "r+b") as content:
        if content.seek(0, os.SEEK_END) < file.position:  # another process has emptied it
            file.position = 0
        content.seek(file.position)
        new = content.read()
        file.position += len(new)
        if file.position > _MAX_FILE and not content.read(1):
            content.truncate(0)  # its writer appends, so the next line is at the start
            file.position = 0
    *lines, file.incomplete_line = (file.incomplete_line + new).split(b"\n")
    if file.incomplete_line and (file.ended or len(file.incomplete_line) > _MAX_LINE):
        lines.append(file.incomplete_line)
        file.incomplete_line = b""
    return [line[:_MAX_LINE] for line in lines if line.strip()]

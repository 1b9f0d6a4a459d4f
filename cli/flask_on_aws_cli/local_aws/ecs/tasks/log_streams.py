"""Containers' output: files that are followed into CloudWatch Logs."""

import os
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from ....task_model.definition import LogTarget
from ...api.records import Records
from ...faults import Faults
from ...loops import Loop

_INTERVAL = 0.2  # seconds; AWS's agent sends within some seconds, a developer wants to see a line when it happens
_LONGEST_LINE = 256 * 1024  # bytes, CloudWatch's limit of an event: API_PutLogEvents.html
# A file that has grown beyond it is emptied once it was sent; the lines stay in CloudWatch Logs.
_LARGEST_FILE = 16 * 1024 * 1024
_ACTIVITY = "sending containers' output to CloudWatch Logs"
_FIX = "Stop its task if it stays: the one in its place has a new log."


@dataclass
class _File:
    path: Path
    target: LogTarget
    stream: str
    position: int = 0
    rest: bytes = b""
    ended: bool = False


class Streams:
    """Follows the files of containers."""

    def __init__(self, records: Records, faults: Faults) -> None:
        self._records, self._faults = records, faults
        self._files: list[_File] = []
        self._lock = threading.Lock()
        self._loop = Loop(_ACTIVITY, self._send, _INTERVAL, faults)

    def start(self) -> None:
        """Begin to follow."""
        self._loop.start()

    def stop(self) -> None:
        """Send what is there, and end."""
        self._loop.stop()
        self._send()

    def follow(self, path: Path, target: LogTarget, stream: str) -> None:
        """Send every line of a file that is new from now on."""
        path.touch(mode=0o600)
        with self._lock:
            self._files.append(_File(path, target, stream, position=path.stat().st_size))

    def ended(self, path: Path) -> None:
        """Nobody writes to the file any more: send its last line also without an end, and forget it."""
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
        before = replace(file)
        lines = _new_lines(file)
        if not lines:
            return
        now = int(time.time() * 1000)
        events = [(now, line.decode(errors="replace")) for line in lines]
        try:
            self._records.put_log_events(file.target.group, file.stream, events)
        except Exception:
            if file.position >= before.position:  # else it was emptied, and the lines are in no file any more
                file.position, file.rest = before.position, before.rest
            raise


def _new_lines(file: _File) -> list[bytes]:
    if file.path.stat().st_size == file.position and not file.ended:
        return []
    with open(file.path, "r+b") as content:
        if content.seek(0, os.SEEK_END) < file.position:  # somebody else has emptied it
            file.position = 0
        content.seek(file.position)
        new = content.read()
        file.position += len(new)
        if file.position > _LARGEST_FILE and not content.read(1):
            content.truncate(0)  # it is appended to, so the next line is at the start
            file.position = 0
    *lines, file.rest = (file.rest + new).split(b"\n")
    if file.rest and (file.ended or len(file.rest) > _LONGEST_LINE):
        lines.append(file.rest)
        file.rest = b""
    return [line[:_LONGEST_LINE] for line in lines if line.strip()]

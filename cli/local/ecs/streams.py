"""Containers' output: files that are followed into CloudWatch Logs."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from ..records import Records
from .definition import LogTarget

_INTERVAL = 0.2  # seconds; AWS's agent sends within some seconds, a developer wants to see a line when it happens
_LONGEST_LINE = 256 * 1024  # bytes, CloudWatch's limit of an event: API_PutLogEvents.html
# A file that has grown beyond it is emptied once it was sent; the lines stay in CloudWatch Logs.
_LARGEST_FILE = 16 * 1024 * 1024


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

    def __init__(self, records: Records) -> None:
        self._records = records
        self._files: list[_File] = []
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Send what is there, and end."""
        self._done.set()
        self._thread.join()
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

    def _run(self) -> None:
        while not self._done.wait(_INTERVAL):
            self._send()

    def _send(self) -> None:
        with self._lock:
            for file in self._files:
                lines = _new_lines(file)
                if lines:
                    now = int(time.time() * 1000)
                    events = [(now, line.decode(errors="replace")) for line in lines]
                    self._records.put_log_events(file.target.group, file.stream, events)
            self._files = [file for file in self._files if not file.ended]


def _new_lines(file: _File) -> list[bytes]:
    with open(file.path, "r+b") as content:
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

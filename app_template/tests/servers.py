"""The app as a real process, started as platforms start it."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from conftest import KEY, free_port

HOME = Path(__file__).parent.parent
_START_SECONDS = 90  # a machine may be busy


class Server:
    """A running one."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: TextIO, environment: dict[str, str]) -> None:
        self.process, self.port, self.environment = process, port, environment
        self._log = log

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def get(self, path: str, **headers: str) -> int:
        return self.fetch(path, **headers)[0]

    def fetch(self, path: str, **headers: str) -> tuple[int, str]:
        request = Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def read_log(self, awaited: str = "") -> list[dict[str, Any]]:
        """The lines since the last time, waiting for one with this text."""
        end, text = time.monotonic() + 5, ""
        while True:
            text += self._log.read()
            if awaited in text or time.monotonic() > end:
                return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
            time.sleep(0.05)

    def wait(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                assert self.get("/up") == 200
                return
            except (URLError, OSError):
                assert self.process.poll() is None, self._log.read()
                assert time.monotonic() < end, self._log.read()
                time.sleep(0.05)


@contextmanager
def start(command: str, port: int = 0, **environment: str) -> Iterator[Server]:
    """Run a start command with nothing in its environment but this and a few of the contract's variables."""
    port = port or free_port()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # The commands next to this Python first, as in the image.
    given = {"PATH": path, "HOME": "/dev/null", "PYTHONDONTWRITEBYTECODE": "1", "SECRET_KEY": KEY, "PORT": str(port)}
    given |= {"GRANIAN_HOST": "127.0.0.1", **environment}
    with tempfile.TemporaryFile("w+b") as log, open(f"/proc/self/fd/{log.fileno()}") as reading:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {command}"], cwd=HOME, env=given, stderr=log, stdout=subprocess.DEVNULL
        )
        server = Server(process, port, reading, given)
        try:
            server.wait()
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                raise

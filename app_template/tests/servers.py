"""Runs the app as a real process, as platforms do."""

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
_START_SECONDS = 90  # for a busy machine


class Server:
    """A running server."""

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
            with urlopen(request, timeout=30) as response:
                return response.status, response.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def read_log(self, expected: str = "") -> list[dict[str, Any]]:
        """The log lines since the last call; waits up to 5 s for one with the expected text."""
        end, text = time.monotonic() + 5, ""
        while True:
            text += self._log.read()
            if expected in text or time.monotonic() > end:
                return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
            time.sleep(0.05)

    def children(self) -> list[str]:
        """The command lines of the processes that the server started."""
        processes = subprocess.check_output(["/bin/ps", "-A", "-o", "ppid=,args="], text=True)
        lines = [line.split(maxsplit=1) for line in processes.splitlines()]
        return [command for parent, command in lines if parent == str(self.process.pid)]

    def wait_until_up(self) -> None:
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
    """Run a start command; its environment contains only these variables and the few that every platform sets."""
    port = port or free_port()
    # As in the image, the commands of this Python's environment come first.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {
        "PATH": path,
        "HOME": "/dev/null",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SECRET_KEY": KEY,
        "PORT": str(port),
    }
    variables |= {"GRANIAN_HOST": "127.0.0.1", **environment}
    with tempfile.NamedTemporaryFile("w+b") as log, open(log.name) as log_reader:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {command}"], cwd=HOME, env=variables, stderr=log, stdout=subprocess.DEVNULL
        )
        server = Server(process, port, log_reader, variables)
        try:
            server.wait_until_up()
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                raise

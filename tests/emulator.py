"""Runs an emulated AWS on this machine."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask_on_aws_cli.local_project.ports import free_port


@contextmanager
def emulated_aws(log_file: Path) -> Iterator[str]:
    """Run an emulated AWS until the block ends; skips the test if none is installed."""
    command = shutil.which("aws-emulator") or shutil.which("moto_server")
    if command is None:
        pytest.skip("there is no emulated AWS on this machine: neither aws-emulator nor moto_server")
    port = free_port()
    environment = os.environ | {
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        "MOTO_ACM_VALIDATION_WAIT": "0",
        "MOTO_ECS_SERVICE_RUNNING": "1",
        "PYTHONPATH": str(Path(__file__).parent / "emulator_startup"),
    }
    with log_file.open("wb") as log:
        server = subprocess.Popen(
            [command, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log, env=environment
        )
        try:
            wait_for(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):  # two minutes: it loads all of moto while other tests run
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, "the emulator exited immediately; see emulator.log"
        time.sleep(0.1)
    raise AssertionError("the emulator does not listen on its port")

"""Tests of the Procfile's commands as real processes."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from conftest import KEY, free_port
from servers import start

HOME = Path(__file__).parent.parent
PROCFILE = (HOME / "Procfile").read_text()
COMMANDS = dict(re.findall(r"^(\w+): (.+)", PROCFILE, re.MULTILINE))


def _environment(**variables: str) -> dict[str, str]:
    # As in the image, the commands of this Python's environment come first.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/dev/null", "SECRET_KEY": KEY} | variables


def _get(url: str, seconds: float = 20) -> bytes:
    """The body of the response; waits for a server that is still starting."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urlopen(url, timeout=5) as response:
                return response.read()
        except URLError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def test_the_server_serves_after_the_release_and_exits_cleanly_on_sigterm(empty_database: str) -> None:
    port = free_port()
    environment = _environment(DATABASE_URL=empty_database, PORT=str(port), RELEASE="v1")
    subprocess.run(COMMANDS["release"], shell=True, check=True, cwd=HOME, env=environment, capture_output=True)
    server = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {COMMANDS['web']}"], cwd=HOME, env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        assert _get(f"http://127.0.0.1:{port}/up") == b"up\n"
        assert json.loads(_get(f"http://127.0.0.1:{port}/version")) == {"release": "v1"}
        assert b"Nothing here yet." in _get(f"http://127.0.0.1:{port}/")
    finally:
        server.send_signal(signal.SIGTERM)
        errors = server.communicate(timeout=30)[1]
    assert server.returncode == 0, errors
    assert "ERROR" not in errors


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_every_command_exits_with_one_sentence_if_the_secret_key_is_missing(command: str) -> None:
    result = subprocess.run(
        ["/bin/sh", "-c", f"exec {command}"],
        cwd=HOME,
        env=_environment(SECRET_KEY="", PORT=str(free_port())),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert result.returncode == 1
    assert "SECRET_KEY is missing: set it to" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_image_starts_the_web_command_of_the_procfile() -> None:
    instruction = next(line for line in (HOME / "Dockerfile").read_text().splitlines() if line.startswith("CMD "))
    shell, option, script = json.loads(instruction.removeprefix("CMD "))
    assert (shell, option) == ("/bin/sh", "-c")
    assert shlex.split(script) == ["exec", *shlex.split(COMMANDS["web"])]


def test_the_worker_runs_until_sigterm(database_url: str) -> None:
    command = re.findall(r"^# worker: (.+)", PROCFILE, re.MULTILINE)[0]
    worker = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {command}"],
        cwd=HOME,
        env=_environment(DATABASE_URL=database_url, DEFAULT_STORAGE_DSN="file:///nowhere/", LOG_LEVEL="debug"),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert worker.stderr
    while "worker: finished" not in (line := worker.stderr.readline()):
        assert line, "the worker ended by itself"
    worker.terminate()
    worker.communicate(timeout=10)
    assert worker.returncode == 0


def test_the_garbage_collector_ignores_the_objects_of_the_app(empty_database: str) -> None:
    """Checking them would pause every request."""
    script = "import gc, board; board.create_app(); print(len(gc.get_objects()))"
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=HOME, env=_environment(DATABASE_URL=empty_database), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(result.stdout) < 10_000  # objects; 100,000 otherwise


def test_the_server_exposes_metrics_for_prometheus() -> None:
    port = free_port()
    environment = {"GRANIAN_METRICS_ENABLED": "true", "GRANIAN_METRICS_PORT": str(port)}
    with start("python serve.py", DATABASE_URL="postgresql://board@/x?host=/nowhere", **environment) as server:
        assert server.get("/up") == 200
        metrics = _get(f"http://127.0.0.1:{port}/metrics").decode()
        workers = server.children()
    assert re.search(r"^# TYPE granian_\w+ counter$", metrics, re.MULTILINE), metrics
    # Not forked: the threads that collect the metrics may hold locks at that moment.
    assert any("multiprocessing.spawn" in command for command in workers), workers

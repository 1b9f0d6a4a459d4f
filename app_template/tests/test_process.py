"""The Procfile's commands as real processes."""

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


def _environment(**more: str) -> dict[str, str]:
    # The commands next to this Python first, as in the image.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/dev/null", "SECRET_KEY": KEY} | more


def _get(url: str, seconds: float = 20) -> bytes:
    """The answer, waiting for a server that is not there yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urlopen(url, timeout=5) as answer:
                return answer.read()
        except URLError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def test_the_release_command_then_the_server_until_sigterm(empty_database: str) -> None:
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
def test_a_missing_secret_key_stops_either_command_with_one_sentence(command: str) -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", f"exec {command}"],
        cwd=HOME,
        env=_environment(SECRET_KEY="", PORT=str(free_port())),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 1
    assert "SECRET_KEY is missing: set it to" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_image_starts_what_the_procfile_says() -> None:
    start = next(line for line in (HOME / "Dockerfile").read_text().splitlines() if line.startswith("CMD "))
    shell, option, script = json.loads(start.removeprefix("CMD "))
    assert (shell, option) == ("/bin/sh", "-c")
    assert shlex.split(script) == ["exec", *shlex.split(COMMANDS["web"])]


def test_the_worker_works_until_sigterm(database_url: str) -> None:
    command = re.findall(r"^# worker: (.+)", PROCFILE, re.MULTILINE)[0]
    worker = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {command}"],
        cwd=HOME,
        env=_environment(DATABASE_URL=database_url, DEFAULT_STORAGE_DSN="file:///nowhere/", LOG_LEVEL="debug"),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert worker.stderr
    while "worker: tidied up" not in (line := worker.stderr.readline()):
        assert line, "it ended by itself"
    worker.terminate()
    worker.communicate(timeout=10)
    assert worker.returncode == 0


def test_the_garbage_collector_leaves_what_stays(empty_database: str) -> None:
    """Looking through it all would stop every request for as long."""
    count = "import gc, board; board.create_app(); print(len(gc.get_objects()))"
    ended = subprocess.run(
        [sys.executable, "-c", count],
        cwd=HOME, env=_environment(DATABASE_URL=empty_database), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(ended.stdout) < 10_000  # objects; 100,000 otherwise


def test_the_server_tells_its_metrics_to_prometheus() -> None:
    port = free_port()
    environment = {"GRANIAN_METRICS_ENABLED": "true", "GRANIAN_METRICS_PORT": str(port)}
    with start("python serve.py", DATABASE_URL="postgresql://board@/x?host=/nowhere", **environment) as server:
        assert server.get("/up") == 200
        metrics = _get(f"http://127.0.0.1:{port}/metrics").decode()
    assert re.search(r"^# TYPE granian_\w+ counter$", metrics, re.MULTILINE), metrics

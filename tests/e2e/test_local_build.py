"""The same plans as environments on this machine, without Docker: made by uv, started, asked, stopped."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask_on_aws_cli.main import main

sys.path.insert(0, str(Path(__file__).parents[1] / "apps"))

from catalogue import MANAGERS, RUNNABLE

# gunicorn listens within two; a shared machine may be thirty times slower.
START_SECONDS = 60
# The Python that runs the tests is there without a download.
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def build(*arguments):
    return CliRunner().invoke(main, ["build", "--python-version", HERE, *(str(argument) for argument in arguments)])


def get(process, address):
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)


@pytest.mark.parametrize("name", RUNNABLE)
def test_an_app_starts_answers_and_stops(tmp_path, name, monkeypatch):
    if name == "node" and shutil.which("npm") is None:
        pytest.skip("there is no npm command on this machine")
    folder = RUNNABLE[name].write(tmp_path / "app")
    (folder / ".env").write_text("A=1")
    target = tmp_path / "out of tree"
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    done = build(folder, "--venv", target)
    assert done.exit_code == 0, done.stderr
    assert list((tmp_path / "temporary").iterdir()) == []  # uv leaves locks there
    assert not (target / "app" / ".env").exists()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    process = subprocess.Popen([target / "start"], env={**os.environ, "PORT": str(port)})
    try:
        assert get(process, f"http://127.0.0.1:{port}/up") == "up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
    python = subprocess.run(
        [target / "start", "python", "-c", "import sys, flask; print(sys.prefix)"], capture_output=True
    )
    assert python.stdout.decode().strip() == str(target / "venv")
    missing = subprocess.run([target / "start", "python", "-c", "import iniconfig"], capture_output=True)
    assert b"No module named 'iniconfig'" in missing.stderr  # the development packages stay out


def test_a_failed_build_tells_the_command_and_can_be_tried_again(tmp_path):
    folder = MANAGERS["pip"].write(tmp_path / "app")
    (folder / "requirements.txt").write_text("flask==0.0.0.1\n")
    done = build(folder, "--venv", tmp_path / "out")
    assert done.exit_code == 1
    assert (
        "pip install -r requirements.txt` exited with code 1: the package index has no flask 0.0.0.1 that fits; "
        in done.stderr
    )
    assert "flask==0.0.0.1" in done.stderr
    (folder / "requirements.txt").write_text("flask\n")
    assert build(folder, "--venv", tmp_path / "out").exit_code == 0

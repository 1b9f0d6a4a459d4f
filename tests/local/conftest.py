"""A local AWS of the test's own, on a free port of loopback."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))  # helpers beside the tests

from flask_on_aws_cli.local_project.location import Location

from tests.emulator import free_port

from .project import Local, opened
from .runtimes import RUNTIMES, engine_answers

REGION = "eu-central-1"


def marks_of(runtime: str) -> list[pytest.MarkDecorator]:
    """What a test by a runtime needs."""
    if runtime == "process":
        return []
    return [pytest.mark.docker, pytest.mark.skipif(not engine_answers(), reason="no Docker engine answers")]


@cache  # boto3 reads megabytes of JSON for each
def client(place: Location, service: str) -> Any:
    """An ordinary boto3 client of a place, with the place's own access key."""
    key = place.access_key
    return boto3.Session(key.id, key.secret, region_name=place.region).client(service, endpoint_url=place.endpoint)


@pytest.fixture
def place(tmp_path: Path) -> Location:
    return Location(tmp_path / "local aws", free_port(), REGION)


@pytest.fixture(params=[pytest.param(name, marks=marks_of(name)) for name in RUNTIMES])
def runtime(request: pytest.FixtureRequest) -> str:
    """Each way to run tasks."""
    return request.param


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    """A project of the test's own."""
    with opened(tmp_path / "a project") as local:
        yield local


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    command = shutil.which("chromium") or shutil.which("google-chrome")
    if not command:
        pytest.skip("there is no chromium; install it, for example with: apt-get install chromium")
    # Chromium refuses its sandbox to root.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=command, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        yield browser
        browser.close()


@pytest.fixture
def daemon(place: Location) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a process of its own with the place's local AWS, as often as it is called; all are ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*parts: str) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            str(Path(__file__).with_name("daemon.py")),
            str(place.folder),
            str(place.port),
            *parts,
        ]
        root = str(Path(__file__).parents[2])
        env = {**os.environ, "PYTHONPATH": root}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, cwd=root)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    start.started = started  # type: ignore[attr-defined]
    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)

"""Fixtures: a local AWS on a free port of the loopback address, a project, and a browser."""

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
from flask_on_aws_cli.local_project.location import Location
from flask_on_aws_cli.local_project.ports import free_port
from playwright.sync_api import Browser, sync_playwright

from tests.waiting import HANG_SECONDS

from .project import Local, opened
from .runtimes import RUNTIMES, has_docker_engine

REGION = "eu-central-1"


def marks_of(runtime: str) -> list[pytest.MarkDecorator]:
    """The pytest marks of tests with a runtime."""
    if runtime == "process":
        return []
    return [pytest.mark.docker, pytest.mark.skipif(not has_docker_engine(), reason="no Docker engine is available")]


@cache  # boto3 reads megabytes of JSON for each client
def client(location: Location, service: str) -> Any:
    """An ordinary boto3 client of a local AWS, with its owner's access key."""
    key = location.access_key
    session = boto3.Session(key.id, key.secret, region_name=location.region)
    return session.client(service, endpoint_url=location.endpoint)


@pytest.fixture
def location(tmp_path: Path) -> Location:
    return Location(tmp_path / "local aws", free_port(), REGION)


@pytest.fixture(params=[pytest.param(name, marks=marks_of(name)) for name in RUNTIMES])
def runtime(request: pytest.FixtureRequest) -> str:
    """Every runtime of tasks."""
    return request.param


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    """A project for one test."""
    with opened(tmp_path / "a project") as local:
        yield local


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    command = shutil.which("chromium") or shutil.which("google-chrome")
    if not command:
        pytest.skip("Chromium is not installed; install it, for example with: apt-get install chromium")
    # Chromium's sandbox does not work as root.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=command, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        yield browser
        browser.close()


@pytest.fixture
def daemon(location: Location) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that starts the local AWS in a new process; all processes are ended after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            str(Path(__file__).with_name("daemon.py")),
            str(location.folder),
            str(location.port),
            *arguments,
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
        # Tasks that ignore SIGTERM are killed after 5 s; a Docker engine on a busy machine takes more than 20 s for it.
        process.wait(timeout=HANG_SECONDS)

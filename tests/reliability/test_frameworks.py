"""The start command that is proposed for each framework's app serves it, behind the load balancer's headers."""

import os
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from flask_on_aws.build_plan.app_code.proposal import propose
from flask_on_aws.build_plan.project_files import ProjectFiles
from flask_on_aws.runtime_contract.contract import plain_environment
from flask_on_aws.runtime_contract.servers import with_server_options
from flask_on_aws.runtime_contract.shell import shell_command
from flask_on_aws.runtime_contract.timers import TIMERS
from flask_on_aws_cli.shared.health_paths import Response, routes_in_code, search

from tests.apps.frameworks import FRAMEWORKS
from tests.tool_environment import tool_environment
from tests.unit.library.runtime_contract.test_contract import FACTS

from .processes import free_port
from .servers import PACKAGES, START_SECONDS

VISITOR, FORGED = "203.0.113.9", "198.51.100.66"
FORWARDED = {"X-Forwarded-For": f"{FORGED}, {VISITOR}", "X-Forwarded-Proto": "https"}
# The app of each interface with every server that can load it.
PRODUCT = [
    *(("wsgi", server) for server in ("gunicorn", "granian", "waitress", "uwsgi", "hypercorn")),
    *((app, server) for app in ("litestar", "asgi") for server in ("uvicorn", "granian", "hypercorn", "daphne")),
]
# Their protocols have no proxy headers, so the app sees the load balancer's address: docs/servers.md.
IGNORE_HEADERS = {"granian", "hypercorn", "daphne"}
# docs/servers.md: they have no option for it.
CUT_OFF = {"waitress", "daphne"}


def write(folder: Path, name: str) -> Path:
    for file, text in FRAMEWORKS[name].files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)
    return folder


@contextmanager
def serving(folder: Path, command: str) -> Generator[tuple[str, subprocess.Popen[bytes]]]:
    """The app's address and process, once it accepts requests."""
    commands, port = tool_environment("servers", *PACKAGES), free_port()
    process = subprocess.Popen(
        shell_command(with_server_options(command)),
        cwd=folder,
        env={"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", **plain_environment(FACTS), "PORT": str(port)},
        stdout=(folder / "server.log").open("wb"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def health_path(url: str, folder: Path) -> str:
    """The path that the search of the preflight and of `./up` finds."""
    paths = search(routes_in_code(folder))
    path, end = next(paths), time.monotonic() + START_SECONDS
    while True:
        try:
            answer = requests.get(url + path, timeout=5, allow_redirects=False)
            path = paths.send(Response(answer.status_code, answer.headers.get("Location", "")))
        except requests.ConnectionError:
            assert time.monotonic() < end
            time.sleep(0.1)
        except StopIteration as found:
            return found.value


def finishes(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether a request that takes a second gets its response although SIGTERM arrives in it."""
    curl = subprocess.Popen(["curl", "--silent", "--max-time", "10", f"{url}/slow"], stdout=subprocess.PIPE)
    time.sleep(0.5)
    process.terminate()
    body = curl.communicate()[0]
    process.wait(TIMERS.graceful)
    return body == b"done"


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_the_proposed_command_serves_the_app_and_finishes_requests(tmp_path: Path, name: str) -> None:
    app, folder = FRAMEWORKS[name], write(tmp_path, name)
    command = propose(ProjectFiles(folder), app.requirements.split(), installed=False).command
    with serving(folder, command) as (url, process):
        assert health_path(url, folder) == "/healthz"
        assert requests.get(url, headers=FORWARDED, timeout=5).text == VISITOR
        assert "max-width" in requests.get(f"{url}/static/style.css", timeout=5).text
        assert finishes(url, process)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "server"), PRODUCT)
def test_each_server_that_can_load_an_app_serves_it(tmp_path: Path, name: str, server: str) -> None:
    folder = write(tmp_path, name)
    proposal = propose(ProjectFiles(folder), [server], installed=False)
    assert server in proposal.command
    assert not proposal.missing
    with serving(folder, proposal.command) as (url, process):
        assert health_path(url, folder) == "/healthz"
        address = requests.get(url, headers=FORWARDED, timeout=5).text
        assert address == (VISITOR if name == "wsgi" or server not in IGNORE_HEADERS else "127.0.0.1")
        assert "max-width" in requests.get(f"{url}/static/style.css", timeout=5).text
        assert finishes(url, process) == (server not in CUT_OFF)

"""The template's image, built and run by a real Docker engine as ECS runs it."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from flask_on_aws.runtime_contract.timers import TIMERS

pytestmark = pytest.mark.docker

TEMPLATE = Path(__file__).parents[2] / "app_template"
_ADDED_BYTES = 180_000_000
_TAG = "flask-on-aws-template-test"
_KEY = "k8Zq1vT0uW5xY2aB7cD4eF9gH6iJ3lMnOpQrStUv"


def docker(*arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["docker", *arguments], check=check, capture_output=True, text=True)


@pytest.fixture(scope="module")
def image() -> str:
    if not shutil.which("docker") or docker("version", check=False).returncode:
        pytest.skip("there is no Docker engine that answers: set DOCKER_HOST, or start one")
    built = subprocess.run(
        ["docker", "build", "--tag", _TAG, str(TEMPLATE)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return _TAG


def _start(image: str, *options: str) -> str:
    return docker(
        "run", "--detach", "--read-only", "--env", f"SECRET_KEY={_KEY}", "--publish", "127.0.0.1::8080", *options, image
    ).stdout.strip()


@pytest.fixture
def container(image: str) -> Iterator[str]:
    """The root read-only, as on ECS; without its init process, so that the launcher is the first."""
    started = _start(image, "--cap-drop", "ALL", "--env", "DRAIN_SECONDS=1")
    yield started
    docker("rm", "--force", "--volumes", started)


def _address(container: str) -> str:
    return "http://" + docker("port", container, "8080/tcp").stdout.split()[0]


def _wait(url: str) -> str:
    end = time.monotonic() + 60
    while True:
        try:
            with urlopen(url, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.2)


def test_it_adds_little_to_its_base(image: str) -> None:
    base = next(line.split()[1] for line in (TEMPLATE / "Dockerfile").read_text().splitlines() if "FROM" in line)
    sizes = [int(docker("image", "inspect", name, "--format", "{{.Size}}").stdout) for name in (image, base)]
    assert sizes[0] - sizes[1] <= _ADDED_BYTES
    print(f"{(sizes[0] - sizes[1]) / 1e6:.0f} MB added")


def test_it_serves_read_only_as_an_ordinary_user_and_stops_with_zero(container: str) -> None:
    assert _wait(f"{_address(container)}/up") == "up\n"
    assert docker("exec", container, "id", "--user").stdout == "10001\n"
    assert docker("exec", container, "touch", "/app/x", check=False).returncode != 0
    docker("stop", "--time", str(TIMERS.stop_timeout), container)
    assert docker("inspect", container, "--format", "{{.State.ExitCode}}").stdout == "0\n"
    assert '"SIGTERM: serving for another 1 s"' in docker("logs", container).stderr


def test_its_health_check_sees_it(container: str) -> None:
    end = time.monotonic() + 60
    while docker("inspect", container, "--format", "{{.State.Health.Status}}").stdout != "healthy\n":
        assert time.monotonic() < end
        time.sleep(1)


def test_another_command_takes_the_place_of_its_own(image: str) -> None:
    certificates = docker("run", "--rm", image, "head", "-c", "27", "/etc/rds-ca/rds-ca-bundle.pem").stdout
    assert certificates == "-----BEGIN CERTIFICATE-----"
    found = json.loads(docker("image", "inspect", image, "--format", "{{json .Config}}").stdout)
    assert found.get("Entrypoint") is None
    assert found["Cmd"][:2] == ["/bin/sh", "-c"]


def test_no_secret_and_no_test_is_in_it(image: str) -> None:
    names = docker("run", "--rm", image, "find", "/app", "-name", "*.py").stdout
    assert "/app/drain.py" in names
    assert "/tests/" not in names
    assert docker("run", "--rm", image, "find", "/app", "-name", ".env*").stdout == ""


@pytest.fixture
def composed(image: str) -> Iterator[None]:
    project = ["compose", "--project-name", "flask-on-aws-template-test", "--profile", "nginx"]
    if docker("compose", "version", check=False).returncode:
        pytest.skip("this Docker has no compose")
    folder = os.getcwd()
    os.chdir(TEMPLATE)
    try:
        # `--wait` fails when a service ends, even with 0: those that do are waited for by the others.
        up = docker(*project, "up", "--build", "--detach", check=False)
        assert up.returncode == 0, up.stderr
        yield
    finally:
        docker(*project, "down", "--volumes", "--timeout", "1", check=False)
        os.chdir(folder)


def test_compose_serves_the_board_behind_nginx(composed: None) -> None:
    assert "Nothing here yet." in _wait("http://127.0.0.1:1337/")
    assert _wait("http://127.0.0.1:1337/up/databases") == "up\n"
    assert "Nothing here yet." in _wait("http://127.0.0.1:8000/")

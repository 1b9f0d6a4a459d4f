"""The libraries that Flask apps use with Redis accept the URL of the cache, and verify its certificate."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from flask_on_aws.runtime_contract.contract import CacheFacts, cache_url
from flask_on_aws_cli.cache_server.server import ENDPOINT, CacheServer
from flask_on_aws_cli.shared.certificate_authority import Authority
from flask_on_aws_cli.shared.trusted_certificates import VARIABLE, trusted_file

from tests.tool_environment import tool_environment
from tests.valkey import requires_server
from tests.waiting import HANG_SECONDS

pytestmark = requires_server
APPS = Path(__file__).with_name("cache_clients")
TOKEN = "token-of-the-cache-0123456789"
PACKAGES = (
    *("celery[redis]==5.7.0", "redis==8.1.0", "valkey==6.2.0", "rq==3.0.0", "Flask==3.1.3"),
    *("Flask-Caching==2.5.1", "Flask-Session==0.8.0", "msgspec==0.23.0", "Flask-SocketIO==5.7.0", "gunicorn==27.0.1"),
)
LIBRARIES = ("redis", "valkey", "caching", "session", "socketio", "rq")


class Clients(NamedTuple):
    """The commands of the environment with the libraries, and the environment variables of an app."""

    bin: Path
    environment: dict[str, str]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.bin / arguments[0]), *arguments[1:]],
            cwd=APPS,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
        )


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    commands = tool_environment("cache-clients", *PACKAGES)
    folder = tmp_path_factory.mktemp("cache")
    authority = Authority(folder / "ca")
    server = CacheServer(folder / "server", authority)
    server.start(0, [TOKEN], "noeviction")
    url = cache_url(CacheFacts(ENDPOINT, server.port, "queue"), TOKEN)
    variables = {
        "PATH": os.environ["PATH"],
        "REDIS_URL": url,
        "CELERY_BROKER_URL": url,
        VARIABLE: str(trusted_file(authority.certificate_path)),
    }
    yield Clients(commands, variables)
    server.stop()


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_works_with_the_url_and_rejects_a_certificate_of_another_authority(clients, library, tmp_path):
    done = clients.run("python", "use_library.py", library)
    assert "works" in done.stdout, done.stderr
    other = Authority(tmp_path / "other")
    failed = clients.run("python", "use_library.py", library, **{VARIABLE: str(other.certificate_path)})
    assert "works" not in failed.stdout
    assert "CERTIFICATE_VERIFY_FAILED" in failed.stderr


def test_celery_takes_its_broker_from_the_environment_and_runs_a_job(clients, tmp_path):
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [str(clients.bin / "celery"), "-A", "celery_jobs", "worker", "--pool", "solo", "--loglevel", "info"],
            cwd=APPS,
            env=clients.environment,
            stdout=output,
            stderr=output,
        )
    try:
        script = "from celery_jobs import add; print(add.delay(1, 2).get(timeout=60))"
        done = clients.run("python", "-c", script)
        assert done.stdout.strip() == "3", done.stderr + log.read_text()
    finally:
        worker.terminate()
        worker.wait(30)
    assert TOKEN not in log.read_text()  # Celery's banner hides it


def test_celery_rejects_a_certificate_of_another_authority(clients, tmp_path):
    other = Authority(tmp_path / "other")
    script = "from celery_jobs import add; add.apply_async((1, 2), retry=False)"
    done = clients.run("python", "-c", script, **{VARIABLE: str(other.certificate_path)})
    assert done.returncode
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr


def test_celery_rejects_a_url_that_does_not_say_how_to_verify(clients):
    """The reason for the URL's query; other libraries verify without it."""
    bare = clients.environment["REDIS_URL"].partition("?")[0]
    script = "from celery_jobs import add; add.delay(1, 2).get(timeout=60)"
    done = clients.run("python", "-c", script, REDIS_URL=bare, CELERY_BROKER_URL=bare)
    assert "ssl_cert_reqs" in done.stderr
    assert "works" in clients.run("python", "use_library.py", "redis", REDIS_URL=bare).stdout

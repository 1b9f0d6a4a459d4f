"""The preflight gives an app a cache with TLS, and checks that its library connects to it."""

import subprocess

import pytest
from flask_on_aws.build_plan.plan import PlanSettings
from flask_on_aws_cli.cache_server import server
from flask_on_aws_cli.preflight.check import Cause, Status
from flask_on_aws_cli.preflight.run import preflight
from flask_on_aws_cli.preflight.settings import AppSettings
from flask_on_aws_cli.shared.docker_engine import engine_problem

from tests.valkey import requires_server

from .broken import GOOD, REQUIREMENTS
from .conftest import HERE, write_app

NEEDS_CACHE = """
import redis
client = redis.from_url(os.environ["REDIS_URL"])
client.set("greeting", "hello")
assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
assert os.environ["CELERY_BROKER_URL"] == os.environ["REDIS_URL"]
"""
REDIS = "redis==8.1.0\n"


def checks(folder, runner="process", requirements=REQUIREMENTS + REDIS, code=NEEDS_CACHE, **settings):
    app = write_app(folder, GOOD.replace("\n\n", f"\n{code}\n\n", 1), requirements=requirements)
    # The engine has images of the default version, and this machine its own Python.
    plan = PlanSettings(python_version=HERE if runner == "process" else "")
    given = AppSettings(app, plan, services=frozenset({"cache"}), cache_use="queue", **settings)
    return {check.name: check for check in preflight(given, runner, lambda check: None).checks}


@requires_server
def test_an_app_that_needs_its_cache_to_start_gets_one(tmp_path):
    found = checks(tmp_path / "app")
    assert (found["cache"].status, found["cache"].message) == (
        Status.PASSED,
        "redis connects to REDIS_URL with TLS, the certificate verified",
    )
    assert found["health"].status is Status.PASSED, found


@requires_server
def test_a_library_that_does_not_connect_is_a_failure_with_its_error(tmp_path):
    (tmp_path / "none.pem").write_text("")
    found = checks(tmp_path / "app", code="", env={"SSL_CERT_FILE": str(tmp_path / "none.pem")})
    assert (found["cache"].status, found["cache"].cause) == (Status.FAILED, Cause.CACHE)
    assert "CERTIFICATE_VERIFY_FAILED" in " ".join(found["cache"].evidence)


def test_a_machine_without_a_server_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "_PROGRAMS", ("no-such-server",))
    found = checks(tmp_path / "app", code="", requirements=REQUIREMENTS)
    assert found["cache"].status is Status.NOT_CHECKED
    assert "neither Valkey nor Redis is installed" in found["cache"].message
    assert found["health"].status is Status.PASSED, found


@pytest.mark.docker
def test_a_container_gets_a_cache_in_its_network(tmp_path):
    if problem := engine_problem("x86_64"):
        pytest.skip(problem)
    if subprocess.run(["docker", "image", "inspect", "valkey/valkey:8"], capture_output=True, check=False).returncode:
        pytest.skip("the engine has no image valkey/valkey:8")
    found = checks(tmp_path / "app", "container")
    assert found["cache"].status is Status.PASSED, found["cache"]
    assert found["health"].status is Status.PASSED, found

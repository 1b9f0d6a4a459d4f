"""Tests of the library as a package that programs in other languages use."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.stacks import Stack
from tests.waiting import HANG_SECONDS

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "schema.json"

# An integer that is another component's output and unknown in the first preview.
LATE_NUMBER = """
blog = flask_on_aws.LogicalDatabase(
    "blog",
    host=app.database_host,
    port=app.database_port,
    server_security_group_id=app.database_security_group_id,
    client_security_group_ids={"balancer": app.load_balancer_security_group_id},
    database_name="blog",
)
pulumi.export("port", blog.port)
"""

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def _uncompiled(monkeypatch):
    """Pulumi installs with pip, which would compile all of pulumi_aws, in half a minute of a processor."""
    monkeypatch.setenv("PIP_NO_COMPILE", "1")


@pytest.fixture
def components(tmp_path) -> Path:
    """A copy of the library in a checkout."""
    ignored = shutil.ignore_patterns("__pycache__", "venv", "*.egg-info", "build")
    return shutil.copytree(ROOT / "components", tmp_path / "components", ignore=ignored)


@pytest.fixture
def schema(pulumi_command, components):
    # Pulumi installs the library for the first time here: half a minute with a warm cache, minutes without.
    result = subprocess.run(
        [pulumi_command, "package", "get-schema", str(components)],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_schema_matches_the_golden_file_and_describes_every_property(schema):
    """Only this test proves that Pulumi's engine reads the library's schema, and that it is unchanged."""
    # To accept a deliberate change: the commands in CONTRIBUTING.md, "Golden files".
    assert schema == json.loads(GOLDEN.read_text())
    undocumented = [
        f"{token}.{name}"
        for token, resource in schema["resources"].items()
        for name, description in {**resource.get("inputProperties", {}), **resource.get("properties", {})}.items()
        if not description.get("description")
    ]
    assert undocumented == []


def test_a_program_in_any_language_uses_the_hosted_package(pulumi_command, emulator, components, tmp_path):
    """Only this test proves that a program can use the generated SDK, with the library in a separate process."""
    example = shutil.copytree(ROOT / "examples" / "hosted", tmp_path / "examples" / "hosted")
    (example / "__main__.py").write_text((example / "__main__.py").read_text() + LATE_NUMBER)
    stack = Stack(pulumi_command, example, emulator, "dev")
    stack.run("install")
    stack.configure(image="public.ecr.aws/docker/library/python:3.13-slim")
    stack.run("config", "set", "--secret", "paymentKey", "top-secret-key")
    stack.up()
    assert stack.outputs()["url"].startswith("https://")
    assert stack.outputs()["port"] == 5432
    assert stack.changes() == {}
    assert "top-secret-key" not in stack.run("stack", "export")
    task = stack.resources()["aws:ecs/taskDefinition:TaskDefinition::shop-web"]["outputs"]
    web = next(entry for entry in json.loads(task["containerDefinitions"]) if entry["name"] == "web")
    assert {"name": "GREETING", "value": "hello"} in web["environment"]
    assert [secret for secret in web["secrets"] if secret["name"] == "PAYMENT_KEY"]
    stack.run("destroy", "--yes", "--skip-preview")
    assert stack.resources() == {}

"""The library as other programs and languages see it."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "schema.json"

pytestmark = pytest.mark.engine


@pytest.fixture
def schema(pulumi_command, tmp_path):
    components = tmp_path / "components"
    shutil.copytree(
        ROOT / "components", components, ignore=shutil.ignore_patterns("__pycache__", "venv", "*.egg-info", "build")
    )
    # Pulumi installs the library for the first time here: half a minute with a warm cache, minutes without.
    done = subprocess.run(
        [pulumi_command, "package", "get-schema", str(components)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_schema_is_the_golden_one_and_explains_everything(schema):
    # To accept a deliberate change: pulumi package get-schema components > tests/golden/schema.json
    assert schema == json.loads(GOLDEN.read_text())
    silent = [
        f"{token}.{name}"
        for token, resource in schema["resources"].items()
        for name, described in {**resource.get("inputProperties", {}), **resource.get("properties", {})}.items()
        if not described.get("description")
    ]
    assert silent == []

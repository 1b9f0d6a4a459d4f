"""Every framework with every server that can load its app passes the preflight, with the command that is proposed."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.apps.combinations import COMBINATIONS
from tests.reliability.test_servers import CUT_OFF

# One combination runs each time; all run nightly. Servers that the app's code starts take a minute, because the
# preflight then waits as long as the load balancer for the end of an idle connection.
EACH_TIME = ("plain-WSGI-gunicorn",)


def preflight(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """The checks of an app, by their names."""
    command = [str(Path(sys.executable).parent / "flask-on-aws")]
    subprocess.run([*command, "plan", str(folder), "--write-procfile"], capture_output=True, check=True)
    done = subprocess.run(
        [*command, "preflight", str(folder), "--runner", "process", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


@pytest.mark.parametrize(
    "name", [name if name in EACH_TIME else pytest.param(name, marks=pytest.mark.slow) for name in COMBINATIONS]
)
def test_the_app_passes_the_preflight(tmp_path: Path, name: str) -> None:
    combination = COMBINATIONS[name]
    tmp_path.chmod(0o755)
    checks = preflight(combination.write(tmp_path / "app"))
    warnings = {check for check, result in checks.items() if result["status"] == "warning"}
    assert checks["health"]["cause"] == "health path missing"  # found by the search: /healthz
    assert "/healthz" in checks["health"]["message"]
    assert "idle connections" not in warnings
    assert "forwarded address" not in warnings
    assert ("stops" in warnings or "draining" in warnings) <= (combination.server in CUT_OFF)

"""Stacks of the real engine: a copy of a program, and the commands that a user would run in it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3

from tests.waiting import HANG_SECONDS

ROOT = Path(__file__).parents[2]
PROGRAM = (
    "Pulumi.yaml",
    "Pulumi.dev.yaml",
    "Pulumi.prod.yaml",
    "__main__.py",
    "settings.py",
    "app_template",
)
ANY_KEY = ("test", "test")
"""Access key ID and secret for an emulated AWS that accepts any."""


class Stack:
    """A copy of a Pulumi program with its own backend, and the commands that a user would run in it."""

    def __init__(self, pulumi: str, folder: Path, endpoint: str, name: str, key: tuple[str, str] = ANY_KEY) -> None:
        self.pulumi, self.folder, self.endpoint, self.name, self._key = pulumi, folder, endpoint, name, key
        backend = folder.parent / "backend"
        backend.mkdir(exist_ok=True)
        self.environment = os.environ | {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": key[0],
            "AWS_SECRET_ACCESS_KEY": key[1],
            "AWS_REGION": "us-east-1",
            "PULUMI_BACKEND_URL": f"file://{backend}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DEBUG_COMMANDS": "true",  # --event-log
            "PULUMI_ERROR_OUTPUT_STRING": "true",
            # Only the tests of images have a registry to which they can push.
            "DOCKER_HOST": "unix:///nonexistent",
        }
        self.run("stack", "init", name)

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run a command and return its output. With `fails`, the command must fail."""
        result = subprocess.run(
            [self.pulumi, *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )
        output = result.stdout + result.stderr
        assert (result.returncode != 0) == fails, (
            f"pulumi {' '.join(arguments)} ended with {result.returncode}:\n{output}"
        )
        return output

    def configure(self, **settings: object) -> None:
        for key, value in settings.items():
            self.run("config", "set", key, str(value).lower() if isinstance(value, bool) else str(value))

    def up(self, *arguments: str, fails: bool = False) -> str:
        return self.run("up", "--yes", "--skip-preview", *arguments, fails=fails)

    def changes(self, *arguments: str) -> dict[str, list[str]]:
        """The changes of a preview: logical name → the properties that differ."""
        document = json.loads(self.run("preview", "--json", *arguments))
        return {
            step["urn"].rsplit("::", 1)[-1]: sorted(
                {re.split(r"[.[]", path)[0] for path in step.get("detailedDiff") or {}}
            )
            for step in document["steps"]
            if step["op"] not in ("same", "read")
        }

    def touched(self) -> set[str]:
        """URNs that a preview would create, change, replace or delete."""
        document = json.loads(self.run("preview", "--json"))
        return {step["urn"] for step in document["steps"] if step["op"] not in ("same", "read")}

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.run("stack", "output", "--json"))

    def state(self) -> dict[str, Any]:
        return json.loads(self.run("stack", "export"))

    def resources(self) -> dict[str, dict[str, Any]]:
        """Type and logical name → the resource in the state."""
        resources = self.state()["deployment"].get("resources", [])
        return {f"{resource['type']}::{resource['urn'].rsplit('::', 1)[-1]}": resource for resource in resources}

    def aws(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self._key[0],
            aws_secret_access_key=self._key[1],
        )


def use_this_environment(project: Path) -> None:
    """Make a project use the environment that runs the tests, which has everything that the program needs."""
    project.write_text(re.sub(r"virtualenv: .*", f"virtualenv: {sys.prefix}", project.read_text()))


def copy_program(folder: Path) -> None:
    """Copy the files of this repository's program to a new folder."""
    folder.mkdir()
    for name in PROGRAM:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, folder / name)

"""Runs checkov in a dedicated environment, because its dependencies conflict with those of the tests."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
VERSION = "3.3.30"
# In the environment of the tests, which git and all tools ignore, so that both are recreated together.
ENVIRONMENT = Path(sys.prefix) / "checkov"
INSTALL_SECONDS = 600  # 200 MB of packages; two minutes on two processors


class Scan(NamedTuple):
    """Checkov's result for one file."""

    passed: int
    failed: frozenset[tuple[str, str]]
    """IDs of failed checks, each with the resource's name in Terraform."""


def scan(folder: Path, configuration: Mapping[str, Any]) -> Scan:
    """Scan a configuration in Terraform's JSON syntax; skips the test if checkov cannot be installed."""
    file = folder / "stack.tf.json"
    file.write_text(json.dumps(configuration, indent=2, sort_keys=True), encoding="utf-8")
    command = [_checkov(), "--file", file, "--framework", "terraform_json", "--skip-download", "--output", "json"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert run.returncode in (0, 1), run.stderr  # 1: at least one check has failed
    report = json.loads(run.stdout)
    assert report["summary"]["checkov_version"] == VERSION
    assert report["summary"]["parsing_errors"] == 0
    failed = [(check["check_id"], check["resource"].partition(".")[2]) for check in report["results"]["failed_checks"]]
    assert len(set(failed)) == len(failed) == report["summary"]["failed"]
    return Scan(report["summary"]["passed"], frozenset(failed))


def _checkov() -> Path:
    installed = ENVIRONMENT / "installed"
    with ENVIRONMENT.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # only one of several workers installs it
        if not installed.is_file() or installed.read_text() != VERSION:
            _install()
            installed.write_text(VERSION)
    return ENVIRONMENT / "bin" / "checkov"


def _install() -> None:
    steps = [
        [sys.executable, ROOT / "make_environment.py", ENVIRONMENT],
        [ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "--quiet", f"checkov=={VERSION}"],
    ]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for step in steps:
        try:
            run = subprocess.run(step, capture_output=True, text=True, timeout=INSTALL_SECONDS, env=environment)
        except subprocess.TimeoutExpired:
            pytest.skip(f"checkov {VERSION} was not installed within {INSTALL_SECONDS} seconds")
        if run.returncode:
            pytest.skip(f"checkov {VERSION} cannot be installed: {run.stderr.strip()[-300:]}")

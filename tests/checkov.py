"""Runs checkov in a dedicated environment, because its dependencies conflict with those of the tests."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.tool_environment import tool_environment

VERSION = "3.3.30"
CHECKS = "CKV"  # how the ids of its checks begin


class Scan(NamedTuple):
    """Checkov's result for one file."""

    passed: int
    failed: frozenset[tuple[str, str]]
    """IDs of failed checks, each with the resource's name in Terraform."""


def scan(folder: Path, configuration: Mapping[str, Any]) -> Scan:
    """Scan a configuration in Terraform's JSON syntax; skips the test if checkov cannot be installed."""
    file = folder / "stack.tf.json"
    file.write_text(json.dumps(configuration, indent=2, sort_keys=True), encoding="utf-8")
    checkov = tool_environment("checkov", f"checkov=={VERSION}") / "checkov"
    command = [checkov, "--file", file, "--framework", "terraform_json", "--skip-download", "--output", "json"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert run.returncode in (0, 1), run.stderr  # 1: at least one check has failed
    report = json.loads(run.stdout)
    assert report["summary"]["checkov_version"] == VERSION
    assert report["summary"]["parsing_errors"] == 0
    failed = [(check["check_id"], check["resource"].partition(".")[2]) for check in report["results"]["failed_checks"]]
    assert len(set(failed)) == len(failed) == report["summary"]["failed"]
    return Scan(report["summary"]["passed"], frozenset(failed))

"""Runs tfsec, a second scanner with other rules than checkov's.

It is built from its Go module, which takes three minutes on two processors. It reads Terraform's own syntax, since it
takes no nested block out of Terraform JSON (1.28.14 reports a versioned bucket as unversioned there).
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask_on_aws_cli.review.terraform.schema import Block, block, resource_block

from tests.checkov import Scan

VERSION = "1.28.14"
CHECKS = "aws-"  # how the ids of its checks begin
MODULE = f"github.com/aquasecurity/tfsec/cmd/tfsec@v{VERSION}"
# In the environment of the tests, like checkov.
FOLDER = Path(sys.prefix) / "tfsec"
BUILD_SECONDS = 1200
# Terraform's own, in every resource: a block, and arguments that are expressions where other values are texts in JSON.
_META_BLOCKS = ("lifecycle",)
_EXPRESSIONS = ("depends_on", "ignore_changes", "provider")
_PASSED, _FAILED = 1, 0  # the status of a result in tfsec's JSON


def scan(folder: Path, configuration: Mapping[str, Any]) -> Scan:
    """Scan a configuration in Terraform's JSON syntax; skips the test without Go."""
    (folder / "stack.tf").write_text("\n".join(_blocks(configuration)), encoding="utf-8")
    command = [_tfsec(), folder, "--format", "json", "--no-color", "--soft-fail", "--include-passed"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    results = json.loads(run.stdout)["results"]
    failed = {
        (result["long_id"], result["resource"].split(".")[1]) for result in results if result["status"] == _FAILED
    }
    return Scan(sum(result["status"] == _PASSED for result in results), frozenset(failed))


def _blocks(configuration: Mapping[str, Any]) -> Iterator[str]:
    for name, variable in configuration["variable"].items():
        yield f'variable "{name}" {{'
        yield f"default = {json.dumps(variable['default'])}"
        yield "}"
    for kind, labelled in configuration["resource"].items():
        for label, values in labelled.items():
            yield f'resource "{kind}" "{label}" {{'
            yield from _body(values, resource_block(kind))
            yield "}"


def _body(values: Mapping[str, Any], schema: Block) -> Iterator[str]:
    """A block's content; a JSON value has the same form in HCL."""
    for name, value in values.items():
        if name in _META_BLOCKS or name in schema.blocks:
            inner = Block() if name in _META_BLOCKS else block(schema.blocks[name])
            for item in [value] if isinstance(value, Mapping) else value:
                yield f"{name} {{"
                yield from _body(item, inner)
                yield "}"
        elif name in _EXPRESSIONS:
            yield f"{name} = [{', '.join(value)}]" if isinstance(value, list) else f"{name} = {value}"
        else:
            yield f"{name} = {json.dumps(value)}"


def _tfsec() -> Path:
    program = FOLDER / VERSION / "tfsec"
    with FOLDER.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # only one of several workers builds it
        if not program.is_file():
            go = shutil.which("go")
            if go is None:
                pytest.skip("building tfsec needs Go")
            environment = {**os.environ, "GOBIN": str(program.parent), "CGO_ENABLED": "0"}
            command = [go, "install", MODULE]
            run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=BUILD_SECONDS)
            assert run.returncode == 0, run.stderr[-2000:]
    return program

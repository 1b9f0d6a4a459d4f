"""Reads and changes a stack by the Pulumi CLI: its outputs, its settings and those of the AWS provider."""

import json
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import OperationError

# Provider settings that may be secrets in the configuration.
_CREDENTIALS = ("aws:accessKey", "aws:secretKey", "aws:token")
_PREFIX = "aws:"


@dataclass(frozen=True)
class PulumiStack:
    """What can be read from a stack without running its program."""

    outputs: Mapping[str, Any]
    provider: Mapping[str, str]
    """The provider's settings, without the prefix `aws:`; lists and objects as JSON."""


def read_stack(project: Path, stack: str | None) -> PulumiStack:
    """Read a stack by the Pulumi CLI. Default: the selected stack.

    Raises:
        OperationError: if there is no Pulumi CLI or no such stack, or it is not deployed.
    """
    outputs = json.loads(run_pulumi(project, stack, "stack", "output", "--json"))
    if not outputs:
        subject = f"The stack {stack}" if stack else "The selected stack"
        raise OperationError(f"{subject} of {project} is not deployed; deploy it with: pulumi up")
    config = json.loads(run_pulumi(project, stack, "config", "--json"))
    if any(config.get(name, {}).get("secret") for name in _CREDENTIALS):
        config = json.loads(run_pulumi(project, stack, "config", "--json", "--show-secrets"))
    provider = {
        name.removeprefix(_PREFIX): entry.get("value", "") for name, entry in config.items() if name.startswith(_PREFIX)
    }
    return PulumiStack(outputs, provider)


def secret_names(project: Path, stack: str | None, setting: str) -> Collection[str]:
    """The keys of a setting that is an object of secrets."""
    # Without --show-secrets, the CLI prints neither values nor keys.
    config: dict[str, dict[str, Any]] = json.loads(run_pulumi(project, stack, "config", "--json", "--show-secrets"))
    values = [entry.get("objectValue") for name, entry in config.items() if name.rpartition(":")[2] == setting]
    return values[0] or {} if values else {}


def deploy(project: Path, stack: str | None, *, yes: bool) -> int:
    """Run `pulumi up` in this terminal; returns its exit code."""
    command = [_program(), "up", *_option(stack), *(["--yes"] if yes else [])]
    return subprocess.run(command, cwd=project, check=False).returncode  # noqa: S603 the Pulumi CLI


def run_pulumi(project: Path, stack: str | None, *arguments: str, text: str | None = None) -> str:
    """Run a command of the Pulumi CLI, with this text as its standard input, and return its output.

    Raises:
        OperationError: if there is no Pulumi CLI, or the command fails.
    """
    result = subprocess.run(  # noqa: S603 the Pulumi CLI
        [_program(), *arguments, *_option(stack), "--non-interactive"],
        cwd=project,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise OperationError(_explain_failure(project, stack, result.stderr.splitlines()))
    return result.stdout


def _program() -> str:
    program = shutil.which("pulumi")
    if program is None:
        raise OperationError(
            "There is no pulumi command on this machine to read the stack with; install it "
            "(https://www.pulumi.com/docs/install/), or select the app with --cluster and --region."
        )
    return program


def _option(stack: str | None) -> list[str]:
    return ["--stack", stack] if stack else []


def _explain_failure(project: Path, stack: str | None, lines: Sequence[str]) -> str:
    error = next((line for line in lines if line.startswith("error: ")), lines[-1] if lines else "it gives no reason")
    if "no stack named" in error:
        return f"{project} has no stack {stack}; list its stacks with: pulumi stack ls"
    if "no stack selected" in error:
        return f"No stack of {project} is selected; use --stack, or select one with: pulumi stack select"
    return f"The Pulumi CLI failed: {error.removeprefix('error: ')}"

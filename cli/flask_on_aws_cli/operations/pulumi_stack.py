"""Reads a stack by the Pulumi CLI: its outputs, and the AWS provider's settings in its configuration."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
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
    outputs = json.loads(_pulumi(project, stack, "stack", "output", "--json"))
    if not outputs:
        subject = f"The stack {stack}" if stack else "The selected stack"
        raise OperationError(f"{subject} of {project} is not deployed; deploy it with: pulumi up")
    config = json.loads(_pulumi(project, stack, "config", "--json"))
    if any(config.get(name, {}).get("secret") for name in _CREDENTIALS):
        config = json.loads(_pulumi(project, stack, "config", "--json", "--show-secrets"))
    provider = {
        name.removeprefix(_PREFIX): entry.get("value", "") for name, entry in config.items() if name.startswith(_PREFIX)
    }
    return PulumiStack(outputs, provider)


def _pulumi(project: Path, stack: str | None, *arguments: str) -> str:
    program = shutil.which("pulumi")
    if program is None:
        raise OperationError(
            "There is no pulumi command on this machine to read the stack with; install it "
            "(https://www.pulumi.com/docs/install/), or select the app with --cluster and --region."
        )
    result = subprocess.run(  # noqa: S603 the Pulumi CLI
        [program, *arguments, *(["--stack", stack] if stack else []), "--non-interactive"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise OperationError(_explain_failure(project, stack, result.stderr.splitlines()))
    return result.stdout


def _explain_failure(project: Path, stack: str | None, lines: Sequence[str]) -> str:
    error = next((line for line in lines if line.startswith("error: ")), lines[-1] if lines else "it gives no reason")
    if "no stack named" in error:
        return f"{project} has no stack {stack}; list its stacks with: pulumi stack ls"
    if "no stack selected" in error:
        return f"No stack of {project} is selected; use --stack, or select one with: pulumi stack select"
    return f"The Pulumi CLI cannot read the stack: {error.removeprefix('error: ')}"

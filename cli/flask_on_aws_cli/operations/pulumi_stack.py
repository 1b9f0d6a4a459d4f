"""A stack as the Pulumi CLI knows it: its outputs, and the AWS provider's settings in its configuration."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import OperationError

# Settings of the provider that may be secrets of the configuration.
_CREDENTIALS = ("aws:accessKey", "aws:secretKey", "aws:token")
_PREFIX = "aws:"


@dataclass(frozen=True)
class PulumiStack:
    """What is known of a stack without running its program."""

    outputs: Mapping[str, Any]
    provider: Mapping[str, str]
    """The provider's settings by their own names; lists and objects as JSON."""


def read_stack(project: Path, stack: str | None) -> PulumiStack:
    """Ask the Pulumi CLI for a stack, by default the selected one.

    Raises:
        OperationError: if there is no Pulumi CLI or no such stack, or it is not deployed.
    """
    outputs = json.loads(_pulumi(project, stack, "stack", "output", "--json"))
    if not outputs:
        called = f"The stack {stack}" if stack else "The selected stack"
        raise OperationError(f"{called} of {project} is not deployed; deploy it with: pulumi up")
    config = json.loads(_pulumi(project, stack, "config", "--json"))
    if any(config.get(name, {}).get("secret") for name in _CREDENTIALS):
        config = json.loads(_pulumi(project, stack, "config", "--json", "--show-secrets"))
    found = {name.removeprefix(_PREFIX): entry.get("value", "") for name, entry in config.items() if _is_aws(name)}
    return PulumiStack(outputs, found)


def _is_aws(name: str) -> bool:
    return name.startswith(_PREFIX)


def _pulumi(project: Path, stack: str | None, *arguments: str) -> str:
    program = shutil.which("pulumi")
    if program is None:
        raise OperationError(
            "There is no pulumi command here to ask for the stack; install it (https://www.pulumi.com/docs/install/), "
            "or name the app with --cluster and --region."
        )
    done = subprocess.run(  # noqa: S603 the Pulumi CLI
        [program, *arguments, *(["--stack", stack] if stack else []), "--non-interactive"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OperationError(_failure(project, stack, done.stderr.splitlines()))
    return done.stdout


def _failure(project: Path, stack: str | None, lines: Sequence[str]) -> str:
    said = next((line for line in lines if line.startswith("error: ")), lines[-1] if lines else "it gives no reason")
    if "no stack named" in said:
        return f"{project} has no stack {stack}; see them with: pulumi stack ls"
    if "no stack selected" in said:
        return f"No stack of {project} is selected; name one with --stack, or select it with: pulumi stack select"
    return f"The Pulumi CLI cannot read the stack: {said.removeprefix('error: ')}"

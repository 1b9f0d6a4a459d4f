"""A plan as an environment on this machine: which commands make it. Pure; `run.py` runs them.

TARGET/app      a copy of the code, with built assets
TARGET/venv     its environment, made by uv (or conda)
TARGET/tools    the package manager, apart from it
TARGET/start    starts the app, or the command that is given instead, with that environment
TARGET/plan.json
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flask_on_aws.build_plan.install_commands import install_steps
from flask_on_aws.build_plan.plan import BuildPlan
from flask_on_aws.runtime_contract.shell import shell_command

PLAN = "plan.json"


@dataclass(frozen=True)
class Step:
    """One command."""

    command: str
    """For the shell, in the folder of the code."""
    needs: str = ""
    """The program that must be on this machine; empty if the environment brings it."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables besides those of this process; PATH is put before its own."""


def local_steps(plan: BuildPlan, target: Path, uv: str) -> list[Step]:
    """The commands that make the environment, once the code is in `TARGET/app`.

    Args:
        plan: a plan that has a manager.
        target: the folder, absolute.
        uv: path of uv.
    """
    venv, tools, program = str(target / "venv"), str(target / "tools"), shlex.quote(uv)
    install = install_steps(plan, venv, f"{program} pip")
    inside = {"VIRTUAL_ENV": venv, "PATH": f"{venv}/bin:{tools}/bin", **install.environment}
    conda = "conda" if plan.manager == "conda" else ""
    steps: list[Step] = []
    if plan.node:
        steps += [Step(plan.node.install, "npm"), Step("npm run build && rm -rf node_modules", "npm")]
    if not conda:
        steps.append(Step(f"{program} venv --python {plan.python_version} {shlex.quote(venv)}"))
    if install.tool:
        python = f"--python {plan.python_version} {shlex.quote(tools)}"
        into = f"--python {shlex.quote(tools + '/bin/python')} {install.tool}"
        steps.append(Step(f"{program} venv {python} && {program} pip install {into}"))
    commands = [command for command in (install.dependencies, install.project) if command]
    return steps + [Step(command, conda, inside) for command in commands]


def start_script(plan: BuildPlan) -> str:
    """The text of `TARGET/start`."""
    return f"""#!/bin/sh
# Starts what the image's CMD starts, or the command that is given instead.
set -eu
cd "$(dirname "$0")"
VIRTUAL_ENV=$PWD/venv PATH=$PWD/venv/bin:$PATH PYTHONUNBUFFERED=1
export VIRTUAL_ENV PATH PYTHONUNBUFFERED
cd app
[ $# -gt 0 ] || set -- {shlex.join(shell_command(plan.start_command))}
exec "$@"
"""

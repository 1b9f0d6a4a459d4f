"""The commands that build a plan as an environment on this machine. Pure functions; `run.py` runs the commands.

TARGET/app      a copy of the code, with built assets
TARGET/venv     its virtual environment, created by uv (or conda)
TARGET/tools    the package manager, in a separate virtual environment
TARGET/bin      links to the programs of this machine that the image has too
TARGET/start    starts the app, or the command in its arguments, in the virtual environment
TARGET/plan.json  the plan
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flask_on_aws.build_plan.install_commands import install_steps
from flask_on_aws.build_plan.plan import BuildPlan
from flask_on_aws.runtime_contract.shell import shell_command

PLAN = "plan.json"
PROGRAMS = "bin"
# Variables of a shell with folders of modules that an image lacks.
MODULE_PATHS = ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "NODE_PATH", "GEM_HOME", "GEM_PATH", "PERL5LIB")


@dataclass(frozen=True)
class Step:
    """One command of the build."""

    command: str
    """Command line for the shell; its working directory is the folder of the code."""
    needs: str = ""
    """The program that must be installed on this machine; empty if the environment contains it."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables in addition to those of every step; PATH is prepended to theirs."""
    uses_machine: bool = False
    """Whether it has this process's variables, since it looks for this machine's Python or installs a tool."""


def local_steps(plan: BuildPlan, target: Path, uv: str) -> list[Step]:
    """The commands that build the environment, once the code is in `TARGET/app`.

    Args:
        plan: a plan with a package manager.
        target: absolute path of the environment.
        uv: path of the uv program.
    """
    venv, tools, uv_command = str(target / "venv"), str(target / "tools"), shlex.quote(uv)
    install = install_steps(plan, venv, f"{uv_command} pip")
    environment = {"VIRTUAL_ENV": venv, "PATH": f"{venv}/bin:{tools}/bin", **install.environment}
    conda = "conda" if plan.manager == "conda" else ""
    steps: list[Step] = []
    if plan.node:
        steps += [Step(plan.node.install, "npm"), Step("npm run build && rm -rf node_modules", "npm")]
    if not conda:
        create = f"{uv_command} venv --python {plan.python_version} {shlex.quote(venv)}"
        steps.append(Step(create, uses_machine=True))
    if install.tool:
        create_tools = f"{uv_command} venv --python {plan.python_version} {shlex.quote(tools)}"
        install_tool = f"{uv_command} pip install --python {shlex.quote(tools + '/bin/python')} {install.tool}"
        steps.append(Step(f"{create_tools} && {install_tool}", uses_machine=True))
    commands = [command for command in (install.dependencies, install.project) if command]
    return steps + [Step(command, conda, environment) for command in commands]


def start_script(plan: BuildPlan) -> str:
    """The content of `TARGET/start`."""
    return f"""#!/bin/sh
# Starts the command of the image's CMD, or the one in the arguments.
set -eu
cd "$(dirname "$0")"
# Nothing of this shell may make the app work: it gets the programs and module paths that the image has.
unset {" ".join(MODULE_PATHS)}
VIRTUAL_ENV=$PWD/venv PATH=$PWD/venv/bin:$PWD/bin PYTHONUNBUFFERED=1 PYTHONNOUSERSITE=1
export VIRTUAL_ENV PATH PYTHONUNBUFFERED PYTHONNOUSERSITE
cd app
[ $# -gt 0 ] || set -- {shlex.join(shell_command(plan.start_command))}
exec "$@"
"""

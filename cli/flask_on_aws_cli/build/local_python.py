"""The Python of this machine that a plan is built with: the plan's version if it is here or uv can download it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import click
from flask_on_aws.build_plan.plan import BuildPlan
from uv import find_uv_bin

# uv downloads none by itself if this is one of these: https://docs.astral.sh/uv/reference/environment/#uv_python_downloads
_DOWNLOADS, _NONE = "UV_PYTHON_DOWNLOADS", ("manual", "never")
# That of the archive of 3.13 for Linux, to the nearest ten: https://github.com/astral-sh/python-build-standalone
_MEGABYTES = 30


# Where version managers install Pythons, with the variable that moves the folder: uv looks at PATH alone, where pyenv
# has shims, which fail unless the version is selected. https://github.com/pyenv/pyenv#environment-variables,
# https://asdf-vm.com/manage/configuration.html, https://mise.jdx.dev/directories.html
_MANAGERS = (
    ("PYENV_ROOT", ".pyenv", "versions"),
    ("ASDF_DATA_DIR", ".asdf", "installs/python"),
    ("MISE_DATA_DIR", ".local/share/mise", "installs/python"),
)


class LocalPython(NamedTuple):
    """A version of Python on this machine."""

    version: str
    """As major.minor."""
    difference: str = ""
    """Why it is not the plan's, and the fix, as part of a sentence; empty if it is."""


def _print(text: str) -> None:
    click.echo(text, err=True)


def local_python(plan: BuildPlan, say: Callable[[str], None] = _print) -> LocalPython:
    """The plan's version if it is on this machine or uv can download it, else that of the Python that runs this tool.

    Conda installs its own Python, so with it no version of the machine matters.

    Args:
        plan: a plan with a package manager.
        say: receives a line before a download. Default: standard error.
    """
    version = plan.python_version
    if plan.manager == "conda" or _uv("find", version, downloads=False) is None:
        return LocalPython(version)
    mode = os.environ.get(_DOWNLOADS, "")
    if mode in _NONE:
        reason, fix = f"{_DOWNLOADS} is {mode}", "install it, or let uv download it: UV_PYTHON_DOWNLOADS=automatic"
    else:
        say(f"Python {version} is not on this machine: uv downloads it, about {_MEGABYTES} MB.")
        reason, fix = _uv("install", version, downloads=True), "install it"
    if reason is None:
        return LocalPython(version)
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    return LocalPython(own, f"Python {version} is not on this machine, and uv cannot download it ({reason}); {fix}")


def python_path(version: str, machine: Mapping[str, str]) -> str:
    """The PATH in which uv finds a Python of a version manager as well.

    Args:
        version: major.minor.
        machine: the variables of this process.
    """
    folders = list[str]()
    for variable, default, installed in _MANAGERS:
        root = Path(machine.get(variable) or Path(machine.get("HOME", "/"), default), installed)
        found = [program.parent for program in root.glob(f"{version}.*/bin/python{version}")]
        folders += map(str, sorted(found, key=_patch)[-1:])
    return os.pathsep.join((*folders, machine.get("PATH", os.defpath)))


def _patch(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", folder.parent.name)))


def _uv(command: str, version: str, downloads: bool) -> str | None:
    """Run `uv python`; returns None, or why it failed."""
    environment = {**os.environ, "PATH": python_path(version, os.environ)}
    if not downloads:
        environment[_DOWNLOADS] = "never"
    arguments = [find_uv_bin(), "python", command, version]
    result = subprocess.run(  # noqa: S603 no shell
        arguments, capture_output=True, text=True, errors="replace", check=False, env=environment
    )
    lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    last = lines[-1] if lines else f"exit code {result.returncode}"
    return last.removeprefix("error: ").removeprefix("cause: ").rstrip(".") if result.returncode else None

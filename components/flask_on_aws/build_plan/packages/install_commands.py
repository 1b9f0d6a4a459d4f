"""The commands that install a plan's dependencies, the same in an image and on a developer's machine."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..plan import BuildPlan
from .package_manager import PIP_CONF

# The releases of 2026-11-21. Pinned, so that a new release of a tool does not change the build of an unchanged app.
_POETRY, _PIPENV, _UV = "poetry==2.5.1", "pipenv==2026.10.3", "uv==0.13.9"
# pip has no option for this: the dependencies of a project without the project.
_LISTED = (
    "python -c 'import tomllib; "
    'print(*tomllib.load(open("pyproject.toml", "rb"))["project"].get("dependencies", []), sep="\\n")\''
)


@dataclass(frozen=True)
class Steps:
    """Shell commands, to be run in the folder of the code with the environment's `bin` first on PATH."""

    dependencies: str
    """Installs the dependencies; reads nothing but the plan's dependency files, unless code comes first."""
    project: str = ""
    """Installs the app itself; empty if it is not installed."""
    reinstall: str = ""
    """Installs the app itself again, with files that the build added; empty if it runs from its folder."""
    tool: str = ""
    """The tool's distribution, to be installed outside the app's environment; empty for pip and conda."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables that the commands need besides VIRTUAL_ENV."""


def install_steps(plan: BuildPlan, prefix: str, pip: str = "pip") -> Steps:
    """The commands for a plan.

    Args:
        plan: a plan that has a manager.
        prefix: folder of the environment.
        pip: the command instead of pip, such as `uv pip`.
    """
    return {
        "pip": _pip,
        "pyproject": _pyproject,
        "pipenv": _pipenv,
        "poetry": _poetry,
        "uv": _uv,
        "conda": _conda,
    }[plan.manager](plan, prefix, pip)


def _pip(plan: BuildPlan, prefix: str, pip: str) -> Steps:
    hashes = "--require-hashes " if plan.hashes else ""
    return Steps(f"{_configured(plan, pip)} install {hashes}-r {plan.decides}")


def _configured(plan: BuildPlan, pip: str) -> str:
    """Only pip itself reads its configuration, and a build in isolation does so from another folder."""
    return f'PIP_CONFIG_FILE="$PWD/{PIP_CONF}" python -m pip' if PIP_CONF in plan.dependency_files else pip


def _pyproject(plan: BuildPlan, prefix: str, pip: str) -> Steps:
    pip = _configured(plan, pip)
    again = f"{pip} install --no-deps --force-reinstall ." if plan.installs_project else ""
    if plan.code_first:
        return Steps(f"{pip} install .", reinstall=again)
    file = shlex.quote(f"{prefix}/listed.txt")
    listed = f"{_LISTED} > {file} && {pip} install -r {file}"
    return Steps(listed, f"{pip} install --no-deps ." if plan.installs_project else "", reinstall=again)


def _pipenv(plan: BuildPlan, prefix: str, pip: str) -> Steps:
    command = "pipenv sync" if plan.decides == "Pipfile.lock" else "pipenv install --skip-lock"
    # -1: it uses the active environment without a message about it.
    return Steps(command, tool=_PIPENV, environment={"PIPENV_VERBOSITY": "-1", "PIPENV_YES": "1"})


def _poetry(plan: BuildPlan, prefix: str, pip: str) -> Steps:
    install = "poetry install --no-interaction --only main --compile"
    project = "poetry install --no-interaction --only-root --compile" if plan.installs_project else ""
    return Steps(f"{install} --no-root", project, tool=_POETRY)


def _uv(plan: BuildPlan, prefix: str, pip: str) -> Steps:
    # Without a lock file, uv writes one into the environment's copy of the folder, from which the second command installs.
    frozen = "--frozen " if plan.decides == "uv.lock" else ""
    sync = f"uv sync {frozen}--no-dev --no-editable"
    environment = {
        "UV_PROJECT_ENVIRONMENT": prefix,
        "UV_PYTHON_DOWNLOADS": "never",  # the image's Python, the same at build and run time
        "UV_LINK_MODE": "copy",  # the cache is on another file system
        "UV_COMPILE_BYTECODE": "1",
    }
    project = sync if plan.installs_project else ""
    again = "uv pip install --no-deps --reinstall ." if plan.installs_project else ""
    return Steps(f"{sync} --no-install-project", project, again, _UV, environment)


def _conda(plan: BuildPlan, prefix: str, pip: str) -> Steps:
    create = "conda env create" if plan.decides == "environment.yml" else "conda create"
    where = f"--yes --prefix {shlex.quote(prefix)}"
    # The second command has no effect if the file itself names Python.
    python = f"conda install {where} 'python={plan.python_version}.*'"
    return Steps(f"{create} {where} --file {plan.decides} && {python}")

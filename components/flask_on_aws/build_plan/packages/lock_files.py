"""Whether a lock file says what an app needs: a stale one may lie next to the file that does."""

from typing import Any

from ..project_files import ProjectFiles, items, table

_PYPROJECT = "pyproject.toml"
NO_DEPENDENCIES = "declares no dependencies"
"""How the reason ends where a lock file is that of a project without dependencies."""
OUTSIDE_FIX = "move it into the app's folder, or take it from an index or a Git repository"
# Lock files that are never read, with the command that writes one that is.
_UNREAD = {
    "pdm.lock": "is not read; `pdm export --output requirements.txt` writes what is",
    "pylock.toml": "is not read; `pip-compile` and `uv export` write a requirements.txt, which is",
    "requirements.lock": "is not read; copy it to requirements.txt, which is",
    "conda-lock.yml": "is not read; `conda-lock render --kind env` writes an environment.yml, which is",
    "pixi.lock": "is not read; `pixi workspace export conda-environment` writes an environment.yml, which is",
}


def unread_locks(files: ProjectFiles) -> dict[str, str]:
    """The lock files in the folder that are never read, with the reason."""
    return {name: reason for name, reason in _UNREAD.items() if files.has(name)}


def uv_gap(files: ProjectFiles) -> str:
    """Why uv.lock does not say what the app needs; empty if it does."""
    if not files.has(_PYPROJECT):
        return f"there is no {_PYPROJECT}"
    project = files.toml(_PYPROJECT)
    uv = table(project, "tool", "uv")
    if "project" not in project and "workspace" not in uv:
        return f"{_PYPROJECT} has no [project]"
    is_needed = _has_dependencies(project) or "workspace" in uv or uv.get("default-groups")
    return "" if is_needed else f"{_PYPROJECT} {NO_DEPENDENCIES}"


def poetry_gap(files: ProjectFiles) -> str:
    """Why poetry.lock does not say what the app needs; empty if it does."""
    if not files.has(_PYPROJECT):
        return f"there is no {_PYPROJECT}"
    project = files.toml(_PYPROJECT)
    poetry = table(project, "tool", "poetry")
    if "project" not in project and not poetry:
        return f"{_PYPROJECT} has neither [tool.poetry] nor [project]"
    own = {**table(poetry, "dependencies"), **table(poetry, "group", "main", "dependencies")}
    return "" if own.keys() - {"python"} or _has_dependencies(project) else f"{_PYPROJECT} {NO_DEPENDENCIES}"


def pipenv_gap(files: ProjectFiles) -> str:
    """Why Pipfile.lock does not say what the app needs; empty if it does."""
    if not files.has("Pipfile"):
        return "there is no Pipfile"
    return "" if table(files.toml("Pipfile"), "packages") else f"Pipfile {NO_DEPENDENCIES}"


def _has_dependencies(project: dict[str, Any]) -> bool:
    own = table(project, "project")
    return bool(items(own.get("dependencies"))) or "dependencies" in items(own.get("dynamic"))

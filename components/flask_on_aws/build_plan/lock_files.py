"""Whether a lock file says what an app needs: a stale one may lie next to the file that does."""

from collections.abc import Iterator, Mapping
from typing import Any

from .project_files import ProjectFiles, items, table
from .requirements import outside_problem

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


def outside_locked(lock: Mapping[str, Any], file: str) -> Iterator[str]:
    """Packages of uv.lock and poetry.lock that come from outside of the app's folder, one sentence each.

    Packages that only development needs are not installed, and do not count.
    """
    packages = [table(package) for package in items(lock.get("package"))]
    needed = _needed_of_uv(packages) if file == "uv.lock" else None
    for package in packages:
        name, source = str(package.get("name", "")), table(package, "source")
        path = source.get("editable") or source.get("directory") or source.get("path") or source.get("virtual")
        if source.get("type") in ("directory", "file"):
            path = source.get("url")
        groups = package.get("groups")  # Poetry's, since 2.0
        is_needed = name in needed if needed is not None else isinstance(groups, list) and "main" in groups
        if isinstance(path, str) and is_needed and (problem := outside_problem(None, path)):
            yield f"{file}: {name!r} from {path} {problem}; {OUTSIDE_FIX}."


def _needed_of_uv(packages: list[dict[str, Any]]) -> set[str]:
    """The packages that the project itself needs, with what those need."""
    needs = {
        str(package.get("name", "")): [
            str(table(entry).get("name", "")) for entry in items(package.get("dependencies"))
        ]
        for package in packages
    }
    waiting = [
        str(package.get("name", ""))
        for package in packages
        if "." in (table(package, "source").get("virtual"), table(package, "source").get("editable"))
    ]
    needed = set[str]()
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += needs.get(name, [])
    return needed


def _has_dependencies(project: dict[str, Any]) -> bool:
    own = table(project, "project")
    return bool(items(own.get("dependencies"))) or "dependencies" in items(own.get("dynamic"))

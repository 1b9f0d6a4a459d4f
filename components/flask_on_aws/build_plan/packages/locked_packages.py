"""The packages of uv.lock and poetry.lock that an image gets: those of the app itself, not of groups and extras.

A lock file covers every group and extra at once. Neither tool has a library that reads its lock file.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..project_files import FileError, items, table
from .requirements import Requirements, add_requirement, applies, normalized

_MAIN = "main"
# `uv sync --no-dev` leaves out this group alone.
_DEVELOPMENT = "dev"


class LockedPackage(NamedTuple):
    """A package of a lock file."""

    name: str
    """Normalized."""
    version: str
    is_git: bool
    path: str
    """Folder or file that it comes from; empty for a package of an index."""


Need = tuple[str, tuple[str, ...]]
"""Normalized names of a package and of its extras."""


def uv_groups(project: Mapping[str, Any]) -> list[str]:
    """The dependency groups that `uv sync --no-dev` installs."""
    groups = table(project, "tool", "uv").get("default-groups", [])
    names = list(table(project, "dependency-groups")) if groups == "all" else [str(name) for name in items(groups)]
    return [name for name in names if normalized(name) != _DEVELOPMENT]


def group_requirements(project: Mapping[str, Any], group: str, seen: tuple[str, ...] = ()) -> list[str]:
    """The requirements of a dependency group and of the groups that it includes."""
    by_name = {normalized(name): items(lines) for name, lines in table(project, "dependency-groups").items()}
    name = normalized(group)
    if name in seen:
        return []
    lines = list[str]()
    for entry in by_name.get(name, []):
        if isinstance(entry, str):
            lines.append(entry)
        elif included := table(entry).get("include-group"):
            lines += group_requirements(project, str(included), (*seen, name))
    return lines


def extra_requirements(project: Mapping[str, Any], extras: Iterable[str]) -> list[str]:
    """The requirements of extras of [project], and of the project's other extras that these name."""
    by_name = {normalized(name): items(lines) for name, lines in table(project, "optional-dependencies").items()}
    name, waiting, seen = normalized(str(project.get("name", ""))), list(extras), set[str]()
    lines = list[str]()
    while waiting:
        extra = waiting.pop()
        if extra in seen:
            continue
        seen.add(extra)
        for line in map(str, by_name.get(extra, [])):
            requirements = Requirements()
            add_requirement(requirements, line.strip(), "pyproject.toml")
            if name in requirements.needs:
                waiting += requirements.needs[name]
            else:
                lines.append(line)
    return lines


def locks_path(lock: Mapping[str, Any], file: str) -> str:
    """A package of a lock file that comes from a folder other than the app's, with its place; empty if none does."""
    names = [
        str(package.get("name", "")) for package in map(table, items(lock.get("package"))) if _is_elsewhere(package)
    ]
    return f"{names[0]!r} in {file}" if names else ""


def root_package(lock: Mapping[str, Any]) -> dict[str, Any]:
    """The app's own entry in uv.lock; empty if it has none."""
    roots = [package for package in map(table, items(lock.get("package"))) if _folder(package) == "."]
    return roots[0] if roots else {}


def installed_by_uv(lock: Mapping[str, Any], groups: Iterable[str]) -> list[LockedPackage]:
    """The packages of uv.lock that `uv sync --no-dev` installs: all of them if the app has no entry in it."""
    packages, root = _packages(lock), root_package(lock)
    if not root:
        return [_locked(package) for package in packages]
    first = [
        *_uv_needs(root, ()),
        *(need for group in groups for need in _uv_entries(table(root, "dev-dependencies").get(group))),
    ]
    return [_locked(package) for package in _reachable(packages, first, _uv_needs) if package is not root]


def _uv_needs(package: Mapping[str, Any], extras: Iterable[str]) -> Iterator[Need]:
    yield from _uv_entries(package.get("dependencies"))
    for extra, entries in table(package, "optional-dependencies").items():
        if normalized(extra) in extras:
            yield from _uv_entries(entries)


def _uv_entries(entries: Any) -> Iterator[Need]:
    for entry in map(table, items(entries)):
        if applies(str(entry.get("marker", ""))):
            yield _need(entry.get("name"), entry.get("extra"))


def installed_by_poetry(lock: Mapping[str, Any], project: Mapping[str, Any]) -> list[LockedPackage]:
    """The packages of poetry.lock that `poetry install --only main` installs."""
    packages = _packages(lock)
    if any("groups" in package for package in packages):  # since Poetry 2
        return [_locked(package) for package in packages if _is_main(package)]
    return [_locked(package) for package in _reachable(packages, poetry_needs(project), _poetry_needs)]


def _is_main(package: Mapping[str, Any]) -> bool:
    markers = package.get("markers", "")
    marker = markers if isinstance(markers, str) else table(markers).get(_MAIN, "")
    return _MAIN in items(package.get("groups")) and package.get("optional") is not True and applies(str(marker))


def poetry_needs(project: Mapping[str, Any]) -> list[Need]:
    """What a project of Poetry lists for its main group, without what only its extras install."""
    requirements = Requirements()
    for line in items(table(project, "project").get("dependencies")):
        add_requirement(requirements, str(line), "pyproject.toml")
    needs = list(requirements.needs.items())
    for name, entries in table(project, "tool", "poetry", "dependencies").items():
        needs += [need for need in _poetry_entries(name, entries) if normalized(name) != "python"]
    return needs


def _poetry_needs(package: Mapping[str, Any], extras: Iterable[str]) -> Iterator[Need]:
    for name, entries in table(package, "dependencies").items():
        yield from _poetry_entries(name, entries)
    for extra, lines in table(package, "extras").items():
        if normalized(extra) in extras:
            for line in items(lines):
                with contextlib.suppress(FileError):  # Poetry's to reject
                    requirements = Requirements()
                    add_requirement(requirements, str(line), "poetry.lock")
                    yield from requirements.needs.items()


def _poetry_entries(name: str, entries: Any) -> Iterator[Need]:
    for entry in items(entries) or [entries]:
        fields = table(entry)
        if fields.get("optional") is not True and applies(str(fields.get("markers", ""))):
            yield _need(name, fields.get("extras"))


def _packages(lock: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [package for package in map(table, items(lock.get("package"))) if package.get("name")]


def _reachable(packages: Iterable[dict[str, Any]], first: Iterable[Need], needs: Any) -> list[dict[str, Any]]:
    """The packages that are needed, directly or by another one. All versions of a name count: platforms may differ."""
    by_name = dict[str, list[dict[str, Any]]]()
    for package in packages:
        by_name.setdefault(normalized(str(package["name"])), []).append(package)
    waiting, seen = list(first), set[Need]()
    while waiting:
        need = waiting.pop()
        if need not in seen:
            seen.add(need)
            waiting += [other for package in by_name.get(need[0], []) for other in needs(package, need[1])]
    names = dict.fromkeys(name for name, _ in sorted(seen))
    return [package for name in names for package in by_name.get(name, [])]


def _need(name: Any, extras: Any) -> Need:
    return normalized(str(name)), tuple(sorted(normalized(str(extra)) for extra in items(extras)))


def _locked(package: Mapping[str, Any]) -> LockedPackage:
    source = table(package, "source")
    is_git = "git" in source or source.get("type") == "git"
    return LockedPackage(normalized(str(package["name"])), str(package.get("version", "")), is_git, _path(package))


def _is_elsewhere(package: Mapping[str, Any]) -> bool:
    return _path(package) not in ("", ".")


def _path(package: Mapping[str, Any]) -> str:
    registry = table(package, "source").get("registry")  # uv's: a URL, or a folder of wheels
    is_folder = isinstance(registry, str) and (registry.startswith("file:") or "://" not in registry)
    return str(registry) if is_folder else _folder(package)


def _folder(package: Mapping[str, Any]) -> str:
    source = table(package, "source")
    path = source.get("editable") or source.get("directory") or source.get("path") or source.get("virtual")
    if path is None and source.get("type") in ("directory", "file"):
        path = source.get("url")
    return str(path or "")

"""Lock files that lack what the project requires, so that the image would be built without it, or not at all.

`uv sync --frozen` and `pipenv sync` install what is locked and compare nothing; `poetry install` compares the project's
hash and fails. A lock file that differs only in what an image does not get, such as a group, is no problem for uv and Pipenv.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from ..project_files import ProjectFiles, items, table
from .locked_packages import group_requirements, installed_by_poetry, poetry_needs, root_package, uv_groups
from .requirements import applies, normalized

_PYPROJECT = "pyproject.toml"


class _Required(NamedTuple):
    """What the project requires of one package."""

    name: str
    extras: frozenset[str]
    versions: str
    """A specifier of PEP 440; empty for any version."""


class _Locked(NamedTuple):
    """What the lock file has of one package."""

    extras: frozenset[str]
    versions: tuple[str, ...]
    """Empty for a package that is not from an index."""


def outdated_lock_problems(files: ProjectFiles, decides: str) -> Iterator[str]:
    """What the lock file lacks that decides what is installed, as one sentence with the command that locks again.

    Args:
        files: the app's files.
        decides: the file that decides; one that is not a lock file has no problem.
    """
    check = {"uv.lock": _uv, "poetry.lock": _poetry, "Pipfile.lock": _pipenv}.get(decides)
    reason = check(files) if check else ""
    if reason:
        tool = decides.removesuffix(".lock").replace("Pipfile", "pipenv")
        yield f"{decides} is out of date: {reason}; run `{tool} lock` and commit {decides}."


def _uv(files: ProjectFiles) -> str:
    project, lock = files.toml(_PYPROJECT), files.toml("uv.lock")
    root = root_package(lock)
    if not root or "dependencies" in items(table(project, "project").get("dynamic")):
        return ""
    groups = uv_groups(project)
    lines = [*items(table(project, "project").get("dependencies"))]
    lines += [line for group in groups for line in group_requirements(project, group)]
    # The metadata has what was required when it was locked, before markers removed packages.
    metadata = table(root, "metadata")
    entries = [
        *items(root.get("dependencies")),
        *items(metadata.get("requires-dist")),
        *(entry for group in groups for entry in items(table(metadata, "requires-dev").get(group))),
        *(entry for group in groups for entry in items(table(root, "dev-dependencies").get(group))),
    ]
    extras = dict[str, set[str]]()
    for entry in map(table, entries):
        if not applies(str(entry.get("marker", ""))):
            continue  # of another system, or of an extra
        names = {normalized(str(extra)) for key in ("extra", "extras") for extra in items(entry.get(key))}
        extras.setdefault(normalized(str(entry.get("name", ""))), set()).update(names)
    versions = dict[str, list[str]]()
    for package in map(table, items(lock.get("package"))):
        if "registry" in table(package, "source"):
            versions.setdefault(normalized(str(package.get("name", ""))), []).append(str(package.get("version", "")))
    locked = {name: _Locked(frozenset(found), tuple(versions.get(name, ()))) for name, found in extras.items()}
    # An override replaces what the project requires.
    overrides = items(table(project, "tool", "uv").get("override-dependencies"))
    overridden = {required.name for required in _requirements(overrides)}
    return _difference((required for required in _requirements(lines) if required.name not in overridden), locked)


def _poetry(files: ProjectFiles) -> str:
    project, lock = files.toml(_PYPROJECT), files.toml("poetry.lock")
    recorded = table(lock, "metadata").get("content-hash")
    if not isinstance(recorded, str) or recorded in _poetry_hashes(project):
        return ""
    names = {package.name for package in installed_by_poetry(lock, project)}
    missing = [name for name, _ in poetry_needs(project) if name not in names]
    return f"it lacks {missing[0]!r}, which {_PYPROJECT} requires" if missing else f"{_PYPROJECT} was changed since"


def _poetry_hashes(project: Mapping[str, Any]) -> Iterator[str]:
    """The hashes with which Poetry recognizes a project: `Locker._get_content_hash` of 2.5, and before it read groups."""
    keys = ("requires-python", "dependencies", "optional-dependencies")
    listed = {key: value for key in keys if (value := table(project, "project").get(key)) is not None}
    for groups in (table(project, "dependency-groups"), {}):
        content = {key: value for key, value in (("project", listed), ("dependency-groups", groups)) if value}
        poetry = table(project, "tool", "poetry")
        relevant = {
            key: poetry.get(key)
            for key in ("dependencies", "source", "extras", "dev-dependencies", "group")
            if poetry.get(key) is not None or (key != "group" and not content)
        }
        whole = {**content, "tool": {"poetry": relevant}} if content else relevant
        yield hashlib.sha256(json.dumps(whole, sort_keys=True, default=str).encode()).hexdigest()


def _pipenv(files: ProjectFiles) -> str:
    pipfile, lock = files.toml("Pipfile"), files.json("Pipfile.lock")
    if table(lock, "_meta", "hash").get("sha256") == _pipfile_hash(pipfile):
        return ""
    locked = dict[str, _Locked]()
    for name, entry in table(lock, "default").items():
        version = str(table(entry).get("version", "")).removeprefix("==")
        extras = frozenset(normalized(str(extra)) for extra in items(table(entry).get("extras")))
        locked[normalized(name)] = _Locked(extras, (version,) if version else ())
    required = list[_Required]()
    for name, entry in table(pipfile, "packages").items():
        fields = table(entry) or {"version": entry}
        if applies(str(fields.get("markers", ""))):
            extras = frozenset(normalized(str(extra)) for extra in items(fields.get("extras")))
            versions = str(fields.get("version", "")).replace("*", "")
            required.append(_Required(normalized(name), extras, versions))
    return _difference(required, locked, "Pipfile")


def _pipfile_hash(pipfile: Mapping[str, Any]) -> str:
    """The hash of a Pipfile that its lock file records: `Pipfile.get_hash` of plette."""
    sections = ("source", "packages", "dev-packages", "requires", "scripts", "pipfile", "pipenv", "default", "develop")
    content = {
        "_meta": {"sources": pipfile.get("source"), "requires": pipfile.get("requires", {})},
        "default": pipfile.get("packages", {}),
        "develop": pipfile.get("dev-packages", {}),
        **{name: value for name, value in pipfile.items() if name not in sections},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()


def _requirements(lines: Iterable[Any]) -> Iterator[_Required]:
    """Requirements that an image may need; one that is none is the package manager's to reject."""
    for line in lines:
        try:
            required = Requirement(str(line))
        except InvalidRequirement:
            continue
        if required.marker is None or applies(str(required.marker)):
            extras = frozenset(normalized(extra) for extra in required.extras)
            yield _Required(normalized(required.name), extras, str(required.specifier))


def _difference(required: Iterable[_Required], locked: Mapping[str, _Locked], file: str = _PYPROJECT) -> str:
    """The first thing that is required and not locked; empty if there is none."""
    for name, extras, versions in required:
        if name not in locked:
            return f"it lacks {name!r}, which {file} requires"
        if missing := sorted(extras - locked[name].extras):
            return f"it lacks '{name}[{','.join(missing)}]', which {file} requires"
        if not _has_one_of(versions, locked[name].versions):
            return f"it has {name} {', '.join(locked[name].versions)}, and {file} requires {versions}"
    return ""


def _has_one_of(allowed: str, versions: Sequence[str]) -> bool:
    try:
        specifier = SpecifierSet(allowed)
        return not versions or any(specifier.contains(Version(version), prereleases=True) for version in versions)
    except (InvalidSpecifier, InvalidVersion):
        return True

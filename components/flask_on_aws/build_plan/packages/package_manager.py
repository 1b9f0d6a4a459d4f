"""Which package manager installs an app's dependencies, from which file, and what that file contains."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from packaging.version import Version

from ..project_files import FileError, ProjectFiles, items, table
from .declared_sources import uses_uv
from .lock_files import NO_DEPENDENCIES, OUTSIDE_FIX, pipenv_gap, poetry_gap, unread_locks, uv_gap
from .locked_packages import (
    LockedPackage,
    extra_requirements,
    group_requirements,
    installed_by_poetry,
    installed_by_uv,
    locks_path,
    uv_groups,
)
from .requirements import (
    CONSTRAINTS,
    Requirements,
    add_line,
    add_lowest,
    add_requirement,
    applies,
    local_path,
    lowest_version,
    normalized,
    outside_problem,
    read_requirements,
)
from .undeclared import where_packages_may_be


@dataclass
class Dependencies:
    """What the chosen manager installs."""

    manager: str
    """pip, pipenv, conda, poetry, uv or pyproject."""
    decides: str
    """The file that decides what is installed."""
    reason: str = ""
    files: list[str] = field(default_factory=list[str])
    """The files that the manager reads, to be copied before the code."""
    names: set[str] = field(default_factory=set[str])
    """Normalized names of the packages."""
    hashes: bool = False
    local: str = ""
    """The dependency that needs the code when it is installed; empty if none does."""
    local_paths: list[str] = field(default_factory=list[str])
    """Files and folders of the app that dependencies name."""
    git: bool = False
    installs_project: bool = False
    """Whether the app itself is installed as a package."""
    locked: bool = False
    """Whether a lock file decides, with the source or the hash of each package."""
    by_name: set[str] = field(default_factory=set[str])
    """Normalized names of the packages that come from an index."""
    has_index: bool = False
    """Whether a requirements file names an index."""
    conda_names: set[str] = field(default_factory=set[str])
    """Names of the packages that conda itself installs."""
    lowest: dict[str, Version | None] = field(default_factory=dict[str, Version | None])
    """The lowest version that may be installed, by the package's normalized name; None if any may."""

    def take(self, requirements: Requirements) -> None:
        """Add the packages of requirements files."""
        self.files += [name for name in requirements.files if name not in self.files]
        self.names |= requirements.names
        self.by_name |= requirements.by_name
        self.has_index |= requirements.has_index
        for name, version in requirements.lowest.items():
            add_lowest(self.lowest, name, version)
        self.local_paths += requirements.local_paths
        self.hashes, self.local, self.git = (
            requirements.hashes,
            self.local or requirements.local,
            self.git or requirements.git,
        )


@dataclass(frozen=True)
class _Candidate:
    """A package manager with its file; candidates are tried in order."""

    manager: str
    file: str
    locks: bool
    there: Callable[[ProjectFiles], bool]
    gap: Callable[[ProjectFiles], str] = lambda files: ""
    """Why a lock file does not say what the app needs; empty if it does."""
    manifest: str = ""
    """The file that a lock file is made from."""


_PYPROJECT = "pyproject.toml"
PIP_CONF = "pip.conf"
# Lock files before files that leave versions open; within each group, the order of docs/deploy-your-app.md.
_CANDIDATES: tuple[_Candidate, ...] = (
    _Candidate("uv", "uv.lock", True, lambda files: files.has("uv.lock"), uv_gap, _PYPROJECT),
    _Candidate("poetry", "poetry.lock", True, lambda files: files.has("poetry.lock"), poetry_gap, _PYPROJECT),
    _Candidate("pipenv", "Pipfile.lock", True, lambda files: files.has("Pipfile.lock"), pipenv_gap, "Pipfile"),
    _Candidate("pip", "requirements.txt", True, lambda files: "--hash=" in files.text("requirements.txt")),
    _Candidate("pip", "requirements.txt", False, lambda files: files.has("requirements.txt")),
    _Candidate("pipenv", "Pipfile", False, lambda files: files.has("Pipfile")),
    _Candidate("conda", "environment.yml", False, lambda files: files.has("environment.yml")),
    _Candidate("conda", "package-list.txt", False, lambda files: files.has("package-list.txt")),
    _Candidate("poetry", _PYPROJECT, False, lambda files: _uses_poetry(files.toml(_PYPROJECT))),
    _Candidate("uv", _PYPROJECT, False, uses_uv),
    _Candidate("pyproject", _PYPROJECT, False, lambda files: "project" in files.toml(_PYPROJECT)),
)
LOOKED_AT = tuple(dict.fromkeys(candidate.file for candidate in _CANDIDATES))


def choose_manager(files: ProjectFiles) -> Dependencies:
    """The manager and what it installs.

    Raises:
        FileError: if there is none, or its file does not parse.
    """
    there = [candidate for candidate in _CANDIDATES if candidate.there(files)]
    gaps = {candidate.file: gap for candidate in there if (gap := candidate.gap(files))}
    complete = [candidate for candidate in there if candidate.file not in gaps]
    for candidate in there:
        # A project without dependencies is installed from its lock file if no other file names any.
        is_alone = all(other.file == candidate.manifest for other in complete)
        if is_alone and gaps.get(candidate.file, "").endswith(NO_DEPENDENCIES):
            del gaps[candidate.file]
    candidates = [candidate for candidate in there if candidate.file not in gaps]
    passed = [f"{file} ({gap})" for file, gap in {**gaps, **unread_locks(files)}.items()]
    if not candidates:
        raise FileError(
            f"nothing says what to install; looked for {', '.join(LOOKED_AT)}; "
            + (f"passed over: {', '.join(passed)}; " if passed else "")
            + (where_packages_may_be(files, LOOKED_AT) or "list the app's packages in one of them")
            + (" (a Dockerfile alone builds an image, and nothing else)." if files.has("Dockerfile") else ".")
        )
    first = candidates[0]
    chosen = Dependencies(first.manager, first.file, locked=first.locks)
    _READERS[first.manager](files, chosen)
    if first.manager in ("pip", "pyproject"):
        _add_pip_conf(files, chosen)
    others = {candidate.file: None for candidate in candidates if candidate.file not in (first.file, *chosen.files)}
    reason = [f"{first.file} pins every version" if first.locks else f"there is {first.file}"]
    reason += [f"passed over: {', '.join(passed)}"] if passed else []
    reason += [f"not used for this: {', '.join(others)}"] if others else []
    chosen.reason = "; ".join(reason)
    return chosen


def _read_pip(files: ProjectFiles, chosen: Dependencies) -> None:
    requirements = read_requirements(files, "requirements.txt")
    chosen.take(requirements)
    if requirements.has_project:
        _add_project(files, chosen, requirements.project_extras)


def _add_pip_conf(files: ProjectFiles, chosen: Dependencies) -> None:
    """The app's own configuration of pip, which may name an index, or files that pip reads."""
    if not files.has(PIP_CONF):
        return
    chosen.files.append(PIP_CONF)
    for number, line in enumerate(files.text(PIP_CONF).splitlines(), 1):
        option = re.match(r"\s*(index-url|extra-index-url|find-links|constraint|requirement)\s*[=:]\s*(\S.*)", line)
        if option:
            chosen.has_index |= option[1] in ("index-url", "extra-index-url", "find-links")
            if any("://" not in value for value in option[2].split()):
                chosen.local = chosen.local or f"{line.strip()!r} in {PIP_CONF}, line {number}"


def _read_pipenv(files: ProjectFiles, chosen: Dependencies) -> None:
    chosen.files = [name for name in ("Pipfile", "Pipfile.lock") if files.has(name)]
    files.toml("Pipfile")
    source = (
        files.json("Pipfile.lock").get("default")
        if chosen.decides == "Pipfile.lock"
        else files.toml("Pipfile").get("packages")
    )
    for name, wanted in table(source).items():
        _add_table(chosen, name, table(wanted), f"{name!r} in {chosen.decides}")


def _read_conda(files: ProjectFiles, chosen: Dependencies) -> None:
    chosen.files = [chosen.decides]
    # conda's packages contain their libraries, so their names ask for no system packages.
    if chosen.decides == "package-list.txt":
        lines = files.text("package-list.txt").splitlines()
        chosen.conda_names |= {_conda_name(line.rpartition("/")[2]) for line in lines}
        return
    for entry in items(files.yaml("environment.yml").get("dependencies")):
        chosen.conda_names |= {_conda_name(entry)} if isinstance(entry, str) else set()
        for line in items(table(entry).get("pip")):
            start = r"\s*-\s*['\"]?" + re.escape(str(line))
            place = f"environment.yml, line {files.line_of('environment.yml', start)}"
            _add_pip_line(files, chosen, str(line), place)


def _conda_name(requirement: str) -> str:
    """The name of a package as conda writes it: `channel::name=version`, or a file of a package."""
    name = re.split(r"[\s=<>!~\[]", requirement.strip().rpartition("::")[2])[0]
    return normalized(re.sub(r"-[\d.]+[a-z0-9.]*-[^-]+\.(?:conda|tar\.bz2)$", "", name)) if name else ""


def _add_pip_line(files: ProjectFiles, chosen: Dependencies, line: str, place: str) -> None:
    if included := re.match(r"(-r|--requirement|-c|--constraint)[\s=]*(\S+)", line):
        if not files.has(included[2]):
            raise FileError(f"{place}: {included[2]!r} is not in the app's folder; put it there or remove the line.")
        chosen.take(read_requirements(files, included[2], constrains=included[1] in CONSTRAINTS))
    elif line.strip():
        requirements = Requirements()
        add_line(requirements, line.strip(), place, files)
        chosen.take(requirements)


def _read_poetry(files: ProjectFiles, chosen: Dependencies) -> None:
    project = files.toml(_PYPROJECT)
    chosen.files = [name for name in (_PYPROJECT, "poetry.lock", "poetry.toml") if files.has(name)]
    poetry = table(project, "tool", "poetry")
    for name, wanted in table(poetry, "dependencies").items():
        for entry in items(wanted) or [wanted]:
            _add_table(chosen, name, table(entry), f"{name!r} in {_PYPROJECT}")
    _add_project(files, chosen)
    lock = files.toml("poetry.lock")
    _add_locked(chosen, installed_by_poetry(lock, project), lock)
    name = poetry.get("name") or table(project, "project").get("name") or ""
    module = normalized(str(name)).replace("-", "_")
    has_module = bool(module) and any(
        files.has_folder(f"{where}{module}") or files.has(f"{where}{module}.py") for where in ("", "src/")
    )
    chosen.installs_project = poetry.get("package-mode") is not False and ("packages" in poetry or has_module)


def _read_uv(files: ProjectFiles, chosen: Dependencies) -> None:
    project = files.toml(_PYPROJECT)
    chosen.files = [name for name in (_PYPROJECT, "uv.toml", "uv.lock") if files.has(name)]
    lock, groups = files.toml("uv.lock"), uv_groups(project)
    _add_locked(chosen, installed_by_uv(lock, groups), lock)
    if not chosen.locked:
        _add_project(files, chosen)
        if "dependencies" in items(table(project, "project").get("dynamic")):
            chosen.local = f"'dependencies' is dynamic in {_PYPROJECT}"
        lines = [line for group in groups for line in group_requirements(project, group)]
        _add_requirements(files, chosen, lines, _PYPROJECT)
        _add_uv_sources(chosen, table(project, "tool", "uv", "sources"))
    package = table(project, "tool", "uv").get("package")
    chosen.installs_project = package is True or (package is not False and "build-system" in project)


def _read_pyproject(files: ProjectFiles, chosen: Dependencies) -> None:
    project = files.toml(_PYPROJECT)
    chosen.files = [_PYPROJECT]
    _add_project(files, chosen)
    # Without a build system the app is code to run, not a package: setuptools would guess, and reject many folders.
    chosen.installs_project = "build-system" in project
    if "dependencies" in items(table(project, "project").get("dynamic")):
        chosen.local = f"'dependencies' is dynamic in {_PYPROJECT}"
        chosen.installs_project = True


def _add_project(files: ProjectFiles, chosen: Dependencies, extras: Iterable[str] = ()) -> None:
    """The dependencies of [project], and those of the extras that are installed with it."""
    project = table(files.toml(_PYPROJECT), "project")
    line_number = files.line_of(_PYPROJECT, r"\s*dependencies\b")
    lines = [str(line) for line in items(project.get("dependencies"))]
    lines += extra_requirements(project, extras)
    _add_requirements(files, chosen, lines, f"{_PYPROJECT}, line {line_number}")


def _add_requirements(files: ProjectFiles, chosen: Dependencies, lines: Iterable[str], place: str) -> None:
    requirements = Requirements()
    for line in lines:
        if line.strip():
            add_requirement(requirements, line.strip(), place, files)
    chosen.take(requirements)


def _add_uv_sources(chosen: Dependencies, sources: dict[str, Any]) -> None:
    """Where uv gets packages that are not in a lock file. It reads all of them, though it installs only what is needed."""
    for name, source in sources.items():
        for entry in map(table, items(source) or [source]):
            if not applies(str(entry.get("marker", ""))):
                continue
            chosen.git |= "git" in entry
            if {"path", "workspace"} & entry.keys():
                chosen.local = chosen.local or f"{name!r} in {_PYPROJECT}"
            if path := str(entry.get("path") or ""):
                _add_path(chosen, path, f"{name!r} in {_PYPROJECT}: {path!r}")


def _add_locked(chosen: Dependencies, installed: Iterable[LockedPackage], lock: dict[str, Any]) -> None:
    """The installed packages of a lock file. Those in a folder other than the app's need the code, even to be skipped."""
    chosen.local = chosen.local or locks_path(lock, chosen.decides)
    locked = dict[str, Version | None]()
    for package in installed:
        if package.path:
            _add_path(chosen, package.path, f"{chosen.decides}: {package.name!r} from {package.path}")
        chosen.git |= package.is_git
        chosen.names.add(package.name)
        add_lowest(locked, package.name, lowest_version(f"=={package.version}"))
    chosen.lowest |= locked


def _add_path(chosen: Dependencies, path: str, place: str) -> None:
    """A file or folder that a dependency comes from, which must be in the app's folder and sent to the builder."""
    if problem := outside_problem(None, path):
        raise FileError(f"{place} {problem}; {OUTSIDE_FIX}.")
    chosen.local_paths.append(local_path(path))


def _add_table(chosen: Dependencies, name: str, wanted: dict[str, Any], place: str) -> None:
    """A dependency as Pipenv and Poetry write it: a version, or a table with extras, a path or a repository."""
    if wanted.get("optional") is True or not applies(str(wanted.get("markers", ""))):
        return
    extras = {f"{normalized(name)}-{normalized(str(extra))}" for extra in items(wanted.get("extras"))}
    chosen.names |= {normalized(name)} | extras
    add_lowest(chosen.lowest, normalized(name), lowest_version(str(wanted.get("version", ""))))
    chosen.by_name |= {normalized(name)} if not {"path", "file", "git", "url"} & wanted.keys() else set()
    chosen.git |= "git" in wanted
    path = str(wanted.get("path") or wanted.get("file") or "")
    if path and "://" not in path.removeprefix("file://"):
        _add_path(chosen, path, f"{place}: {path!r}")
    if any(key in wanted for key in ("path", "file", "editable", "workspace")) and "git" not in wanted:
        chosen.local = chosen.local or place


def _uses_poetry(project: dict[str, Any]) -> bool:
    backend = str(table(project, "build-system").get("build-backend", ""))
    return bool(table(project, "tool", "poetry")) or backend.startswith("poetry.")


_READERS: dict[str, Callable[[ProjectFiles, Dependencies], None]] = {
    "pip": _read_pip,
    "pipenv": _read_pipenv,
    "conda": _read_conda,
    "poetry": _read_poetry,
    "uv": _read_uv,
    "pyproject": _read_pyproject,
}


def problems_of_other_files(files: ProjectFiles) -> Iterator[str]:
    """A pyproject.toml that does not parse is reported even if another file decides, since scripts are looked up in it."""
    try:
        files.toml(_PYPROJECT)
    except FileError as error:
        yield str(error)

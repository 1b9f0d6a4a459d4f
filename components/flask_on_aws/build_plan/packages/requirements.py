"""What a requirements file asks of a build: https://pip.pypa.io/en/stable/reference/requirements-file-format/.

`packaging` reads each requirement; the file around them (options, includes, continued lines, paths) is pip's own format, of
which `packaging` knows nothing and pip offers no public reader.
"""

import posixpath
import re
from dataclasses import dataclass, field

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ..project_files import FileError, ProjectFiles
from .python_version import SUPPORTED

_INCLUDE = re.compile(r"(?P<option>-r|-c|--requirement|--constraint)[\s=]*(?P<target>\S+)")
CONSTRAINTS = ("-c", "--constraint")
"""Options that name a file of constraints, which limit versions and install nothing."""
_EDITABLE = re.compile(r"(?:-e|--editable)[\s=]*(\S+)")
_INDEX = re.compile(r"(?:^|(?<=\s))(?:-i|--index-url|--extra-index-url|-f|--find-links|--no-index)\b[\s=]*([^\s-]\S*)?")
# Options of one requirement, as `--hash=…`, follow it in the same line.
_OPTIONS = re.compile(r"\s--?[A-Za-z].*")
# pip puts in the build's variables, whose values are not known here; a version like any other stands for them.
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
# Markers are evaluated for an image. Its Python and processor may be chosen otherwise: what one of them needs is needed.
_IMAGES = [
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": machine}
    | {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    | {"python_version": version, "python_full_version": f"{version}.0", "implementation_version": f"{version}.0"}
    for version in SUPPORTED
    for machine in ("x86_64", "aarch64")
]
# Distributions on PyPI that have wheels for one other system, and no source that compiles on Linux.
_OTHER_SYSTEMS = {
    "Windows": (re.compile(r"pywin32|pypiwin32|pywinpty|windows-curses"), "win32"),
    "macOS": (re.compile(r"pyobjc(?:-core|-framework-.+)?"), "darwin"),
}
_ARCHIVE = (".whl", ".zip", ".tar.gz", ".tar.bz2")


@dataclass
class Requirements:
    """One requirements file with all that it includes."""

    files: list[str] = field(default_factory=list[str])
    """The file itself and those that it names, in the order in which they are met."""
    names: set[str] = field(default_factory=set[str])
    """Normalized names of the packages, without those of constraints; an extra is `package-extra` as well."""
    hashes: bool = False
    """Whether a line has a hash, and so pip wants one on every line."""
    local: str = ""
    """The first line that names something in the app's folder, with its place: it needs the code to be there."""
    local_paths: list[str] = field(default_factory=list[str])
    """What lines name in the app's folder, relative to it."""
    git: bool = False
    """Whether a package comes from a Git repository."""
    by_name: set[str] = field(default_factory=set[str])
    """Normalized names of the packages that come from an index."""
    has_index: bool = False
    """Whether an option names an index or a folder of wheels."""
    has_project: bool = False
    """Whether the app itself is installed, with the dependencies of its pyproject.toml."""
    project_extras: set[str] = field(default_factory=set[str])
    """Normalized names of the app's own extras that are installed."""
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Normalized names of the extras by that of the package, for each package of `names`."""
    lowest: dict[str, Version | None] = field(default_factory=dict[str, Version | None])
    """The lowest version that may be installed, by the package's normalized name; None if any may."""


def read_requirements(files: ProjectFiles, name: str, constrains: bool = False) -> Requirements:
    """Read a requirements file.

    Args:
        files: the app's folder.
        name: the file.
        constrains: whether it limits versions and installs nothing. Default: no.

    Raises:
        FileError: for a line that is none, and for a file that is named but not there.
    """
    found = Requirements()
    _read(files, name, found, constrains)
    return found


def normalized(name: str) -> str:
    """A package's name as PyPI compares it."""
    return canonicalize_name(name)


def lowest_version(specifiers: str) -> Version | None:
    """The lowest version that specifiers such as `>=24,<26` allow; None without a lower bound."""
    try:
        bounds = [item for item in SpecifierSet(specifiers) if item.operator in ("==", "===", "~=", ">=", ">")]
        return max((Version(item.version.removesuffix(".*")) for item in bounds), default=None)
    except (InvalidSpecifier, InvalidVersion):
        return None


def add_lowest(lowest: dict[str, Version | None], name: str, version: Version | None) -> None:
    """Add the lowest version of one of the requirements for a package."""
    former = lowest.get(name, version)
    lowest[name] = min(former, version) if former and version else None


def outside_problem(files: ProjectFiles | None, target: str) -> str:
    """Why a path or a file URL is not in an image of the app's folder; empty if it is, or if a variable decides.

    Args:
        files: the app's folder, in which it must exist; None to check the path alone.
        target: the path or URL, with what pip allows after it: extras and a fragment.
    """
    path = re.sub(r"^file:(?://(?:localhost)?(?=/))?", "", re.sub(r"(?<!^)\[[^\]]*\]$|#.*", "", target))
    if _VARIABLE.search(path):
        return ""
    if path.startswith(("/", "~")) or re.match(r"/?[A-Za-z]:[/\\]", path) or posixpath.normpath(path).startswith(".."):
        return "is not in the app's folder, so it is not in the image"
    exists = files is None or files.has(path) or files.has_folder(path)
    return "" if exists else "does not exist in the app's folder"


def add_requirement(found: Requirements, line: str, place: str, files: ProjectFiles | None = None) -> None:
    """Add one requirement, as PEP 508 or pip writes it.

    Args:
        found: what it is added to.
        line: the requirement.
        place: the file and line that it is in.
        files: the app's folder, in which what it names must exist; None to check its path alone.

    Raises:
        FileError: if it is none, or names a file that is not in the app's folder.
    """
    editable = _EDITABLE.match(line)
    text = editable[1] if editable else _OPTIONS.sub("", line)
    try:
        wanted = Requirement(_VARIABLE.sub("0", text))
    except InvalidRequirement:
        wanted = None
    if wanted and wanted.marker and not applies(str(wanted.marker)):
        return
    # The name of an archive in the folder is a valid name of a package, too.
    target = (wanted.url or wanted.name) if wanted else text.split()[0]
    found.git |= target.startswith("git+")
    if _is_local(target):
        problem = "" if _VARIABLE.search(text) else outside_problem(files, target)
        if problem:
            fix = (
                f"write the version instead, {wanted.name}==…; `pip list --format=freeze` lists all versions"
                if wanted and wanted.url
                else "put it there and write its path in that folder, such as ./lib"
            )
            raise FileError(f"{place}: {line!r} {problem}; {fix}.")
        _add_local(found, target, line, place)
        _add_project(found, target)
    elif wanted:
        name = normalized(wanted.name)
        if problem := _not_for_linux(name, str(wanted.specifier)):
            raise FileError(f"{place}: {line!r} {problem}.")
        found.by_name |= set() if wanted.url else {name}
        add_lowest(found.lowest, name, lowest_version(str(wanted.specifier)))
        extras = {normalized(extra) for extra in wanted.extras}
        found.names |= {name, *(f"{name}-{extra}" for extra in extras)}
        found.needs[name] = tuple(sorted(extras.union(found.needs.get(name, ()))))
    elif not editable and "://" not in line:
        raise FileError(f"{place}: {line!r} is not a requirement; correct or remove it.")


def applies(marker: str) -> bool:
    """Whether an image may need what has this environment marker; one that is none is the package manager's to reject."""
    try:
        parsed = Marker(marker)
    except InvalidMarker:
        return True
    return any(parsed.evaluate(image) for image in _IMAGES)


def _not_for_linux(name: str, version: str) -> str:
    """Why no build can install a package that `pip freeze` writes on a developer's machine; empty for any other."""
    if name == "pkg-resources" and version == "==0.0.0":
        return "is written by Debian's and Ubuntu's pip alone, and no index has it; remove the line"
    for system, (names, platform) in _OTHER_SYSTEMS.items():
        if names.fullmatch(name):
            return f"is a package for {system} alone; remove the line, or add `; sys_platform == '{platform}'` to it"
    return ""


def _add_project(found: Requirements, target: str) -> None:
    """`.` or `./`, which may be followed by extras in brackets."""
    if project := re.fullmatch(r"\./?(?:\[(?P<extras>.*)\])?", target):
        found.has_project = True
        found.project_extras |= {normalized(extra.strip()) for extra in (project["extras"] or "").split(",")} - {""}


def _is_local(target: str) -> bool:
    return target.startswith((".", "/", "file:")) or ("://" not in target and target.endswith(_ARCHIVE))


def _read(files: ProjectFiles, name: str, found: Requirements, constrains: bool = False) -> None:
    """Read one file. Constraints limit versions; they install nothing."""
    if name in found.files:
        return
    found.files.append(name)
    for number, line in _lines(files.text(name)):
        place = f"{name}, line {number}"
        found.hashes |= "--hash=" in line
        if include := _INCLUDE.match(line):
            _include(files, name, include, place, found, constrains)
            continue
        requirements = Requirements() if constrains else found
        add_line(requirements, line, place, files)
        if constrains:
            found.has_index |= requirements.has_index
            found.local = found.local or requirements.local
            found.local_paths += requirements.local_paths


def add_line(found: Requirements, line: str, place: str, files: ProjectFiles | None = None) -> None:
    """Add a line of a requirements file that includes no other: a requirement or an option.

    Args:
        found: what it is added to.
        line: the line.
        place: the file and line that it is in.
        files: the app's folder, in which what it names must exist; None to check its path alone.

    Raises:
        FileError: if it is neither, or names a file that is not in the app's folder.
    """
    if not line.startswith("-") or _EDITABLE.match(line):
        add_requirement(found, line, place, files)
        return
    for index in _INDEX.finditer(line) if _INDEX.match(line) else ():
        found.has_index = True
        target = index[1] or ""
        if target and (target.startswith("file:") or "://" not in target):
            if problem := outside_problem(files, target):
                raise FileError(f"{place}: {line!r} {problem}; put it there and write its path in that folder.")
            _add_local(found, target, line, place)


def local_path(target: str) -> str:
    """The path of a path or a file URL, relative to the app's folder, without what pip allows after it."""
    path = re.sub(r"^file:(?://(?:localhost)?(?=/))?", "", re.sub(r"(?<!^)\[[^\]]*\]$|[#?].*", "", target))
    return posixpath.normpath(path)


def _add_local(found: Requirements, target: str, line: str, place: str) -> None:
    found.local = found.local or f"{line!r} in {place}"
    path = local_path(target)
    if not path.startswith("/") and not _VARIABLE.search(path):
        found.local_paths.append(path)


def _include(
    files: ProjectFiles, name: str, include: re.Match[str], place: str, found: Requirements, constrains: bool
) -> None:
    target = include["target"]
    if "://" in target:
        return
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    if path.startswith(("..", "/")) or not files.has(path):
        raise FileError(f"{place}: {target!r} is not in the app's folder; put it there or remove the line.")
    _read(files, path, found, constrains or include["option"] in CONSTRAINTS)


def _lines(text: str) -> list[tuple[int, str]]:
    """Lines without comments, those that end in a backslash joined, each with the number of its first."""
    joined: list[tuple[int, str]] = []
    first, parts = 1, list[str]()
    for number, raw in enumerate(text.splitlines(), 1):
        first = first if parts else number
        parts.append(raw.removesuffix("\\"))
        if not raw.endswith("\\"):
            joined.append((first, _plain("".join(parts))))
            parts = []
    if parts:
        joined.append((first, _plain("".join(parts))))
    return [(number, line) for number, line in joined if line]


def _plain(line: str) -> str:
    return re.sub(r"(^|\s)#.*", "", line).strip()

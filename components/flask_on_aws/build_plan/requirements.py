"""What a requirements file asks of a build: https://pip.pypa.io/en/stable/reference/requirements-file-format/.

`packaging` reads each requirement; the file around them (options, includes, continued lines, paths) is pip's own format, of
which `packaging` knows nothing and pip offers no public reader.
"""

import posixpath
import re
from dataclasses import dataclass, field

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from .project_files import FileError, ProjectFiles
from .python_version import SUPPORTED

_INCLUDE = re.compile(r"(?:-r|-c|--requirement|--constraint)[\s=]*(\S+)")
_EDITABLE = re.compile(r"(?:-e|--editable)[\s=]*(\S+)")
_INDEX = re.compile(r"(?:-i|--index-url|--extra-index-url|-f|--find-links|--no-index)\b[\s=]*(\S*)")
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
_ARCHIVE = (".whl", ".zip", ".tar.gz", ".tar.bz2")


@dataclass
class Requirements:
    """One requirements file with all that it includes."""

    files: list[str] = field(default_factory=list[str])
    """The file itself and those that it names, in the order in which they are met."""
    names: set[str] = field(default_factory=set[str])
    """Normalized names of the packages; an extra is `package-extra` as well."""
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


def read_requirements(files: ProjectFiles, name: str) -> Requirements:
    """Read a requirements file.

    Raises:
        FileError: for a line that is none, and for a file that is named but not there.
    """
    found = Requirements()
    _read(files, name, found)
    return found


def normalized(name: str) -> str:
    """A package's name as PyPI compares it."""
    return canonicalize_name(name)


def add_requirement(found: Requirements, line: str, place: str) -> None:
    """Add one requirement, as PEP 508 or pip writes it.

    Raises:
        FileError: if it is none.
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
        _add_local(found, target, line, place)
        found.has_project |= re.fullmatch(r"(\.|\./)(\[.*\])?", target) is not None
    elif wanted:
        name = normalized(wanted.name)
        found.by_name |= set() if wanted.url else {name}
        found.names |= {name, *(f"{name}-{normalized(extra)}" for extra in wanted.extras)}
    elif not editable and "://" not in line:
        raise FileError(f"{place}: {line!r} is not a requirement; correct or remove it.")


def applies(marker: str) -> bool:
    """Whether an image may need what has this environment marker; one that is none is the package manager's to reject."""
    try:
        parsed = Marker(marker)
    except InvalidMarker:
        return True
    return any(parsed.evaluate(image) for image in _IMAGES)


def _is_local(target: str) -> bool:
    return target.startswith((".", "/", "file:")) or ("://" not in target and target.endswith(_ARCHIVE))


def _read(files: ProjectFiles, name: str, found: Requirements) -> None:
    if name in found.files:
        return
    found.files.append(name)
    for number, line in _lines(files.text(name)):
        place = f"{name}, line {number}"
        found.hashes |= "--hash=" in line
        if include := _INCLUDE.match(line):
            _include(files, name, include[1], place, found)
        else:
            add_line(found, line, place)


def add_line(found: Requirements, line: str, place: str) -> None:
    """Add a line of a requirements file that includes no other: a requirement or an option.

    Raises:
        FileError: if it is neither.
    """
    if not line.startswith("-") or _EDITABLE.match(line):
        add_requirement(found, line, place)
    elif index := _INDEX.match(line):
        found.has_index = True
        if index[1] and (index[1].startswith("file:") or "://" not in index[1]):
            _add_local(found, index[1], line, place)


def _add_local(found: Requirements, target: str, line: str, place: str) -> None:
    found.local = found.local or f"{line!r} in {place}"
    path = re.sub(r"\[.*\]$|[#?].*", "", re.sub(r"^file:(?://(?:localhost)?(?=/))?", "", target))
    if not path.startswith("/"):
        found.local_paths.append(posixpath.normpath(path))


def _include(files: ProjectFiles, name: str, target: str, place: str, found: Requirements) -> None:
    if "://" in target:
        return
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    if path.startswith(("..", "/")) or not files.has(path):
        raise FileError(f"{place}: {target!r} is not in the app's folder; put it there or remove the line.")
    _read(files, path, found)


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

"""The Python version that an app is built with and runs on."""

import re
from collections.abc import Callable, Iterator

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion

from ..project_files import FileError, ProjectFiles, items, table

# Versions in bugfix or security status on 2026-11-21, with the month in which that ends:
# https://devguide.python.org/versions/
SUPPORTED = {"3.11": "2027-10", "3.12": "2028-10", "3.13": "2029-10", "3.14": "2030-10", "3.15": "2031-10"}
# A year old when this was written: compiled packages have wheels for it, and it gets three more years of fixes.
DEFAULT = "3.13"
# Stands for the newest patch of a minor version: CPython's longest series so far ended with 3.9.25.
_NEWEST_PATCH = 99

Source = tuple[str, str, Callable[[ProjectFiles], str | None]]
"""File, the pattern of the line, and the reader of its version."""


def choose_python(files: ProjectFiles, manager: str, setting: str) -> tuple[str, str]:
    """The version as major.minor, and why.

    Raises:
        FileError: if the chosen version is not supported or contradicts the project.
    """
    if setting:
        chosen, reason = _supported("python_version", setting), "the setting python_version"
    elif pinned := _pinned(files):
        chosen, reason = pinned
    elif of_project := _of_project(files, manager):
        return of_project
    else:
        return DEFAULT, "the default, since neither a setting nor a file names one"
    _check_project(files, manager, chosen, reason)
    return chosen, reason


def _supported(place: str, version: str) -> str:
    if version not in SUPPORTED:
        raise FileError(f"{place}: {version!r} is not one of {', '.join(SUPPORTED)}; choose one of them.")
    return version


def _pinned(files: ProjectFiles) -> tuple[str, str] | None:
    """The first line of .python-version that is not a comment. Only its minor version counts, with the newest patch."""
    for number, raw in enumerate(files.text(".python-version").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        place = f".python-version, line {number}"
        match = re.fullmatch(r"(?:c?python-?)?(\d+\.\d+)(?:\.\d+)?", line)
        if not match:
            raise FileError(f"{place}: {line!r} must be a version like {DEFAULT}.")
        return _supported(place, match[1]), place
    return None


def _of_project(files: ProjectFiles, manager: str) -> tuple[str, str] | None:
    for name, start, read in _sources(manager):
        wanted = read(files)
        if wanted is None:
            continue
        place = f"{name}, line {files.line_of(name, start)}"
        allowed = _allowed(place, wanted)
        if not allowed:
            asked = files.text(name).strip() if name == "runtime.txt" else wanted
            raise FileError(f"{place}: {asked!r} allows none of {', '.join(SUPPORTED)}; allow one of them.")
        if DEFAULT in allowed:
            return DEFAULT, f"the default, which {wanted!r} in {place} allows"
        # The older a version, the more packages have wheels for it; the newer, the longer it gets fixes.
        order = list(SUPPORTED)
        nearest = min(allowed, key=lambda version: abs(order.index(version) - order.index(DEFAULT)))
        return nearest, f"the nearest to {DEFAULT} that {wanted!r} in {place} allows"
    return None


def _check_project(files: ProjectFiles, manager: str, chosen: str, reason: str) -> None:
    """Versions that the manager itself would reject in the middle of the build."""
    for name, start, read in _sources(manager):
        wanted = read(files) if name == "pyproject.toml" and manager != "pip" else None
        if wanted is not None:
            place = f"{name}, line {files.line_of(name, start)}"
            if chosen not in _allowed(place, wanted):
                raise FileError(f"{place}: {wanted!r} does not allow {chosen}, from {reason}; change one of them.")


def _sources(manager: str) -> Iterator[Source]:
    if manager == "conda":
        yield "environment.yml", r"\s*-\s*['\"]?python\b", _conda_python
        yield "package-list.txt", r"\s*python\b|https?://\S+/python-\d", _listed_python
    if manager == "pipenv":
        yield "Pipfile", r"\s*python_(full_)?version", _pipfile_python
    yield (
        "pyproject.toml",
        r"\s*requires-python\b",
        lambda files: _text(table(files.toml("pyproject.toml"), "project").get("requires-python")),
    )
    yield (
        "pyproject.toml",
        r"\s*python\b",
        lambda files: _text(table(files.toml("pyproject.toml"), "tool", "poetry", "dependencies").get("python")),
    )
    yield "runtime.txt", r"\s*\S", _runtime


def _text(value: object) -> str | None:
    """Poetry also accepts a table, `python = {version = "^3.12"}`."""
    value = table(value).get("version", value)
    return value.strip() or None if isinstance(value, str) else None


def _pipfile_python(files: ProjectFiles) -> str | None:
    requires = table(files.toml("Pipfile"), "requires")
    version = _text(requires.get("python_version")) or _text(requires.get("python_full_version"))
    return _minor(version)


def _conda_python(files: ProjectFiles) -> str | None:
    entries = [str(entry) for entry in items(files.yaml("environment.yml").get("dependencies"))]
    return next((version for entry in entries if (version := _conda_entry(entry))), None)


def _listed_python(files: ProjectFiles) -> str | None:
    return next(
        (version for line in files.text("package-list.txt").splitlines() if (version := _conda_entry(line))), None
    )


def _conda_entry(entry: str) -> str | None:
    """`python=3.12`, `python>=3.11,<3.13`, or an address: one equals sign is the minor version with any patch."""
    if address := re.match(r"https?://\S+/python-(\d+\.\d+)\.", entry.strip()):
        return f"=={address[1]}.*"
    match = re.fullmatch(r"(?:[\w-]+::)?python\s*((?:=|<|>|!|~).*)", entry.strip())
    if not match:
        return None
    exact = re.match(r"={1,2}\s*(\d+\.\d+)", match[1])
    return f"=={exact[1]}.*" if exact else match[1].strip()


def _runtime(files: ProjectFiles) -> str | None:
    """Heroku's file: `python-3.12.4`."""
    return _minor(files.text("runtime.txt").strip().removeprefix("python-") or None)


def _minor(version: str | None) -> str | None:
    match = re.match(r"\d+\.\d+", version or "")
    return f"=={match[0]}.*" if match else version


def _allowed(place: str, wanted: str) -> list[str]:
    """The supported versions whose newest patch is in a range, written as in PEP 440 or Poetry."""
    try:
        either = [SpecifierSet(_pep440(part.strip())) for part in re.split(r"\|\|?", wanted)]
        return [v for v in SUPPORTED if any(specifier.contains(f"{v}.{_NEWEST_PATCH}") for specifier in either)]
    except (InvalidSpecifier, InvalidVersion, ValueError) as error:
        raise FileError(f"{place}: {wanted!r} is not a range of versions, like >={DEFAULT}.") from error


def _pep440(part: str) -> str:
    """Poetry's `^3.11`, `~3.11`, `3.11.*` and `*` in PEP 440's notation."""
    return ",".join(_clause(clause.strip()) for clause in re.split(r"\s*,\s*|\s+(?=[<>=!~^])", part) if clause.strip())


def _clause(clause: str) -> str:
    if clause == "*":
        return ">=0"
    match = re.fullmatch(r"(\^|~(?!=)|)\s*(\d{1,9})((?:\.\d{1,9})*)((?:\.\*)?)", clause)
    if not match:
        return clause.replace(" ", "")
    operator, major, rest, star = match.groups()
    if operator == "^":
        return f">={major}{rest},<{int(major) + 1}"
    if operator == "~":
        minor = re.match(r"\.(\d+)", rest)
        return f">={major}{rest},<" + (f"{major}.{int(minor[1]) + 1}" if minor else str(int(major) + 1))
    return f"=={major}{rest}{star}"

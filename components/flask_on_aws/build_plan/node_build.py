"""Whether an app's assets are built by Node, and how."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from semantic_version import NpmSpec, Version

from .project_files import ProjectFiles, table

# Major versions with long-term support on 2026-11-21, the default first: https://nodejs.org/en/about/previous-releases
_SUPPORTED = ("22", "24")
_LAST = 999_999  # higher than any minor version or patch
_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")


@dataclass(frozen=True)
class NodeBuild:
    """How `npm run build` is prepared."""

    version: str
    """Major version of Node."""
    files: tuple[str, ...]
    """What npm reads before the code is there."""
    install: str
    """The command that installs packages."""


def node_build(files: ProjectFiles) -> tuple[NodeBuild, str] | None:
    """The build and why, if package.json has a script `build`.

    Raises:
        FileError: if package.json does not parse.
    """
    package = files.json("package.json")
    if not isinstance(table(package, "scripts").get("build"), str):
        return None
    lock = next((name for name in _LOCKS if files.has(name)), "")
    install = "npm ci" if lock else "npm install"
    version, why = _version(package)
    read = tuple(name for name in ("package.json", lock, ".npmrc") if name and files.has(name))
    reason = (
        f"package.json has the script 'build'; {lock or 'no lock file of npm'}, so {install}; Node {version}: {why}"
    )
    return NodeBuild(version, read, install), reason


def _version(package: dict[str, Any]) -> tuple[str, str]:
    """npm only warns of an `engines` that does not fit, so one that cannot be met is reported and not rejected."""
    wanted = table(package, "engines").get("node")
    if not isinstance(wanted, str):
        return _SUPPORTED[0], "the default"
    for version in _SUPPORTED:
        if _takes(wanted, int(version)):
            return version, f"engines takes it ({wanted})"
    return _SUPPORTED[0], f"the default, since engines ({wanted}) names none of {', '.join(_SUPPORTED)}"


def _takes(wanted: str, major: int) -> bool:
    """Whether a range takes some release of a major version. A part that npm does not understand takes none."""
    return any(_part_takes(part, major) for part in wanted.split("||"))


def _part_takes(part: str, major: int) -> bool:
    # npm allows what the library rejects: a space after an operator, `~>` for `~`, and a `v` before the number.
    written = re.sub(r"([<>=~^])\s+", r"\1", part.strip()).replace("~>", "~")
    written = re.sub(r"(?<![\w.-])v(?=\d)", "", written)
    try:
        spec = NpmSpec(written)
    except ValueError:
        return False
    return any(release in spec for release in _releases(written, major))


def _releases(written: str, major: int) -> Iterator[Version]:
    """The first and last of a major version and those at the range's bounds: a range that takes any takes one of these."""
    yield Version(f"{major}.0.0")
    yield Version(f"{major}.{_LAST}.{_LAST}")
    for bound in re.finditer(rf"(?<![\w.]){major}\.(\d{{1,6}})(?:\.(\d{{1,6}}))?", written):
        minor, patch = int(bound[1]), int(bound[2] or 0)
        yield Version(f"{major}.{minor}.{patch}")
        yield Version(f"{major}.{minor}.{patch + 1}")
        yield Version(f"{major}.{minor + 1}.0")

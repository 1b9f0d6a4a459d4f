"""Whether an app's assets are built by Node, and how."""

import re
from dataclasses import dataclass
from typing import Any

from .project_files import ProjectFiles, table

# Major versions with long-term support on 2026-11-21, the default first: https://nodejs.org/en/about/previous-releases
_SUPPORTED = ("22", "24")
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
    """npm only warns of an `engines` that does not fit, so what cannot be met is told and not refused."""
    wanted = table(package, "engines").get("node")
    if not isinstance(wanted, str):
        return _SUPPORTED[0], "the default"
    for version in _SUPPORTED:
        if any(_takes(part, int(version)) for part in wanted.split("||")):
            return version, f"engines takes it ({wanted})"
    return _SUPPORTED[0], f"the default, since engines ({wanted}) names none of {', '.join(_SUPPORTED)}"


def _takes(part: str, version: int) -> bool:
    """Whether every clause of a range takes some release of a major version; only the first number counts."""
    clauses = list(re.finditer(r"(>=|<=|[<>^~=]?)\s*v?(\d{1,6}|[*xX])([.\d*xX]*)", part))
    return bool(clauses) and all(_clause_takes(clause[1], clause[2], clause[3], version) for clause in clauses)


def _clause_takes(operator: str, major: str, rest: str, version: int) -> bool:
    if major in "*xX":
        return True
    number = int(major)
    if operator == "<":
        return version < number or (version == number and bool(re.search(r"[1-9]", rest)))
    return {">=": version >= number, ">": version >= number, "<=": version <= number}.get(operator, version == number)

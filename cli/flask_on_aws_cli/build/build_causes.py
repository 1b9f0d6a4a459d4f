"""Finds why a build failed in the whole output of its command. Pure functions; a new rule is added to `_RULES`."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .missing_libraries import missing_library

# Lines before and after the decisive one that are shown.
_BEFORE, _AFTER = 2, 7
# `docker build` writes the step and the seconds before each line.
_STEP = re.compile(r"^#\d+ (\d+\.\d+ )?")
_PACKAGE = r"[`'(]?(?P<name>[A-Za-z][\w.-]*?)(?:(?:==|@|[`']? \(v?| v?)(?P<version>\d[\w.+!-]*))?[`'),;]?"
_FAILED_BUILDS = (
    rf"Failed to (?:download and )?build {_PACKAGE}$",
    rf"Failed building wheel for {_PACKAGE}$",
    rf"likely not a problem with \w+ but with {_PACKAGE}",
)


class BuildCause(NamedTuple):
    """Why a build failed."""

    sentence: str
    fix: str
    evidence: Sequence[str]
    """Lines that show it."""


def build_cause(lines: Sequence[str]) -> BuildCause | None:
    """The cause that the output shows; None if it shows none that is known."""
    plain = [_STEP.sub("", line).rstrip() for line in lines]
    return next((cause for rule in _RULES if (cause := rule(plain))), None)


def _last(lines: Sequence[str], *patterns: str) -> tuple[re.Match[str], tuple[str, ...]] | None:
    for number in range(len(lines) - 1, -1, -1):
        for pattern in patterns:
            if match := re.search(pattern, lines[number]):
                around = lines[max(number - _BEFORE, 0) : number + 1 + _AFTER]
                return match, tuple(line for line in around if line.strip())
    return None


def _name(match: re.Match[str]) -> str:
    version = match.groupdict().get("version") or ""
    return f"{match['name']}{version if version[:1] in '<>=!~' else f' {version}'}".rstrip()


def _hashes(lines: Sequence[str]) -> BuildCause | None:
    found = _last(lines, rf"Hash mismatch for {_PACKAGE}$", rf"^\s+{_PACKAGE} from .+:$")
    if found and any("hash" in line.lower() for line in lines):
        return BuildCause(
            f"the package index's file of {_name(found[0])} is not the one whose hash is recorded",
            "if you trust the index, lock again: `uv lock`, `poetry lock`, `pipenv lock` or `uv pip compile`",
            found[1],
        )
    found = _last(lines, r"all requirements must have their hashes|no trusted hash was provided")
    if not found:
        return None
    return BuildCause(
        "some packages have hashes and others have none",
        "record all of them: `uv pip compile --generate-hashes --output-file requirements.txt requirements.in`",
        found[1],
    )


def _python(lines: Sequence[str]) -> BuildCause | None:
    found = _last(
        lines,
        rf"does not satisfy Python(?P<wants>[<>=!~][\w.,<>=!~ *]*?) and {_PACKAGE} depends on Python",
        r"does not satisfy Python(?P<wants>[<>=!~][\w.,<>=!~ *]*?) and (?:all versions of )?"
        r"(?P<name>[A-Za-z][\w.-]*)(?P<version>[<>=!~][\w.,<>=!~*]*)? depends? on Python",
        rf"Package {_PACKAGE} requires a different Python: \S+ not in '(?P<wants>[^']+)'",
        rf"^\s*- {_PACKAGE} requires Python (?P<wants>[^,]+(,[^,\s]+)*)",
        r"require a different python version: (?P<name>)(?P<version>[\w.]+) Requires-Python (?P<wants>[^;]+)",
    )
    if not found:
        return None
    name = _name(found[0]) if found[0]["name"] else f"version {found[0]['version']} of the package"
    wants = found[0]["wants"].strip()
    return BuildCause(
        f"{name} needs Python {wants}",
        "set pythonVersion to one that it allows, or choose another version of it",
        found[1],
    )


def _wheels(lines: Sequence[str]) -> BuildCause | None:
    found = _last(
        lines, rf"only found wheels for {_PACKAGE}\)? with the following Python (ABI|version) tags?: (?P<tags>.+)"
    )
    if not found:
        return None
    versions = [f"{major}.{minor}" for major, minor in re.findall(r"cp(\d)(\d+)\b", found[0]["tags"])]
    known = ", ".join(dict.fromkeys(versions)) or found[0]["tags"]
    fix = f"pulumi config set pythonVersion {versions[-1]}, or" if versions else "choose a Python that has them, or"
    return BuildCause(
        f"{_name(found[0])} has wheels only for Python {known}", f"{fix} choose a newer version of it", found[1]
    )


def _version(lines: Sequence[str]) -> BuildCause | None:
    found = _last(
        lines,
        rf"there is no version of {_PACKAGE}( and|,|$)",
        rf"there are no versions of {_PACKAGE}( and|,|$)",
        rf"Because {_PACKAGE} was not found in the package registry",
        rf"No matching distribution found for {_PACKAGE}( |$)",
        rf"Because {_PACKAGE} has no usable wheels",
    )
    if not found:
        return None
    return BuildCause(
        f"the package index has no {_name(found[0])} that fits",
        "correct the name or the version in the dependencies; a private package needs its index there",
        found[1],
    )


def _library(lines: Sequence[str]) -> BuildCause | None:
    number, what, packages = missing_library(lines)
    if not what:
        return None
    package = _failed_package(lines)
    subject = f"{package} is compiled, and " if package else "a package is compiled, and "
    fix = f"add {packages} to the setting systemPackages, or choose a version with wheels for the stack's Python"
    return BuildCause(
        f"{subject}{what} is missing", fix, tuple(filter(str.strip, lines[max(number - 2, 0) : number + 2]))
    )


def _npm(lines: Sequence[str]) -> BuildCause | None:
    found = _last(
        lines, r"(?P<name>package\.json) and package-lock\.json.* are not in sync|can only install packages when your"
    )
    if found:
        return BuildCause(
            "package-lock.json does not fit package.json", "run `npm install` and commit package-lock.json", found[1]
        )
    found = _last(lines, r"^npm (?:error|ERR!) +404 +'(?P<name>[^']+)' is not in this registry")
    if found:
        return BuildCause(f"the npm registry has no {found[0]['name']}", "correct it in package.json", found[1])
    return None


_NODE_LOCKS = {
    "pnpm": ("pnpm-lock.yaml", r"ERR_PNPM_(?:OUTDATED_LOCKFILE|LOCKFILE_CONFIG_MISMATCH|LOCKFILE_BREAKING_CHANGE)"),
    "yarn": (
        "yarn.lock",
        r"Your lockfile needs to be updated|The lockfile would have been (?:modified|created) by this install",
    ),
    "bun": ("bun.lock", r"lockfile had changes, but lockfile is frozen"),
}


def _node_lock(lines: Sequence[str]) -> BuildCause | None:
    """A lock file of pnpm, yarn or bun that does not fit package.json."""
    for manager, (lock, pattern) in _NODE_LOCKS.items():
        if found := _last(lines, pattern):
            fix = f"run `{manager} install` and commit {lock}"
            return BuildCause(f"{lock} does not fit package.json", fix, found[1])
    return None


def _node_version(lines: Sequence[str]) -> BuildCause | None:
    found = _last(
        lines,
        r"ERR_PNPM_UNSUPPORTED_ENGINE",
        r"The engine \"node\" is incompatible with this module",
    )
    if not found:
        return None
    return BuildCause(
        "a package does not support this version of Node",
        "write one that it supports into .nvmrc or into engines.node of package.json",
        found[1],
    )


def _variable(lines: Sequence[str]) -> BuildCause | None:
    """A variable of the running app that a command of the build reads."""
    found = _last(
        lines,
        r"^KeyError: '(?P<name>[A-Z][A-Z0-9_]+)'$",
        r"ImproperlyConfigured: Set the (?P<name>[A-Z][A-Z0-9_]+) environment variable",  # django-environ
        r"UndefinedValueError: (?P<name>[A-Z][A-Z0-9_]+) not found",  # python-decouple
    )
    if not found:
        return None
    name = found[0]["name"]
    last = max(number for number, line in enumerate(lines) if found[0][0] in line)
    return BuildCause(
        f"the variable {name} is not set in the build",
        "set it in buildEnv, to a value that only the build needs",
        tuple(line for line in lines[max(last - _BEFORE, 0) : last + 1] if line.strip()),
    )


def _network(lines: Sequence[str]) -> BuildCause | None:
    found = _last(
        lines,
        r"(?i)temporary failure in name resolution|dns error|could not resolve host|getaddrinfo (ENOTFOUND|EAI_AGAIN)",
        r"(?i)network is unreachable|error sending request for url|max retries exceeded|(connection|read) timed out",
    )
    if not found:
        return None
    return BuildCause("a server of packages cannot be reached", "try again; check this machine's network", found[1])


def _compiled(lines: Sequence[str]) -> BuildCause | None:
    """A package that could not be compiled, for a reason that only its lines show."""
    package = _failed_package(lines)
    if not package:
        return None
    errors = [n for n, line in enumerate(lines) if re.search(r"(?i)\berror\b:|\w+Error\b|\bfatal\b", line)]
    first = next(
        (n for n in errors if not re.search(r"^\s*(error|cause|ERROR): ", lines[n])), errors[0] if errors else 0
    )
    shown = tuple(filter(str.strip, lines[max(first - _BEFORE, 0) : first + _AFTER]))
    return BuildCause(
        f"{package} has no wheel for this Python, and cannot be compiled",
        f"choose a version of {package.partition(' ')[0]} with wheels for it, or a pythonVersion that it supports",
        shown,
    )


def _failed_package(lines: Sequence[str]) -> str:
    """The package whose build failed, with its version if the output has it: the app's own, before what that needs."""
    for line in lines:
        for pattern in _FAILED_BUILDS:
            if match := re.search(pattern, line):
                return _name(match) if match["version"] else _with_version(match["name"], lines)
    return ""


def _with_version(name: str, lines: Sequence[str]) -> str:
    """A package's name with the version that another line has: pip names only the file, with underscores."""
    file_name = re.escape(name).replace(r"\-", "[-_]")
    version = _last(lines, rf"(?i)\b{file_name}(?:==| \(|-)(?P<version>\d[\w.]*\d)(?=\.tar|\.zip|[\s)]|$)")
    return f"{name} {version[0]['version']}" if version else name


_RULES: tuple[Callable[[Sequence[str]], BuildCause | None], ...] = (
    _hashes,
    _wheels,
    _python,
    _version,
    _library,
    _npm,
    _node_lock,
    _node_version,
    _variable,
    _network,
    _compiled,
)

"""Which package manager installs an app's Node packages: `packageManager` decides, then the lock file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..project_files import FileError, ProjectFiles, table
from .version import key_place

# The releases of 2026-11-21. Pinned, so that a new release does not change the build of an unchanged app.
# pnpm by its lock file's version, which it has kept since pnpm 9: pnpm 10 reads settings from package.json and from
# pnpm-workspace.yaml, as 9 and 11 write them.
_PNPM = {"5": "7.33.7", "6": "8.15.9", "9": "10.34.9"}
_PNPM_DEFAULT = "10.34.9"
_YARN_CLASSIC = "1.22.22"
# Later yarns by their lock file's `__metadata.version`.
_YARN = {"4": "2.4.2", "5": "2.4.2", "6": "3.8.7", "7": "3.8.7"}
_YARN_DEFAULT = "4.18.1"
_BUN = "1.4.5"
# Lock files by manager, in the order in which it looks for them.
_LOCKS: Mapping[str, tuple[str, ...]] = {
    "npm": ("npm-shrinkwrap.json", "package-lock.json"),
    "pnpm": ("pnpm-lock.yaml",),
    "yarn": ("yarn.lock",),
    "bun": ("bun.lock", "bun.lockb"),
}
# What npm reads of a folder before the code is there.
_NPM_FILES = ("package.json", "npm-shrinkwrap.json", "package-lock.json", ".npmrc")
# Yarn's packages and its cache in the project's folder, where every user of the build finds them.
_BERRY = "YARN_ENABLE_GLOBAL_CACHE=false YARN_ENABLE_TELEMETRY=false"


@dataclass(frozen=True)
class NodePackageManager:
    """A package manager and its commands, to be run in the folder of package.json."""

    name: str
    """npm, pnpm, yarn or bun."""
    tool: str
    """Its own package in the npm registry, with its version; empty for npm, which comes with Node."""
    files: tuple[str, ...]
    """What it reads before the code is there; empty if it needs the code."""
    install: str
    build: str
    prune: str
    """Removes development packages."""
    cache: str
    """Where it keeps downloads, for root; empty if in the project's folder."""


def choose_package_manager(
    files: ProjectFiles, folder: str, package: dict[str, Any], keeps_packages: bool
) -> tuple[NodePackageManager, str]:
    """The package manager of a package.json, and why.

    Args:
        files: the app's files.
        folder: folder of package.json, relative to the app's; empty for the app's own.
        package: its content.
        keeps_packages: whether node_modules must exist when the app runs.

    Raises:
        FileError: if lock files contradict each other or `packageManager`.
    """
    prefix = f"{folder}/" if folder else ""
    locks = {name: next((lock for lock in names if files.has(prefix + lock)), "") for name, names in _LOCKS.items()}
    locks = {name: lock for name, lock in locks.items() if lock}
    name, version, place = _declared(files, f"{prefix}package.json", package)
    if name and locks and name not in locks:
        lock = ", ".join(locks.values())
        raise FileError(
            f"{place}: {name} is the package manager, but the lock file is {lock}; commit {_LOCKS[name][-1]} and delete "
            f"{lock}, or name the manager of {lock}."
        )
    if not name and len(locks) > 1:
        raise FileError(
            f"{prefix}package.json, line 1: {' and '.join(locks.values())} are lock files of different package managers; "
            'delete all but one, or add "packageManager".'
        )
    name = name or next(iter(locks), "npm")
    lock = locks.get(name, "")
    manager = _MANAGERS[name](files, prefix, lock, version, keeps_packages)
    why = f"{place} names {name}, " if place else ""
    why += f"{lock}, so" if lock else f"no lock file of {name}, so"
    plain = re.sub(r"^(?:\w+=\S+ )+", "", manager.install)
    return manager, f"{why} {plain}"


def lock_files(files: ProjectFiles, folder: str) -> list[str]:
    """The lock files next to a package.json, relative to the app's folder."""
    paths = [f"{folder}/{name}" if folder else name for names in _LOCKS.values() for name in names]
    return [path for path in paths if files.has(path)]


def _declared(files: ProjectFiles, path: str, package: dict[str, Any]) -> tuple[str, str, str]:
    """The manager that package.json names, its version and the place; empty texts without one."""
    place = key_place(files, path, "(packageManager|devEngines)")
    text = package.get("packageManager")
    if isinstance(text, str):
        match = re.fullmatch(r"(npm|pnpm|yarn|bun)(?:@(\d+\.\d+\.\d+(?:-[\w.]+)?)(?:\+[\w.=/-]+)?)?", text.strip())
        if not match:
            raise FileError(
                f"{place}: packageManager: {text!r} is not npm, pnpm, yarn or bun with an exact version; write one such as "
                f"pnpm@{_PNPM_DEFAULT}."
            )
        return match[1], match[2] or "", place
    engine = table(package, "devEngines", "packageManager")
    if engine.get("name") in _LOCKS:
        version = str(engine.get("version", ""))
        return str(engine["name"]), version if re.fullmatch(r"\d+\.\d+\.\d+", version) else "", place
    for name in ("pnpm", "yarn"):
        version = table(package, "volta").get(name)
        if isinstance(version, str) and re.fullmatch(r"\d+\.\d+\.\d+", version):
            return name, version, key_place(files, path, "volta")
    return "", "", ""


def _npm(files: ProjectFiles, prefix: str, lock: str, version: str, keeps_packages: bool) -> NodePackageManager:
    read = tuple(prefix + name for name in _NPM_FILES if files.has(prefix + name))
    install = "npm ci" if lock else "npm install"
    prune = "npm prune --omit=dev --ignore-scripts"
    return NodePackageManager("npm", "", read, install, "npm run build", prune, "/root/.npm")


def _pnpm(files: ProjectFiles, prefix: str, lock: str, version: str, keeps_packages: bool) -> NodePackageManager:
    written = re.search(r"^lockfileVersion:\s*['\"]?(\d+)", files.text(prefix + lock) if lock else "", re.MULTILINE)
    version = version or _PNPM.get(written[1] if written else "", _PNPM_DEFAULT)
    # CI: no question, without a terminal.
    install = f"CI=true pnpm install {'--frozen-lockfile' if lock else '--no-frozen-lockfile'}"
    prune = "CI=true pnpm prune --prod --ignore-scripts"
    store = "/root/.local/share/pnpm/store"
    return NodePackageManager("pnpm", f"pnpm@{version}", (), install, "pnpm run build", prune, store)


def _yarn(files: ProjectFiles, prefix: str, lock: str, version: str, keeps_packages: bool) -> NodePackageManager:
    text = files.text(prefix + lock) if lock else ""
    metadata = re.search(r"^__metadata:\s*\n\s+version:\s*(\d+)", text, re.MULTILINE)
    is_classic = version.startswith("1.") if version else not (metadata or files.has(f"{prefix}.yarnrc.yml"))
    if is_classic:
        install = "yarn install --frozen-lockfile" if lock else "yarn install"
        prune = "yarn install --production --frozen-lockfile --ignore-scripts --prefer-offline"
        tool = f"yarn@{version or _YARN_CLASSIC}"
        return NodePackageManager("yarn", tool, (), install, "yarn run build", prune, "/usr/local/share/.cache/yarn")
    version = version or _YARN.get(metadata[1] if metadata else "", _YARN_DEFAULT)
    variables = f"{_BERRY} YARN_NODE_LINKER=node-modules" if keeps_packages else _BERRY
    install = f"{variables} yarn install {'--immutable' if lock else '--no-immutable'}"
    tool, prune = f"@yarnpkg/cli-dist@{version}", f"{variables} yarn workspaces focus --production"
    return NodePackageManager("yarn", tool, (), install, f"{variables} yarn run build", prune, "")


def _bun(files: ProjectFiles, prefix: str, lock: str, version: str, keeps_packages: bool) -> NodePackageManager:
    install = "bun install --frozen-lockfile" if lock else "bun install"
    prune = "rm -rf node_modules && bun install --production --frozen-lockfile --ignore-scripts"
    cache = "/root/.bun/install/cache"
    return NodePackageManager("bun", f"bun@{version or _BUN}", (), install, "bun run build", prune, cache)


_MANAGERS = {"npm": _npm, "pnpm": _pnpm, "yarn": _yarn, "bun": _bun}

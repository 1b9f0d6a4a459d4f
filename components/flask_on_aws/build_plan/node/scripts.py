"""What commands and the scripts of a package.json run, and what a package manager runs and reads when it installs."""

import re
from collections.abc import Iterator
from typing import Any

from ..project_files import ProjectFiles, table

# Around the name of a program in a command line.
_BEFORE, _AFTER = r"(?:^|[\s;&|(/'\"`])", r"(?=$|[\s;&|)'\"`])"
_NODE = re.compile(rf"{_BEFORE}(?P<program>node|npm|npx|pnpm|pnpx|yarn|bun|bunx|node_modules/\S+){_AFTER}")
_PYTHON = re.compile(
    rf"{_BEFORE}(?P<program>python[\d.]*|flask|django-admin|\S*manage\.py|pybabel|alembic|pip|uv|poetry|pipenv){_AFTER}"
)
# What npm, pnpm, yarn and bun run when they install: https://docs.npmjs.com/cli/using-npm/scripts#life-cycle-operation-order
_AT_INSTALL = (
    *(
        "pnpm:devPreinstall",
        "preinstall",
        "install",
        "postinstall",
        "prepublish",
        "preprepare",
        "prepare",
        "postprepare",
    ),
    "dependencies",
)
_DEPENDENCIES = (
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
    "overrides",
    "resolutions",
)
_LOCAL = re.compile(r"(?:file|link|portal|workspace|patch|exec):|\.{0,2}/|~/|(?!\w+://).*\.t(?:ar\.)?gz$")
# Files besides package.json from which package managers take code or patches.
_CODE = (".pnpmfile.cjs", ".pnpmfile.mjs", "binding.gyp")
_READS_FILE = re.compile(r"\s*(?:cafile|certfile|keyfile|pnpmfile|yarn-path|httpsCaFilePath)\b", re.IGNORECASE)


def uses_node(command: str) -> str:
    """The program of Node that a command runs; empty if it runs none."""
    match = _NODE.search(command)
    return match["program"] if match else ""


def uses_python(package: dict[str, Any]) -> tuple[str, str]:
    """The script that runs a program of the app's Python while assets are built, and the program; empty if none does."""
    for name, text in _reached(package, ("prebuild", "build", "postbuild")).items():
        if match := _PYTHON.search(text):
            return name, match["program"]
    return "", ""


def _reached(package: dict[str, Any], starts: tuple[str, ...]) -> dict[str, str]:
    """Scripts by name, with those that they name."""
    scripts = {name: text for name, text in table(package, "scripts").items() if isinstance(text, str)}
    reached = {name: scripts[name] for name in starts if name in scripts}
    waiting = list(reached.values())
    while waiting:
        text = waiting.pop()
        for name in scripts.keys() - reached.keys():
            if re.search(rf"{_BEFORE}{re.escape(name)}{_AFTER}", text):
                reached[name] = scripts[name]
                waiting.append(scripts[name])
    return reached


def needs_code(files: ProjectFiles, folder: str, package: dict[str, Any]) -> str:
    """Why packages cannot be installed before the code is there; empty if they can."""
    return next(_code_reasons(files, folder, package), "")


def _code_reasons(files: ProjectFiles, folder: str, package: dict[str, Any]) -> Iterator[str]:
    prefix = f"{folder}/" if folder else ""
    scripts = table(package, "scripts")
    yield from (f"its script {name!r} may read it" for name in _AT_INSTALL if isinstance(scripts.get(name), str))
    for key in _DEPENDENCIES:
        for name, source in table(package, key).items():
            if isinstance(source, str) and _LOCAL.match(source):
                yield f"{name!r} comes from {source}"
    if "workspaces" in package:
        yield "it has workspaces"
    if "patchedDependencies" in package or "patchedDependencies" in table(package, "pnpm"):
        yield "it patches packages"
    if "packages" in files.yaml(f"{prefix}pnpm-workspace.yaml"):
        yield "pnpm-workspace.yaml has packages"
    yield from (f"{name} is part of it" for name in _CODE if files.has(prefix + name))
    for name in (".npmrc", ".yarnrc", ".yarnrc.yml"):
        lines = files.text(prefix + name).splitlines()
        yield from (f"{name} names a file" for line in lines if _READS_FILE.match(line))

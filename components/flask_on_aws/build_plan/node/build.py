"""Whether Node builds an app's assets or runs next to it, from which folder, and how."""

import os
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..dockerignore import excluded_by, ignore_rules
from ..left_out import is_environment
from ..project_files import FileError, ProjectFiles, table
from .manager import choose_package_manager, lock_files
from .scripts import needs_code, uses_node, uses_python
from .version import choose_node

NONE = "none"
# Folders with a package.json that is not the app's own.
_NOT_SEARCHED = (
    "node_modules",
    "site-packages",
    "vendor",
    "bower_components",
    "test",
    "tests",
    "docs",
    "examples",
    "dist",
)
# app/static/src is the deepest that frameworks create, such as django-tailwind's theme/static_src.
_DEPTH = 3
_SOURCES = (".py", ".html", ".jinja", ".jinja2", ".j2")
_MENTIONS = re.compile(r"node_modules/|(?:static_folder\s*=|send_from_directory\()\s*f?['\"][^'\"]*node_modules")


@dataclass(frozen=True)
class NodeBuild:
    """What Node does in a build. Commands run in `folder`."""

    version: str
    """Tag of Node's image: a major version, or also a minor version and a patch."""
    files: tuple[str, ...] = ()
    """What the package manager reads before the code is there; empty if it needs the code."""
    install: str = ""
    """The command that installs packages; empty without a package.json."""
    folder: str = ""
    """Folder of package.json, relative to the app's; empty for the app's own."""
    tool: str = ""
    """The package manager's own package in the npm registry, with its version; empty for npm."""
    build: str = ""
    """The command that builds assets; empty without one."""
    prune: str = ""
    """The command that removes development packages."""
    cache: str = ""
    """Where the package manager keeps downloads, for root; empty if in the project's folder."""
    needed: tuple[str, ...] = ()
    """The app's package.json and lock files, without which packages cannot be installed."""
    with_python: bool = False
    """Whether a command of the build needs Node together with the app's Python environment."""
    keeps_packages: bool = False
    """Whether node_modules must exist when the app runs."""
    runs: bool = False
    """Whether a command of the running app needs Node."""

    @property
    def clean(self) -> str:
        """The command that removes installed packages; a developer's own may be for another system."""
        return "rm -rf node_modules" if self.files else "find . -name node_modules -prune -exec rm -rf {} +"

    @property
    def finish(self) -> str:
        """The command that leaves what the running app needs."""
        # Yarn's own cache is in the project's folder.
        of_yarn = " && rm -rf .yarn/cache .yarn/unplugged" if self.tool.startswith("@yarnpkg") else ""
        return (self.prune if self.keeps_packages else self.clean) + of_yarn

    def within(self, *commands: str) -> str:
        """Commands as one line, run in `folder`; empty without commands."""
        chosen = [command for command in commands if command]
        enter = [f"cd {shlex.quote(self.folder)}"] if self.folder and chosen else []
        return " && ".join([*enter, *chosen])


class NodeRequest(NamedTuple):
    """What decides about Node besides the app's files."""

    build_command: str
    """The setting build_command; empty without one."""
    assets_folder: str
    """The setting assets_folder: a folder, none, or empty for a search."""
    commands: Mapping[str, str]
    """Commands of the running app, by the name that a reason gives them."""


def node_build(files: ProjectFiles, request: NodeRequest) -> tuple[NodeBuild | None, list[tuple[str, str, str]]]:
    """The build, and its decisions: subject, value and reason.

    Raises:
        FileError: if a file does not parse, or contradicts another or the settings.
    """
    running = next(((name, program) for name, line in request.commands.items() if (program := uses_node(line))), None)
    at_build = uses_node(request.build_command)
    folder = _package_folder(files, request.assets_folder, bool(at_build or running))
    if folder is None:
        if not (at_build or running):
            return None, [("assets", "none", _no_package(request.assets_folder))]
        version, why = choose_node(files, "", {})
        build = NodeBuild(version, with_python=bool(at_build), runs=bool(running))
        return build, [("assets", "none", "there is no package.json"), ("Node", version, why), *_running(running, "")]
    mention = _mention(files)
    if not (_has_build(files, folder) or request.build_command or running or mention):
        return None, [("assets", "none", f"{_path(folder)} has no script 'build', and nothing else needs Node")]
    return _build_of_package(files, request, folder, running, mention)


def _build_of_package(
    files: ProjectFiles, request: NodeRequest, folder: str, running: tuple[str, str] | None, mention: str
) -> tuple[NodeBuild, list[tuple[str, str, str]]]:
    package, path = files.json(_path(folder)), _path(folder)
    keeps_packages = bool(running or mention)
    has_build = _has_build(files, folder)
    manager, why = choose_package_manager(files, folder, package, keeps_packages)
    version, version_reason = choose_node(files, folder, package)
    script, program = uses_python(package)
    code = needs_code(files, folder, package) if manager.files else f"{manager.name} reads more than its lock file"
    build = NodeBuild(
        version,
        () if code else manager.files,
        manager.install,
        folder,
        manager.tool,
        manager.build if has_build else "",
        manager.prune,
        manager.cache,
        needed=(path, *lock_files(files, folder)),
        with_python=bool(request.build_command or program),
        keeps_packages=keeps_packages,
        runs=bool(running),
    )
    of_script = f"{path} has the script 'build'" if has_build else f"{path} has no script 'build'"
    together = f"; with Python, since its script {script!r} runs {program}" if program else ""
    after = f"; after the code: {code}" if code else ""
    reason = f"{of_script}; {why}; Node {version}: {version_reason}{after}{together}"
    where = f" in {folder}" if folder else ""
    decisions = [("assets", f"{manager.name} run build{where}" if has_build else "none", reason)]
    return build, [*decisions, *_running(running, mention)]


def _running(running: tuple[str, str] | None, mention: str) -> Iterator[tuple[str, str, str]]:
    """The decisions about what stays when the app runs."""
    if running:
        yield "Node at run time", "node_modules and Node", f"{running[0]} runs {running[1]}"
    elif mention:
        yield "Node at run time", "node_modules", f"{mention} refers to it"


def _no_package(setting: str) -> str:
    return "the setting assets_folder" if setting == NONE else "there is no package.json"


def _package_folder(files: ProjectFiles, setting: str, wants_node: bool) -> str | None:
    """The folder of the package.json that counts: the setting's, the app's own, or the only one with a script `build`."""
    if setting == NONE:
        return None
    if setting:
        folder = posixpath.normpath(setting)
        if folder.startswith(("..", "/")) or not files.has(_path("" if folder == "." else folder)):
            raise FileError(
                f"assets_folder: {setting!r} has no package.json in the app's folder; set it to a folder that has one, or to "
                "none."
            )
        return "" if folder == "." else folder
    if _has_build(files, ""):
        return ""
    folders = list(_sub_folders(files))
    builds = [folder for folder in folders if _may_have_build(files, folder)]
    # A package within another's folder is a part of that.
    builds = [folder for folder in builds if not any(folder.startswith(f"{other}/") for other in builds)]
    if len(builds) > 1:
        raise FileError(
            f"assets_folder: {', '.join(map(_path, builds))} have a script 'build' each; set assets_folder to the folder whose "
            "assets the app uses, or to none."
        )
    if builds or files.has("package.json"):
        return builds[0] if builds else ""
    return folders[0] if wants_node and len(folders) == 1 else None


def _has_build(files: ProjectFiles, folder: str) -> bool:
    return isinstance(table(files.json(_path(folder)), "scripts").get("build"), str)


def _may_have_build(files: ProjectFiles, folder: str) -> bool:
    """The same for a folder that was only searched, whose package.json may be a template of something else."""
    try:
        return _has_build(files, folder)
    except FileError:
        return False


def _sub_folders(files: ProjectFiles) -> Iterator[str]:
    """Folders below the app's with a package.json that the builder gets, the highest first."""
    rules = ignore_rules(files.folder)
    for path, names in _walk(files):
        folder = path.relative_to(files.folder).as_posix()
        if folder != "." and "package.json" in names and not excluded_by(rules, _path(folder)):
            yield folder


def _mention(files: ProjectFiles) -> str:
    """The first place in code or a template that refers to node_modules; empty if there is none."""
    for path, names in _walk(files, depth=10):
        for name in sorted(names):
            if not name.endswith(_SOURCES) or name.startswith("test_"):
                continue
            place = (path / name).relative_to(files.folder).as_posix()
            try:
                text = (path / name).read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            if match := _MENTIONS.search(text):
                return f"{place}, line {text.count(chr(10), 0, match.start()) + 1}"
    return ""


def _walk(files: ProjectFiles, depth: int = _DEPTH) -> Iterator[tuple[Path, Sequence[str]]]:
    """Folders with the names of their files, without those of other tools."""
    for path, folders, names in os.walk(files.folder):
        level = len(Path(path).relative_to(files.folder).parts)
        folders[:] = sorted(
            name
            for name in folders
            if level < depth
            and name not in _NOT_SEARCHED
            and not name.startswith(".")
            and not is_environment(Path(path, name))
        )
        yield Path(path), names


def _path(folder: str) -> str:
    return f"{folder}/package.json" if folder else "package.json"

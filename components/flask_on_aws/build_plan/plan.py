"""The build plan: from an app's folder and a few settings to everything that goes into its image, with reasons.

A pure function of the folder's content. `dockerfile.py` renders a plan as a Dockerfile; the command line tool creates a
virtual environment from the same plan. PyYAML and packaging, which come with the Pulumi SDK, and semantic-version are all
that it imports.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from .declared_sources import unread_source_problems
from .dockerignore import excluded_by, ignore_rules
from .node.build import NodeBuild as NodeBuild
from .node.build import NodeRequest, node_build
from .own_image import AUTO, OwnImage, entry_problem, read_own_image, stage_facts, task_entry
from .package_manager import Dependencies, choose_manager, problems_of_other_files
from .procfile import Processes, ProcfileError, read_processes
from .project_files import FileError, ProjectFiles
from .python_version import SUPPORTED as SUPPORTED
from .python_version import choose_python
from .start_command import start_command
from .system_packages import needed_packages

# Part of the developer's machine, not of the app: never in the image or the running copy, whatever .dockerignore says.
LEFT_OUT = (".git", ".env", ".venv", "venv", "node_modules")
# Folders in which the user of every planned image may write: scratch, and media files where there is no bucket.
SCRATCH = ("/tmp", "/data/media")  # noqa: S108 in the container

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class PlanSettings:
    """The operator's settings."""

    python_version: str = ""
    """Python as major.minor; empty: the app's files decide."""
    system_packages: Sequence[str] = ()
    """Further Debian packages to build and to run with."""
    start_command: str = ""
    """The start command; empty: the app's files decide."""
    writable_paths: Sequence[str] = ()
    """Folders that the app writes to, besides those that every image has for that."""
    entry_point: str = AUTO
    """What becomes of the ENTRYPOINT of an app's own Dockerfile: auto, keep or replace."""
    other_commands: Sequence[str] = ()
    """Commands that the stack runs in the image besides the start command and those of the Procfile."""
    dockerfile: str = "Dockerfile"
    """The app's own Dockerfile, from whose CMD a plan of processes takes the start command."""
    build_command: str = ""
    """A command of the build, run with Node and the app's environment after dependencies and code; empty: none."""
    assets_folder: str = ""
    """The folder of the package.json that builds assets; none, or empty: the app's files decide."""


@dataclass(frozen=True)
class Decision:
    """One decision of the plan, and its reason."""

    subject: str
    value: str
    reason: str


@dataclass(frozen=True)
class BuildPlan:
    """Everything that goes into an app's image."""

    dockerfile: str = ""
    """The app's Dockerfile, which then decides everything except the commands; empty without one."""
    manager: str = ""
    """pip, pipenv, conda, poetry, uv or pyproject (its dependencies by pip)."""
    decides: str = ""
    """The file that determines what is installed."""
    dependency_files: Sequence[str] = ()
    """The files that the manager reads; with only these, dependencies are installed before the code is copied."""
    hashes: bool = False
    """Whether pip verifies hashes."""
    code_first: bool = False
    """Whether a dependency is in the app's folder, so that the code must be copied before it is installed."""
    installs_project: bool = False
    """Whether the app itself is installed as a package."""
    python_version: str = ""
    """Python as major.minor."""
    build_packages: Sequence[str] = ()
    """Debian packages to build with."""
    run_packages: Sequence[str] = ()
    """Debian packages to run with."""
    writable_paths: Sequence[str] = ()
    """Folders that the app writes to, besides SCRATCH."""
    node: NodeBuild | None = None
    """How assets are built; None if they are not."""
    build_command: str = ""
    """The operator's own command of the build; empty without one."""
    start_command: str = ""
    """The command of the web process; empty with a Dockerfile, whose ENTRYPOINT and CMD then apply."""
    entry_point: Sequence[str] = ()
    """What runs commands in place of the ENTRYPOINT of the app's own Dockerfile; empty where that is kept."""
    image_process: str = ""
    """The ENTRYPOINT and CMD of the app's own Dockerfile as a command line; empty where its base image decides."""
    release_command: str = ""
    """The command to run once for each release; empty without one."""
    workers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Commands of background processes, by name."""
    decisions: Sequence[Decision] = ()
    """All decisions, in order."""


class BuildPlanError(ValueError):
    """All problems that prevent a plan, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def plan_build(folder: Path, settings: PlanSettings | None = None, dockerfile: str = "Dockerfile") -> BuildPlan:
    """Plan the build of the app in a folder.

    Args:
        folder: the app's folder.
        settings: the operator's settings. Default: none.
        dockerfile: name of a file that, where it exists, decides the image. Empty: a plan of processes, without it.

    Raises:
        BuildPlanError: with all problems.
    """
    if not folder.is_dir():
        raise BuildPlanError([f"{str(folder)!r} is not a folder; give the path of the app's folder."])
    return _Planner(ProjectFiles(folder), settings or PlanSettings()).plan(dockerfile)


def _process_reason(image: OwnImage, dockerfile: str) -> str:
    """Where the command of a container comes from that has none of its own."""
    names = [("ENTRYPOINT", image.entry.argv), ("CMD", image.stage.command and image.stage.command.argv)]
    given = " and ".join(name for name, words in names if words)
    return f"{given} of {dockerfile}" if given else f"{dockerfile} has neither ENTRYPOINT nor CMD"


class _Planner:
    """Makes the decisions in order, and collects problems so that all of them are reported at once."""

    def __init__(self, files: ProjectFiles, settings: PlanSettings) -> None:
        self.files, self.settings = files, settings
        self.problems: list[str] = []
        self.decisions: list[Decision] = []

    def plan(self, dockerfile: str) -> BuildPlan:
        if dockerfile and self.files.has(dockerfile):
            plan = self._plan_of_dockerfile(dockerfile)
        else:
            plan = self._plan_of_files()
        if self.problems or plan is None:
            raise BuildPlanError(list(dict.fromkeys(self.problems)))
        return plan

    def _plan_of_dockerfile(self, dockerfile: str) -> BuildPlan | None:
        image = self._try(lambda: read_own_image(self.files.folder, dockerfile))
        if image is None:
            return None
        self._decide("image", dockerfile, "the app's own Dockerfile decides")
        command = self.settings.start_command.strip()
        if command:
            self._decide("start command", command, "the setting start_command")
        else:
            self._decide("start command", image.process or "that of the base image", _process_reason(image, dockerfile))
        for subject, value, reason in stage_facts(image.stage):
            self._decide(subject, value, reason)
        processes = self._processes()
        named = {"start_command": command, "release_command": processes.release}
        named |= {f"workers.{name}": line for name, line in processes.workers.items()}
        commands = {argument: line for argument, line in named.items() if line}
        entry = task_entry(image, self.settings.entry_point, commands, self.settings.other_commands)
        self._decide("entry point", entry.outcome, entry.reason)
        if problem := entry_problem(image, entry, commands):
            self.problems.append(": ".join(problem))
        return BuildPlan(
            dockerfile=dockerfile,
            start_command=command,
            entry_point=entry.entry_point,
            image_process=image.process,
            release_command=processes.release,
            workers=processes.workers,
            decisions=tuple(self.decisions),
        )

    def _plan_of_files(self) -> BuildPlan | None:
        files = self.files
        dependencies = self._try(lambda: choose_manager(files))
        self.problems += problems_of_other_files(files)
        if dependencies:
            self._decide("packages", dependencies.manager, dependencies.reason)
            self._decide_details(dependencies)
            self.problems += self._try(lambda: self._unread_sources(dependencies)) or []
        manager = dependencies.manager if dependencies else ""
        python = self._try(lambda: choose_python(files, manager, self.settings.python_version))
        if python:
            self._decide("Python", *python)
        build, run = self._system_packages(dependencies)
        writable = self._writable_paths()
        command, processes = self._commands(dependencies is not None and dependencies.installs_project)
        node = self._node(command, processes)
        self._check_sent_files(dependencies, node)
        self._decide("sent to the builder", *self._context())
        self._decide("left out", ", ".join(LEFT_OUT), "they belong to a developer's machine, not to the app")
        if not (dependencies and python):
            return None
        return BuildPlan(
            manager=dependencies.manager,
            decides=dependencies.decides,
            dependency_files=tuple(dependencies.files),
            hashes=dependencies.hashes,
            code_first=bool(dependencies.local),
            installs_project=dependencies.installs_project,
            python_version=python[0],
            build_packages=build,
            run_packages=run,
            writable_paths=writable,
            node=node,
            build_command=self.settings.build_command.strip(),
            start_command=command,
            release_command=processes.release,
            workers=processes.workers,
            decisions=tuple(self.decisions),
        )

    def _decide_details(self, dependencies: Dependencies) -> None:
        if dependencies.hashes:
            self._decide("hashes", "required", f"a line of {', '.join(dependencies.files)} has one")
        if dependencies.local:
            self._decide(
                "dependencies", "after the code", f"{dependencies.local} needs it; a change of code installs anew"
            )
        else:
            self._decide("dependencies", "before the code", "a change of code alone reuses their layer")
        reason = "it is built as a package" if dependencies.installs_project else "it runs from its folder"
        self._decide("the app itself", "installed" if dependencies.installs_project else "copied", reason)

    def _unread_sources(self, dependencies: Dependencies) -> list[str]:
        by_name = set[str]() if dependencies.locked else dependencies.by_name
        manager, has_index = dependencies.manager, dependencies.has_index
        found = self._try(lambda: list(unread_source_problems(self.files, manager, by_name, has_index)))
        return found or []

    def _system_packages(self, dependencies: Dependencies | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        declared = list(self.settings.system_packages)
        for name in declared:
            if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name):
                self.problems.append(
                    f"system_packages: {name!r} is not the name of a Debian package; it has lower-case letters, digits, "
                    "plus and minus signs and dots."
                )
        build, run = list(declared), list(declared)
        if declared:
            self._decide("system packages", " ".join(declared), "the setting system_packages")
        for name, needs in needed_packages(dependencies.names if dependencies else ()).items():
            build += needs.build
            run += needs.run
            self._decide("system packages", " ".join(dict.fromkeys(needs.build + needs.run)), f"{name} {needs.reason}")
        if dependencies and dependencies.git:
            build.append("git")
            self._decide("system packages", "git", "a package comes from a Git repository")
        if dependencies and dependencies.manager == "conda":
            run.append("ca-certificates")  # Python's image contains them; conda's Python runs on a bare Debian
        return tuple(sorted(set(build))), tuple(sorted(set(run)))

    def _writable_paths(self) -> tuple[str, ...]:
        more = sorted({path.rstrip("/") for path in self.settings.writable_paths} - set(SCRATCH))
        if more:
            self._decide("writable", " ".join(more), "the setting writable_paths; elsewhere volumes are root's")
        return tuple(more)

    def _context(self) -> tuple[str, str]:
        if self.files.has(".dockerignore"):
            return "a part", "all but what .dockerignore leaves out"
        return "everything", "there is no .dockerignore; with one that names .git, a commit alone is no new image"

    def _node(self, command: str, processes: Processes) -> NodeBuild | None:
        """What Node does; the build command is a decision of its own."""
        settings = self.settings
        commands = {"the start command": command, "the release command": processes.release}
        commands |= {f"worker {name}": line for name, line in processes.workers.items()}
        commands |= {f"the command {line!r}": line for line in settings.other_commands}
        request = NodeRequest(settings.build_command, settings.assets_folder.strip(), commands)
        build, decisions = self._try(lambda: node_build(self.files, request)) or (None, [])
        for decision in decisions:
            self._decide(*decision)
        if line := settings.build_command.strip():
            self._decide("build command", line, "the setting build_command")
        return build

    def _check_sent_files(self, dependencies: Dependencies | None, node: NodeBuild | None) -> None:
        """Files without which the image cannot be built, although they are in the folder."""
        dockerfile = self.files.folder / self.settings.dockerfile
        rules = self._try(lambda: ignore_rules(self.files.folder, dockerfile if dockerfile.is_file() else None)) or []
        needed = [*dependencies.files, *dependencies.local_paths] if dependencies else []
        needed += [*node.files, *node.needed] if node else []
        for name in dict.fromkeys(needed):
            if name != "." and not name.startswith("..") and (rule := excluded_by(rules, name)):
                self.problems.append(
                    f".dockerignore, line {rule.line}: {rule.text!r} leaves out {name}, which the build needs; add the line "
                    f"!{name} after it."
                )

    def _commands(self, installed: bool) -> tuple[str, Processes]:
        problem_count = len(self.problems)
        processes = self._processes()
        if len(self.problems) > problem_count:  # a file that cannot be read may contain the start command
            return "", processes
        start = self._try(
            lambda: start_command(
                self.files, self.settings.start_command, processes.web or None, installed, self.settings.dockerfile
            )
        )
        if start:
            self._decide("start command", *start)
        return start[0] if start else "", processes

    def _processes(self) -> Processes:
        processes = self._try(lambda: read_processes(self.files.folder)) or Processes()
        if processes.release:
            self._decide("release command", processes.release, "`release:` in Procfile")
        for name, command in processes.workers.items():
            self._decide(f"worker {name}", command, f"`{name}:` in Procfile")
        return processes

    def _decide(self, subject: str, value: str, reason: str) -> None:
        self.decisions.append(Decision(subject, value, reason))

    def _try(self, decide: Callable[[], _Value]) -> _Value | None:
        try:
            return decide()
        except (FileError, ProcfileError) as error:
            self.problems.append(str(error))
            return None

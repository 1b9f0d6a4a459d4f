"""The build plan: from an app's folder and a few settings to everything that goes into its image, with reasons.

A pure function of the folder's content. `dockerfile.py` renders a plan as a Dockerfile; the command line tool creates a
virtual environment from the same plan. PyYAML and packaging, which come with the Pulumi SDK, and semantic-version are all
that it imports.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from .app_code.listening import program_warnings
from .app_code.proposal import Proposal
from .app_code.python_code import Code
from .app_code.server_interface import interface_mismatch
from .commands.direct_command import DirectCommand, direct_command
from .commands.line_endings import command_line_problems, image_problems
from .commands.procfile import Processes, ProcfileError, read_processes
from .commands.server_warnings import server_warnings, with_trust
from .commands.start_command import NoStartCommandError, start_command
from .dockerignore import excluded_by, ignore_rules
from .framework_steps import NO_BUILD_COMMAND, framework_steps
from .left_out import LEFT_OUT as LEFT_OUT
from .left_out import environments
from .node.build import NodeBuild as NodeBuild
from .node.build import NodeRequest, node_build
from .own_image.own_image import OwnImage, entry_problem, read_own_image, stage_facts, task_entry
from .packages.database_drivers import mongodb_driver
from .packages.declared_sources import unread_source_problems
from .packages.outdated_locks import outdated_lock_problems
from .packages.package_manager import Dependencies, choose_manager, problems_of_other_files
from .packages.python_version import SUPPORTED as SUPPORTED
from .packages.python_version import choose_python
from .packages.system_packages import needed_packages
from .plan_values import DOCKERFILE
from .plan_values import BuildPlan as BuildPlan
from .plan_values import BuildPlanError as BuildPlanError
from .plan_values import Decision as Decision
from .plan_values import PlanSettings as PlanSettings
from .project_files import FileError, ProjectFiles, table
from .unread_files import unread_files

# Folders in which the user of every planned image may write: scratch, and media files where there is no bucket.
SCRATCH = ("/tmp", "/data/media")  # noqa: S108 in the container

# What sentences call one of `other_commands`.
OTHER_COMMAND = "a command of the stack"

_Value = TypeVar("_Value")


def plan_build(folder: Path, settings: PlanSettings | None = None, as_processes: bool = False) -> BuildPlan:
    """Plan the build of the app in a folder.

    Args:
        folder: the app's folder.
        settings: the operator's settings. Default: none.
        as_processes: whether the app's own Dockerfile is ignored, except for the start command. Default: it decides.

    Raises:
        BuildPlanError: with all problems.
    """
    if not folder.is_dir():
        raise BuildPlanError([f"{str(folder)!r} is not a folder; give the path of the app's folder."])
    return _Planner(ProjectFiles(folder), settings or PlanSettings()).plan(as_processes)


def _process_reason(image: OwnImage, dockerfile: str) -> str:
    """Where the command of a container comes from that has none of its own."""
    names = [("ENTRYPOINT", image.entry.argv), ("CMD", image.stage.command and image.stage.command.argv)]
    given = " and ".join(name for name, words in names if words)
    return f"{given} of {dockerfile}" if given else f"{dockerfile} has neither ENTRYPOINT nor CMD"


def _dockerfile_problems(settings: PlanSettings) -> Iterator[str]:
    """Settings of a Dockerfile that is not there."""
    if settings.dockerfile != DOCKERFILE:
        yield f"dockerfile: there is no file {settings.dockerfile!r} in the app's folder; write one, or unset it."
    elif settings.dockerfile_target:
        yield f"dockerfile_target: {settings.dockerfile_target!r} needs a Dockerfile, which the app's folder lacks; unset it."


def _place(process_type: str, processes: Processes) -> str:
    line = processes.lines.get(process_type)
    return f"Procfile, line {line}" if line else ""


def _names(dependencies: Dependencies | None) -> Collection[str]:
    """The normalized names of an app's dependencies."""
    return dependencies.names | dependencies.conda_names if dependencies else ()


def _set_build_command(settings: PlanSettings) -> str:
    line = settings.build_command.strip()
    return "" if line == NO_BUILD_COMMAND else line


class _Planner:
    """Makes the decisions in order, and collects problems so that all of them are reported at once."""

    def __init__(self, files: ProjectFiles, settings: PlanSettings) -> None:
        self.files, self.settings = files, settings
        self.problems: list[str] = []
        self.proposal: Proposal | None = None
        self.proposed_release = ""
        self.decisions: list[Decision] = []

    def plan(self, as_processes: bool) -> BuildPlan:
        dockerfile = self.settings.dockerfile
        has_dockerfile = self.files.has(dockerfile)
        if has_dockerfile and not as_processes:
            plan = self._plan_of_dockerfile(dockerfile)
        else:
            if not has_dockerfile:
                self.problems += _dockerfile_problems(self.settings)
            plan = self._plan_of_files()
        for name, reason in unread_files(self.files, has_dockerfile):
            self._decide("not read", name, reason)
        if self.problems or plan is None:
            proposal = self.proposal and self.proposal._replace(release=self.proposed_release)
            raise BuildPlanError(list(dict.fromkeys(self.problems)), proposal)
        return replace(plan, decisions=tuple(self.decisions))

    def _plan_of_dockerfile(self, dockerfile: str) -> BuildPlan | None:
        target = self.settings.dockerfile_target
        image = self._try(lambda: read_own_image(self.files.folder, dockerfile, target))
        if image is None:
            return None
        self._decide("image", dockerfile, "the app's own Dockerfile decides")
        self.problems += image_problems(self.files, image, dockerfile)
        if target:
            self._decide("stage", target, "the setting dockerfile_target")
        command = self.settings.start_command.strip()
        if command:
            self._decide("start command", command, "the setting start_command")
        else:
            self._decide("start command", image.process or "that of the base image", _process_reason(image, dockerfile))
        self._warn(command or image.process)
        for subject, value, reason in stage_facts(image.stage):
            self._decide(subject, value, reason)
        if sent := self._try(lambda: environments(self.files.folder, dockerfile)):
            self._decide(
                "sent to the builder",
                f"also {', '.join(sent)}",
                "virtual environments of this machine, which COPY may put into the image: name them in .dockerignore",
            )
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
            dockerfile_target=target,
            start_command=command,
            entry_point=entry.entry_point,
            image_process=image.process,
            release_command=processes.release,
            workers=processes.workers,
        )

    def _plan_of_files(self) -> BuildPlan | None:
        files = self.files
        dependencies = self._try(lambda: choose_manager(files))
        self.problems += problems_of_other_files(files)
        if dependencies:
            self._decide("packages", dependencies.manager, dependencies.reason)
            self._decide_details(dependencies)
            self.problems += self._try(lambda: self._unread_sources(dependencies)) or []
            self.problems += self._try(lambda: list(outdated_lock_problems(files, dependencies.decides))) or []
        manager = dependencies.manager if dependencies else ""
        python = self._try(lambda: choose_python(files, manager, self.settings.python_version))
        if python:
            self._decide("Python", *python)
        build, run = self._system_packages(dependencies)
        writable = self._writable_paths()
        command, processes = self._commands(dependencies)
        node = self._node(command, processes)
        self._decide_database(dependencies)
        build_command = self._build_command(dependencies, command, processes)
        self._check_sent_files(dependencies, node)
        self._decide("sent to the builder", *self._context())
        self._decide("left out", ", ".join(LEFT_OUT), "they belong to a developer's machine, not to the app")
        virtual_environments = self._environments()
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
            build_command=build_command,
            start_command=command,
            release_command=processes.release,
            proposed_release=self.proposed_release,
            workers=processes.workers,
            environments=virtual_environments,
        )

    def _environments(self) -> tuple[str, ...]:
        paths = self._try(lambda: environments(self.files.folder)) or ()
        if paths:
            self._decide(
                "left out",
                ", ".join(paths),
                "virtual environments of this machine; the builder does not get them. Name them in .dockerignore, so that a "
                "checkout without them is the same image",
            )
        return paths

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

    def _decide_database(self, dependencies: Dependencies | None) -> None:
        """The kind of database, if that is not the default's."""
        path = "package.json"
        node = (self._try(lambda: self.files.json(path)) if self.files.has(path) else None) or {}
        if driver := mongodb_driver(_names(dependencies), table(node, "dependencies")):
            self._decide(
                "database",
                "documentdb",
                f"{driver} needs MongoDB, which DocumentDB is compatible with: set database to documentdb, and connect to "
                "MONGODB_URI, which has the retryWrites=false that DocumentDB needs",
            )

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
        build_command = _set_build_command(settings)
        commands = {"the start command": command, "the release command": processes.release}
        commands |= {f"worker {name}": line for name, line in processes.workers.items()}
        commands |= {f"the command {line!r}": line for line in settings.other_commands}
        request = NodeRequest(build_command, settings.assets_folder.strip(), commands)
        build, decisions = self._try(lambda: node_build(self.files, request)) or (None, [])
        for decision in decisions:
            self._decide(*decision)
        if build_command:
            self._decide("build command", build_command, "the setting build_command")
        return build

    def _build_command(self, dependencies: Dependencies | None, command: str, processes: Processes) -> str:
        """The command of the build: the setting, or what the framework needs. Also finds the release command to propose."""
        commands = [command, *processes.workers.values(), *self.settings.other_commands]
        line, names = self.settings.build_command.strip(), _names(dependencies)
        steps = self._try(lambda: framework_steps(self.files, names, line, processes.release, commands))
        for decision in steps.decisions if steps else ():
            self._decide(*decision)
        self.proposed_release = steps.release if steps else ""
        return _set_build_command(self.settings) or (steps.build_command if steps else "")

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

    def _commands(self, dependencies: Dependencies | None) -> tuple[str, Processes]:
        installed = dependencies is not None and dependencies.installs_project
        problem_count = len(self.problems)
        processes = self._processes(installed)
        unread = len(self.problems) > problem_count
        for line in self.settings.other_commands:
            self._direct(line, OTHER_COMMAND, installed)
        if unread:  # a file that cannot be read may contain the start command
            return "", processes
        start = self._try(
            lambda: start_command(
                self.files,
                self.settings,
                processes.web or None,
                installed,
                _names(dependencies),
            )
        )
        if not start:
            return "", processes
        place = "start_command" if self.settings.start_command.strip() else _place("web", processes)
        command = self._direct(start[0], place, installed)
        mismatch = interface_mismatch(self.files, command.line, _names(dependencies), installed)
        if mismatch:
            self.problems.append(f"{place or 'start_command'}: {mismatch.sentence}")
        line = with_trust(command.line, dependencies.lowest if dependencies else {})
        self._decide("start command", line, command.reason(start[1]))
        self._warn(line)
        return line, processes

    def _warn(self, command: str) -> None:
        warnings = [*server_warnings(command), *program_warnings(self.files.once(Code), command)]
        for warning in warnings:
            self._decide("warning", warning.sentence, warning.fix)

    def _processes(self, installed: bool | None = None) -> Processes:
        """The Procfile's processes; those of an image that a plan builds run without the package manager."""
        processes = self._try(lambda: read_processes(self.files.folder)) or Processes()
        release = DirectCommand(processes.release)
        if processes.release and installed is not None:
            release = self._direct(processes.release, _place("release", processes), installed)
        if processes.release:
            self._decide("release command", release.line, release.reason("`release:` in Procfile"))
        workers = dict[str, str]()
        for name, line in processes.workers.items():
            process_type, command = processes.process_types[name], DirectCommand(line)
            if installed is not None:
                command = self._direct(line, _place(process_type, processes), installed)
            workers[name] = command.line
            self._decide(f"worker {name}", command.line, command.reason(f"`{process_type}:` in Procfile"))
        for process_type, one_off in processes.one_off.items():
            advice = "the setting workers can make it a service, and `release:` runs at each release"
            self._decide("not a service", process_type, f"{one_off.reason}; {advice}")
        return replace(processes, release=release.line, workers=workers)

    def _direct(self, line: str, place: str, installed: bool) -> DirectCommand:
        self.problems += command_line_problems(self.files, line)
        return self._try(lambda: direct_command(self.files, line, place, installed)) or DirectCommand(line)

    def _decide(self, subject: str, value: str, reason: str) -> None:
        self.decisions.append(Decision(subject, value, reason))

    def _try(self, decide: Callable[[], _Value]) -> _Value | None:
        try:
            return decide()
        except (FileError, ProcfileError) as error:
            self.problems.append(str(error))
            self.proposal = error.proposal if isinstance(error, NoStartCommandError) else self.proposal
            return None

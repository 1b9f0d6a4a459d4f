"""The image of an app's own Dockerfile, and what a task definition has to set so that its commands run."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ...runtime_contract.shell import PASS_ARGUMENTS, pass_arguments_without_shell, shell_syntax
from ..project_files import FileError, ProjectFiles
from .dockerfile_stage import DockerfileError, Stage, TargetError, Words, read_stage
from .entry_point import EntryPoint, entry_point

AUTO, KEEP, REPLACE = "auto", "keep", "replace"


class OwnImage(NamedTuple):
    """What a Dockerfile and its build context say of the image."""

    stage: Stage
    entry: EntryPoint

    @property
    def process(self) -> str:
        """The command line of ENTRYPOINT and CMD together; empty where the base image decides."""
        command = self.stage.command or Words(())
        if self.entry.argv:
            own = self.stage.entry_point
            # The shell form's line is run as it is: a shell around it would keep signals from the program.
            return own.line if own and own.line else shlex.join((*self.entry.argv, *command.argv))
        return command.line or shlex.join(command.argv)


class TaskEntry(NamedTuple):
    """What a task definition sets of the entry point."""

    entry_point: tuple[str, ...] = ()
    """Empty: the image's is kept."""
    process: str = ""
    """The image's ENTRYPOINT and CMD, as the command of a container that has none of its own; only with an entry point."""
    outcome: str = "kept"
    reason: str = "entry_point: it gets every command as its arguments"


class ImageTargetError(FileError):
    """The Dockerfile lacks the stage that is to be built."""


def read_own_image(
    folder: Path, dockerfile: str, target: str = "", arguments: Mapping[str, str] | None = None
) -> OwnImage:
    """The image of a Dockerfile in an app's folder.

    Args:
        folder: the app's folder, the build context.
        dockerfile: the Dockerfile's name in it.
        target: name or number of its stage that is built. Default: the last one.
        arguments: values of its ARGs.

    Raises:
        FileError: if it cannot be read, or names no image.
        ImageTargetError: if it has no such stage.
    """
    files = ProjectFiles(folder)
    try:
        stage = read_stage(files.text(dockerfile), target, arguments)
    except TargetError as error:
        raise ImageTargetError(f"{dockerfile} {error}") from error
    except DockerfileError as error:
        raise FileError(f"{dockerfile} {error}") from error
    return OwnImage(stage, entry_point(files, stage))


def task_entry(
    image: OwnImage | None, choice: str, commands: Mapping[str, str], others: Sequence[str] = ()
) -> TaskEntry:
    """What becomes of the image's ENTRYPOINT.

    Args:
        image: the image; None for one whose Dockerfile is not here.
        choice: the setting entry_point.
        commands: the start command, the release command and those of workers by their arguments, as far as there are any.
        others: further commands.
    """
    entry = image.entry if image else EntryPoint((), None, "the image is not built here")
    process = image.process if image else ""
    if choice == KEEP:
        return TaskEntry(reason="the setting entry_point: it gets every command as its arguments")
    if choice == REPLACE:
        return TaskEntry(_passing(entry), process, "replaced", "the setting entry_point: commands run without it")
    # Without a process of its own, the web service would have nothing to run.
    can_replace = bool(process or commands.get("start_command"))
    has_commands = bool(commands or others)
    if entry.has_shell is False and has_commands and can_replace:
        return TaskEntry(_passing(entry), process, "replaced", "the image has no shell: commands run as plain words")
    if entry.runs_command is False and (has_commands or entry.has_shell) and can_replace:
        return TaskEntry(_passing(entry), process, "replaced", f"{entry.reason}; commands run without it")
    if entry.runs_command is None:
        advice = "kept; if it starts the app whatever it is given, set entry_point to replace"
        return TaskEntry(outcome="kept", reason=f"{entry.reason}; {advice}")
    return TaskEntry(outcome="kept" if entry.argv else "none", reason=entry.reason or "no command needs it")


def entry_problem(image: OwnImage | None, entry: TaskEntry, commands: Mapping[str, str]) -> tuple[str, str] | None:
    """The argument that prevents commands from running in the image, and why, as one sentence."""
    if entry.entry_point and not entry.process and not commands.get("start_command"):
        return (
            "entry_point",
            "'replace' needs start_command, since the Dockerfile here does not say what the image starts; set it.",
        )
    if image and image.entry.has_shell is False and entry.entry_point:
        for argument, line in commands.items():
            if syntax := shell_syntax(line):
                return (
                    argument,
                    f"{line!r} needs a shell for {syntax!r}, and the image has none (FROM {image.stage.base}); "
                    "write a program with plain words, or use a base image with a shell.",
                )
    return None


def stage_facts(stage: Stage) -> Iterator[tuple[str, str, str]]:
    """What else a Dockerfile decides, each with what it means for a task: subject, value and reason."""
    if stage.needed_args:
        yield (
            "build arguments",
            " ".join(stage.needed_args),
            "ARG without a default; the setting build_env gives values",
        )
    if stage.ports:
        ports = " ".join(map(str, dict.fromkeys(stage.ports)))
        yield "exposes", ports, "EXPOSE; the app must listen on $PORT, or the setting port must name what it listens on"
    if stage.user.partition(":")[0] in ("root", "0"):
        yield "user", stage.user, "USER; tasks run as root; name another user"
    elif stage.user:
        yield "user", stage.user, "USER"
    if stage.volumes:
        yield "volumes", " ".join(stage.volumes), "VOLUME; writable where the setting writable_paths names them as well"
    if stage.health_check:
        yield "health check", "ignored", "ECS ignores HEALTHCHECK; the load balancer asks health_check_path"


def _passing(entry: EntryPoint) -> tuple[str, ...]:
    if entry.has_shell is not False:
        return PASS_ARGUMENTS
    first = entry.argv[0] if entry.argv else ""
    return pass_arguments_without_shell(first if Path(first).name.startswith("python") else "python3")

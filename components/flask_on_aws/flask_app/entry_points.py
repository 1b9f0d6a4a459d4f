"""What the task definitions of an app set of the image's ENTRYPOINT, so that every command of the stack runs."""

from collections.abc import Iterator
from pathlib import Path

from ..build_plan.own_image.own_image import (
    AUTO,
    ImageTargetError,
    OwnImage,
    TaskEntry,
    entry_problem,
    read_own_image,
    task_entry,
)
from ..build_plan.project_files import FileError
from ..image.planned_image import is_planned
from ..validation.problems import Problem
from .component_args import image_args, job_commands
from .flask_app_args import FlaskAppArgs


def app_entry(args: FlaskAppArgs) -> tuple[TaskEntry, str]:
    """The entry point of the app's containers; the image's own where the Dockerfile cannot be read.

    The text says why it cannot be seen what the ENTRYPOINT does with commands; empty where it can, or where nothing depends
    on it.
    """
    if "image" not in args and is_planned(image_args(args)):
        return TaskEntry(), ""  # a planned image has no ENTRYPOINT
    try:
        image = _own_image(args)
    except FileError:
        return TaskEntry(), ""
    choice, commands = args["entry_point"], _commands(args)
    entry = task_entry(image, choice, commands)
    is_unseen = image is not None and image.entry.runs_command is None and choice == AUTO and commands
    return entry, entry.reason if is_unseen else ""


def entry_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    """What prevents the commands from running in the image."""
    if "image" not in args and is_planned(image_args(args)):
        return
    try:
        image = _own_image(args)
        commands = _commands(args)
        entry = task_entry(image, args["entry_point"], commands)
    except ImageTargetError:
        return  # the image reports it
    except FileError as error:
        yield Problem("dockerfile", str(error))
        return
    if problem := entry_problem(image, entry, commands):
        yield Problem(*problem)


def _own_image(args: FlaskAppArgs) -> OwnImage | None:
    if "image" in args or not Path(args["app"], args["dockerfile"]).is_file():
        return None
    return read_own_image(
        Path(args["app"]), args["dockerfile"], args.get("dockerfile_target", ""), args.get("build_env", {})
    )


def _commands(args: FlaskAppArgs) -> dict[str, str]:
    """The commands that containers of the image get, by their arguments."""
    named = {"start_command": args.get("start_command", ""), "release_command": args.get("release_command", "")}
    named |= {f"workers.{name}": command for name, command in args["workers"].items()}
    named |= job_commands(args)
    return {argument: command for argument, command in named.items() if command.strip()}

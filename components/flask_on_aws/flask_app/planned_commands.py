"""The commands of an app whose image a build plan describes: they run without the package manager, which is not in it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from ..build_plan.commands.direct_command import direct_command
from ..build_plan.commands.server_warnings import with_trust
from ..build_plan.packages.package_manager import Dependencies, choose_manager
from ..build_plan.project_files import FileError, ProjectFiles
from ..image.planned_image import is_planned
from ..validation.problems import Problem
from .component_args import image_args, job_commands
from .flask_app_args import FlaskAppArgs


def with_direct_commands(args: FlaskAppArgs) -> FlaskAppArgs:
    """The arguments with every command as the image runs it; one that it cannot run stays as it is."""
    if "image" in args or not is_planned(image_args(args)):
        return args
    files, dependencies = _app(args)
    installed = bool(dependencies and dependencies.installs_project)
    direct = dict(cast(Mapping[str, Any], args))
    for argument in ("start_command", "release_command"):
        if direct.get(argument):
            direct[argument] = _direct(files, installed, direct[argument])
    if direct.get("start_command"):
        direct["start_command"] = with_trust(direct["start_command"], dependencies.lowest if dependencies else {})
    direct["workers"] = {name: _direct(files, installed, line) for name, line in args["workers"].items()}
    direct["jobs"] = [{**job, "command": _direct(files, installed, job["command"])} for job in args["jobs"]]
    return cast(FlaskAppArgs, direct)


def command_problems(given: FlaskAppArgs, args: FlaskAppArgs) -> Iterator[Problem]:
    """What prevents the commands that settings give from running in the image.

    The plan of the image reports the start command, and what is wrong in the Procfile.
    """
    if "image" in args or not is_planned(image_args(args)):
        return
    commands = {"release_command": given.get("release_command") or ""}
    commands |= {f"workers.{name}": line or "" for name, line in (given.get("workers") or {}).items()}
    commands |= job_commands(args)
    files, dependencies = _app(args)
    installed = bool(dependencies and dependencies.installs_project)
    for argument, line in commands.items():
        try:
            direct_command(files, line, "", installed)
        except FileError as error:
            yield Problem(argument, str(error))


def _direct(files: ProjectFiles, installed: bool, line: str) -> str:
    """The command as the image runs it; unchanged if the image cannot run it."""
    try:
        return direct_command(files, line, "", installed).line or line
    except FileError:
        return line


def _app(args: FlaskAppArgs) -> tuple[ProjectFiles, Dependencies | None]:
    """The app's files and dependencies; None if its files do not decide them."""
    files = ProjectFiles(Path(args["app"]))
    try:
        return files, choose_manager(files)
    except FileError:
        return files, None

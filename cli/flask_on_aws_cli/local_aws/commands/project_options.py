"""The options of every local command that select the project and its app."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ...local_project.chosen_app import choose_app, home_of_app
from ...local_project.project import FOLDER
from ...pulumi_engine import EngineError
from ...pulumi_engine.program.project import read_project
from ...shared.failure import fail
from ...shared.stack_options import setting
from .command_line import command_line
from .stack import STACK

_CREATING = ("up", "dev")
"""Names of the commands that create an app's local AWS."""


def project_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select the project and its app; the command gets the project."""

    @functools.wraps(function)
    def run(project: Path, app: Path | None, **options: Any) -> Any:
        if app is not None:
            _choose(project.resolve(), app.resolve(), creates=function.__name__ in _CREATING)
        return function(project, **options)

    folder = click.Path(path_type=Path, file_okay=False)
    for option in (
        click.option(
            "--app",
            type=click.Path(path_type=Path, file_okay=False, exists=True),
            metavar="DIR",
            help="App to run instead of that of the setting app, also by the following commands.",
        ),
        click.option("--project", default=".", type=folder, help="Folder of Pulumi.yaml. Default: the current one."),
    ):
        run = option(run)
    return run


def _choose(project: Path, app: Path, creates: bool) -> None:
    """Choose an app for this and the following commands; end the command if it cannot be used."""
    try:
        configured = read_project(project, STACK, decrypts=False)
    except EngineError as error:
        fail(str(error))
    setting_path = project / setting(configured.config, configured.name, "app", "app_template")
    is_configured = app == setting_path.resolve()
    if not (creates or is_configured or (home_of_app(project, app) / FOLDER).is_dir()):
        fail(f"The app in {app} has no local AWS; create one with: {command_line('up', app)}")
    choose_app(project, None if is_configured else app)

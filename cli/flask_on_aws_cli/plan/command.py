"""`flask-on-aws plan`."""

from pathlib import Path
from typing import Any

import click
from flask_on_aws.build_plan.plan import BuildPlanError

from ..shared.app_plan import plan_app
from ..shared.failure import fail
from ..shared.stack_options import options_settings, plan_options, plan_or_fail
from .procfile_writer import ProcfileExistsError, write_procfile
from .report import as_json, as_text
from .stack_settings import WriteError, write_health_path


@click.command()
@plan_options
@click.option("--json", "in_json", is_flag=True, help="Print the whole plan as JSON.")
@click.option("--processes", is_flag=True, help="Plan the app as processes: its Dockerfile is ignored.")
@click.option(
    "--write-procfile",
    "writes_procfile",
    is_flag=True,
    help="Write a Procfile with the start command, or with the one that the app's code shows, and with the release "
    "command that runs its migrations. An existing one is kept.",
)
@click.option(
    "--write",
    is_flag=True,
    help="Also set healthCheckPath in the stack, to the path that the last preflight or local up found.",
)
@click.option(
    "--project",
    type=click.Path(path_type=Path),
    default=".",
    help="Folder of Pulumi.yaml, for --write. Default: the current one.",
)
@click.option("--stack", default="", metavar="NAME", help="Stack for --write. Default: the selected one.")
def plan(
    folder: Path,
    in_json: bool,
    processes: bool,
    writes_procfile: bool,
    write: bool,
    project: Path,
    stack: str,
    **settings: Any,
) -> None:
    """Show how the app in DIR would be built, and why."""
    if writes_procfile:
        click.echo(_write_procfile(folder, settings), err=in_json)
    build_plan = plan_or_fail(folder, as_processes=processes, **settings)
    click.echo(as_json(build_plan) if in_json else as_text(build_plan))
    if write:
        try:
            click.echo(write_health_path(folder, project, stack), err=in_json)
        except WriteError as error:
            fail(str(error))


def _write_procfile(folder: Path, settings: dict[str, Any]) -> str:
    """Write the Procfile; returns what was done."""
    lines, missing = _procfile_lines(folder, settings)
    try:
        path = write_procfile(folder, lines)
    except ProcfileExistsError:
        fail(f"{folder / 'Procfile'} exists and was not changed; its lines for this app are: {'; '.join(lines)}")
    except OSError as error:
        fail(f"{folder / 'Procfile'} cannot be written ({error.strerror}); make the folder writable.")
    add = f"; add {missing} to the dependencies" if missing else ""
    return f"{path} was written: {'; '.join(lines)}{add}\n"


def _procfile_lines(folder: Path, settings: dict[str, Any]) -> tuple[list[str], str]:
    """The lines of the app as processes, and the package that it still needs."""
    try:
        plan = plan_app(folder, options_settings(**settings), as_processes=True)
        command, release, missing = plan.start_command, plan.release_command or plan.proposed_release, ""
    except BuildPlanError as error:
        if not (error.proposal and error.proposal.command):
            fail(*error.problems)
        command, release, missing = error.proposal.command, error.proposal.release, error.proposal.missing
    return [f"web: {command}", *([f"release: {release}"] if release else [])], missing

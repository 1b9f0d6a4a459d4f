"""`flask-on-aws plan`."""

from pathlib import Path
from typing import Any

import click

from ..shared.stack_options import fail, plan_options, plan_or_fail
from .report import as_json, as_text
from .stack_settings import WriteError, write_health_path


@click.command()
@plan_options
@click.option("--json", "in_json", is_flag=True, help="Print the whole plan as JSON.")
@click.option("--processes", is_flag=True, help="Plan the app as processes: its Dockerfile is ignored.")
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
def plan(folder: Path, in_json: bool, processes: bool, write: bool, project: Path, stack: str, **settings: Any) -> None:
    """Show how the app in DIR would be built, and why."""
    build_plan = plan_or_fail(folder, **settings, dockerfile="" if processes else "Dockerfile")
    click.echo(as_json(build_plan) if in_json else as_text(build_plan))
    if write:
        try:
            click.echo(write_health_path(folder, project, stack), err=in_json)
        except WriteError as error:
            fail(str(error))

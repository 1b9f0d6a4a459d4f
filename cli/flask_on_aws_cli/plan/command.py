"""`flask-on-aws plan`."""

from pathlib import Path
from typing import Any

import click

from ..shared.stack_options import plan_options, plan_or_fail
from .report import as_json, as_text


@click.command()
@plan_options
@click.option("--json", "in_json", is_flag=True, help="Print the whole plan as JSON.")
@click.option("--processes", is_flag=True, help="Plan the app as processes: its Dockerfile is ignored.")
def plan(folder: Path, in_json: bool, processes: bool, **settings: Any) -> None:
    """Show how the app in DIR would be built, and why."""
    build_plan = plan_or_fail(folder, **settings, dockerfile="" if processes else "Dockerfile")
    click.echo(as_json(build_plan) if in_json else as_text(build_plan))

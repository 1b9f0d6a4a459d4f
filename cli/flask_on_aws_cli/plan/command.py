"""`flask-on-aws plan`."""

from pathlib import Path
from typing import Any

import click

from ..shared.stack_options import plan_options, plan_or_fail
from .report import as_json, as_text


@click.command()
@plan_options
@click.option("--json", "in_json", is_flag=True, help="The whole plan as JSON.")
@click.option("--processes", is_flag=True, help="Plan for processes: a Dockerfile of the app does not count.")
def plan(folder: Path, in_json: bool, processes: bool, **settings: Any) -> None:
    """Show how the app in DIR would be built, and why."""
    made = plan_or_fail(folder, **settings, dockerfile="" if processes else "Dockerfile")
    click.echo(as_json(made) if in_json else as_text(made))

"""`flask-on-aws releases`."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import click
from flask_on_aws.releases import release_record
from flask_on_aws.releases.release_record import Release

from ..shared.output_format import as_json, caller_name, format_time, short_digest, table
from .app import App, AppService, short_name
from .errors import OperationError
from .rollback_target import running_release
from .target import app_options

_MAX_SHOWN = 20
_HEADING = ("RELEASE", "TIME", "IMAGE", "TASK DEFINITION", "BY", "")


@click.command()
@app_options
@click.option("--json", "in_json", is_flag=True, help="Print JSON.")
def releases(app: App, in_json: bool) -> None:
    """List the last 20 releases, newest first."""
    service = app.selected_service
    history = releases_of(app, service)
    rows = [_row(release, history, service) for release in islice(history, _MAX_SHOWN)]
    if in_json:
        click.echo(as_json(rows))
        return
    if not rows:
        click.echo(f"No release of {service.name} is recorded yet; the next pulumi up records one.")
        return
    for line in table([_HEADING, *(_cells(row) for row in rows)]):
        click.echo(line)
    if not any(row["running"] for row in rows):
        click.echo(f"{service.role} runs {short_name(service.running_definition)}, which is not one of these releases.")


def releases_of(app: App, service: AppService) -> Sequence[Release]:
    """All recorded releases of a service, newest first.

    Raises:
        OperationError: if a value of the parameter is not a release record.
    """
    try:
        return list(release_record.releases(app.client("ssm"), service.releases_parameter))
    except ValueError as error:
        raise OperationError(f"{service.releases_parameter}: {error}") from error


def _row(release: Release, history: Sequence[Release], service: AppService) -> Mapping[str, Any]:
    return {
        "release": release.number,
        "time": release.time,
        "image": release.image,
        "taskDefinition": release.task_definition,
        "user": release.user,
        "running": release is running_release(history, service.running_definition),
        "rolledBackFrom": release.rolled_back_from,
        "rolledBackTo": release.rolled_back_to,
    }


def _cells(row: Mapping[str, Any]) -> Sequence[str]:
    notes = ["runs now"] if row["running"] else []
    if row["rolledBackFrom"] is not None:
        notes.append(f"rollback from {row['rolledBackFrom']} to {row['rolledBackTo']}")
    return (
        str(row["release"]),
        format_time(row["time"]),
        short_digest(row["image"]),
        short_name(row["taskDefinition"]),
        caller_name(row["user"]),
        ", ".join(notes),
    )

"""`flask-on-aws releases`."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import click
from flask_on_aws.releases import release_record
from flask_on_aws.releases.release_record import Release

from ..shared.output_format import as_json, moment, short_digest, table, who
from .app import App, AppService, short_name
from .errors import OperationError
from .rollback_target import running_release
from .target import app_options

_SHOWN = 20
_HEADING = ("RELEASE", "TIME", "IMAGE", "TASK DEFINITION", "BY", "")


@click.command()
@app_options
@click.option("--json", "in_json", is_flag=True, help="As JSON.")
def releases(app: App, in_json: bool) -> None:
    """The last 20 releases, the newest first."""
    service = app.one_service
    history = releases_of(app, service)
    rows = [_row(one, history, service) for one in islice(history, _SHOWN)]
    if in_json:
        click.echo(as_json(rows))
        return
    if not rows:
        click.echo(f"No release of {service.name} is recorded yet; the next pulumi up records one.")
        return
    for line in table([_HEADING, *(_cells(row) for row in rows)]):
        click.echo(line)
    if not any(row["running"] for row in rows):
        click.echo(f"{service.role} runs {short_name(service.running_definition)}, which none of these releases made.")


def releases_of(app: App, service: AppService) -> Sequence[Release]:
    """All releases of a service that are known, the newest first.

    Raises:
        OperationError: if a record is none of ours.
    """
    try:
        return list(release_record.releases(app.client("ssm"), service.releases_parameter))
    except ValueError as error:
        raise OperationError(f"{service.releases_parameter}: {error}") from error


def _row(one: Release, history: Sequence[Release], service: AppService) -> Mapping[str, Any]:
    return {
        "release": one.number,
        "time": one.time,
        "image": one.image,
        "taskDefinition": one.task_definition,
        "user": one.user,
        "running": one is running_release(history, service.running_definition),
        "rolledBackFrom": one.rolled_back_from,
        "rolledBackTo": one.rolled_back_to,
    }


def _cells(row: Mapping[str, Any]) -> Sequence[str]:
    notes = ["runs now"] if row["running"] else []
    if row["rolledBackFrom"] is not None:
        notes.append(f"rollback from {row['rolledBackFrom']} to {row['rolledBackTo']}")
    return (
        str(row["release"]),
        moment(row["time"]),
        short_digest(row["image"]),
        short_name(row["taskDefinition"]),
        who(row["user"]),
        ", ".join(notes),
    )

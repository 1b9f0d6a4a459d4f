"""`flask-on-aws status`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from ..shared.output_format import as_json, format_time, short_digest, task_counts
from .app import App, AppService, short_name
from .maintenance import is_in_maintenance
from .releases import releases_of
from .rollback_target import running_release
from .target import app_options

_MAX_EVENTS = 5
_WIDTH = 11  # of the first column, as in `local status`


@click.command()
@app_options
@click.option("--json", "in_json", is_flag=True, help="Print JSON.")
def status(app: App, in_json: bool) -> None:
    """Show services, releases, target health, events and alarms."""
    services = [_service_facts(app, service) for service in app.services]
    alarms, maintenance = list(_alarms(app)), is_in_maintenance(app)
    if in_json:
        facts = {"url": app.url, "cluster": app.cluster, "maintenance": maintenance}
        click.echo(as_json({**facts, "services": services, "alarms": alarms}))
        return
    if app.url:
        click.echo(f"{'app':<{_WIDTH}}{app.url}")
    if maintenance:
        click.echo(_indented("in maintenance, which ends with: flask-on-aws maintenance off"))
    for facts in services:
        for line in _service_lines(facts):
            click.echo(line)
    for line in _alarm_lines(alarms):
        click.echo(line)


def _service_facts(app: App, service: AppService) -> Mapping[str, Any]:
    history = releases_of(app, service)
    release = running_release(history, service.deployment["taskDefinition"])
    description, deployment = service.description, service.deployment
    return {
        "service": service.role,
        "name": service.name,
        "tasks": task_counts(description),
        "running": description["runningCount"],
        "desired": description["desiredCount"],
        "pending": description["pendingCount"],
        "rollout": deployment.get("rolloutState", ""),
        "rolloutReason": deployment.get("rolloutStateReason", ""),
        "failedTasks": deployment.get("failedTasks", 0),
        "since": service.deployed_at,
        "release": release.number if release else None,
        "rolledBackFrom": release.rolled_back_from if release else None,
        "rolledBackTo": release.rolled_back_to if release else None,
        "image": service.image,
        "taskDefinition": deployment["taskDefinition"],
        "targets": [target for group in service.target_groups for target in _targets(app, group)],
        "events": [
            {"time": event["createdAt"], "message": event["message"]} for event in description["events"][:_MAX_EVENTS]
        ],
    }


def _service_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """The lines of text about a service."""
    failed = f", {facts['failedTasks']} failed" if facts["failedTasks"] else ""
    yield f"{facts['service']:<{_WIDTH}}{facts['name']}: {facts['tasks']}{failed}"
    yield _indented(f"rollout {facts['rollout']} since {format_time(facts['since'])}")
    release = f"release {facts['release']}" if facts["release"] else "no recorded release"
    if facts["rolledBackFrom"] is not None:
        release += f", rollback from {facts['rolledBackFrom']} to {facts['rolledBackTo']}"
    yield _indented(f"{release} ({short_name(facts['taskDefinition'])}, image {short_digest(facts['image'])})")
    for target in facts["targets"]:
        reason = f": {target['reason']}" if target["reason"] else ""
        yield _indented(f"target {target['address']} {target['state']}{reason}")
    for event in facts["events"]:
        yield _indented(f"{format_time(event['time'])} {event['message']}")


def _indented(text: str) -> str:
    return f"{'':<{_WIDTH}}{text}"


def _targets(app: App, target_group: str) -> Iterator[Mapping[str, str]]:
    answer = app.client("elbv2").describe_target_health(TargetGroupArn=target_group)
    for description in answer["TargetHealthDescriptions"]:
        target, health = description["Target"], description["TargetHealth"]
        yield {
            "address": f"{target['Id']}:{target['Port']}",
            "state": health["State"],
            "reason": health.get("Description", ""),
        }


def _alarms(app: App) -> Iterator[Mapping[str, str]]:
    """The alarms that FlaskApp creates: their names start with the app's name."""
    app_name = app.selected_service.family.rpartition("-")[0] or app.selected_service.family
    pages = app.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{app_name}-alarms-")
    for page in pages:
        for alarm in page["MetricAlarms"]:
            yield {"name": alarm["AlarmName"], "state": alarm["StateValue"], "reason": alarm.get("StateReason", "")}


def _alarm_lines(alarms: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if alarms:
        in_alarm = [alarm for alarm in alarms if alarm["state"] == "ALARM"]
        yield f"{'alarms':<{_WIDTH}}{len(in_alarm)} of {len(alarms)}"
        yield from (_indented(f"{alarm['name']}: {alarm['reason']}") for alarm in in_alarm)

"""`flask-on-aws status`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from ..shared.output_format import as_json, moment, short_digest, task_counts
from .app import App, AppService, short_name
from .releases import releases_of
from .rollback_target import running_release
from .target import app_options

_EVENTS = 5
_WIDTH = 11  # of what stands before a line, as in `local status`


@click.command()
@app_options
@click.option("--json", "in_json", is_flag=True, help="As JSON.")
def status(app: App, in_json: bool) -> None:
    """What runs: services with their releases, target health, last events and alarms."""
    services = [_service_facts(app, service) for service in app.services]
    alarms = list(_alarms(app))
    if in_json:
        click.echo(as_json({"url": app.url, "cluster": app.cluster, "services": services, "alarms": alarms}))
        return
    if app.url:
        click.echo(f"{'app':<{_WIDTH}}{app.url}")
    for one in services:
        for line in _service_lines(one):
            click.echo(line)
    for line in _alarm_lines(alarms):
        click.echo(line)


def _service_facts(app: App, service: AppService) -> Mapping[str, Any]:
    history = releases_of(app, service)
    release = running_release(history, service.deployment["taskDefinition"])
    told, deployment = service.told, service.deployment
    return {
        "service": service.role,
        "name": service.name,
        "tasks": task_counts(told),
        "running": told["runningCount"],
        "desired": told["desiredCount"],
        "pending": told["pendingCount"],
        "rollout": deployment.get("rolloutState", ""),
        "rolloutReason": deployment.get("rolloutStateReason", ""),
        "failedTasks": deployment.get("failedTasks", 0),
        "since": service.since,
        "release": release.number if release else None,
        "rolledBackFrom": release.rolled_back_from if release else None,
        "rolledBackTo": release.rolled_back_to if release else None,
        "image": service.image,
        "taskDefinition": deployment["taskDefinition"],
        "targets": [target for group in _groups(service) for target in _targets(app, group)],
        "events": [{"time": one["createdAt"], "message": one["message"]} for one in told["events"][:_EVENTS]],
    }


def _service_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """A service as text."""
    failed = f", {facts['failedTasks']} failed" if facts["failedTasks"] else ""
    yield f"{facts['service']:<{_WIDTH}}{facts['name']}: {facts['tasks']}{failed}"
    yield _indented(f"rollout {facts['rollout']} since {moment(facts['since'])}")
    release = f"release {facts['release']}" if facts["release"] else "no recorded release"
    if facts["rolledBackFrom"] is not None:
        release += f", rollback from {facts['rolledBackFrom']} to {facts['rolledBackTo']}"
    yield _indented(f"{release} ({short_name(facts['taskDefinition'])}, image {short_digest(facts['image'])})")
    for target in facts["targets"]:
        reason = f": {target['reason']}" if target["reason"] else ""
        yield _indented(f"target {target['address']} {target['state']}{reason}")
    for event in facts["events"]:
        yield _indented(f"{moment(event['time'])} {event['message']}")


def _indented(text: str) -> str:
    return f"{'':<{_WIDTH}}{text}"


def _groups(service: AppService) -> Sequence[str]:
    return [one["targetGroupArn"] for one in service.told.get("loadBalancers", []) if one.get("targetGroupArn")]


def _targets(app: App, group: str) -> Iterator[Mapping[str, str]]:
    told = app.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    for one in told:
        target, health = one["Target"], one["TargetHealth"]
        yield {
            "address": f"{target['Id']}:{target['Port']}",
            "state": health["State"],
            "reason": health.get("Description", ""),
        }


def _alarms(app: App) -> Iterator[Mapping[str, str]]:
    """The alarms that FlaskApp makes: their names begin like the app's."""
    start = app.one_service.family.rpartition("-")[0] or app.one_service.family
    pages = app.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{start}-alarms-")
    for page in pages:
        for one in page["MetricAlarms"]:
            yield {"name": one["AlarmName"], "state": one["StateValue"], "reason": one.get("StateReason", "")}


def _alarm_lines(alarms: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if alarms:
        raised = [one for one in alarms if one["state"] == "ALARM"]
        yield f"{'alarms':<{_WIDTH}}{len(raised)} of {len(alarms)}"
        yield from (_indented(f"{one['name']}: {one['reason']}") for one in raised)

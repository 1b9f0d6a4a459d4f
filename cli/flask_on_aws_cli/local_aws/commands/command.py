"""`flask-on-aws local`: the stack on this machine."""

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn

import click
from flask_on_aws.build_plan.plan import BuildPlanError
from flask_on_aws.runtime_contract.contract import CA_PATH
from uv import find_uv_bin

from ...build.run import BuildError
from ...local_project import daemon_control
from ...local_project.location import RUNTIMES, RuntimeName
from ...local_project.project import (
    FOLDER,
    LocalAws,
    LocalAwsError,
    find_local_aws,
    local_provider_settings,
    open_local_aws,
)
from ...operations.app import all_services
from ...operations.log_lines import LogLines, LogSource, show
from ...pulumi_engine import EngineError
from ...pulumi_engine import destroy as destroy_stack
from ...shared.output_format import task_counts
from ...shared.stack_options import fail
from ...task_model.process_containers import localize_paths
from ..containers import NoEngineError
from ..runtimes import open_images
from .app_request import ask
from .dev import Development, run_from
from .exec_command import execute
from .stack import STACK, Stack
from .typed import typed

# An app has up to four minutes to start, a minute by default; then it has answered, or ECS has told why not.
_ANSWER_SECONDS = 240
_POLL_SECONDS = 0.2
_TOLD = 5  # events of a service, and ends of its tasks: enough to see a loop
_REGION = "us-east-1"

_project = click.option(
    "--project", default=".", type=click.Path(path_type=Path, file_okay=False), help="Folder of Pulumi.yaml."
)


@click.group()
def local() -> None:
    """The whole stack on this machine, without an AWS account and without Docker."""


@local.command()
@_project
@click.option(
    "--runtime",
    type=click.Choice(RUNTIMES),
    help="Run tasks as processes of this machine, or as containers of the real image at its Docker engine. "
    "Default: as the last time, at first processes.",
)
def up(project: Path, runtime: RuntimeName | None) -> None:
    """Start the local AWS and make it as the program says; again after a change, a rolling deployment."""
    _up(project, runtime)


@local.command()
@_project
def dev(project: Path) -> None:
    """Do `up`, then run what you write: each save is there at once, until Ctrl-C.

    Tasks are processes meanwhile, and until the next `up`.
    """
    before = _find(project)
    try:
        place, stack = _up(project, "process")
        Development(place, stack).run()
    except LookupError as error:
        fail(str(error))
    finally:
        if before:
            open_local_aws(project.resolve(), _REGION, before.runtime)


def _up(project: Path, runtime: RuntimeName | None) -> tuple[LocalAws, Stack]:
    """Make all as the program says, and wait until it answers."""
    began = time.monotonic()
    try:
        place = open_local_aws(project.resolve(), _REGION)
        open_images(place.location, runtime or place.runtime)  # or says what is missing, before anything changes
        place = open_local_aws(project.resolve(), _REGION, runtime)
        if daemon_control.ensure_started(place):
            _say(f"local AWS at {place.location.endpoint}")
        run_from(place.location, None)  # a `dev` that was killed
        stack = Stack(project.resolve(), place, _say)
        result = stack.apply()
    except (LocalAwsError, NoEngineError, daemon_control.DaemonError, EngineError, BuildError, BuildPlanError) as error:
        fail(str(error))
    changed = {name: len(getattr(result, name)) for name in ("created", "updated", "replaced", "deleted")}
    told = ", ".join(f"{count} {name}" for name, count in changed.items() if count) or "nothing changed"
    _say(f"{told}; {len(result.planned)} resources of AWS alone were planned, not created")
    _wait_for_answer(place)
    _say(f"\n{place.url} answers after {time.monotonic() - began:.0f} s")
    _say(f"overview: {place.status_url}\nlogs:     {typed('logs')}\ndatabase: {typed('psql')}")
    _say(f"Trust its certificates with {place.location.certificate}.")
    return place, stack


@local.command()
@_project
def down(project: Path) -> None:
    """Stop everything; data and the stack stay for the next `up`."""
    _say("stopped" if daemon_control.end(_place(project)) else "nothing runs")


@local.command()
@_project
def destroy(project: Path) -> None:
    """Delete the stack with its data, and stop."""
    place = _place(project)
    try:
        daemon_control.ensure_started(place)
        result = destroy_stack(project.resolve(), STACK, place.location)
    except (daemon_control.DaemonError, EngineError) as error:
        fail(str(error))
    daemon_control.end(place)
    for runtime in RUNTIMES:
        with contextlib.suppress(NoEngineError):
            open_images(place.location, runtime).clear()
    shutil.rmtree(place.location.folder)
    _say(f"{len(result.deleted)} resources deleted, and {FOLDER} with all data")


@local.command()
@_project
def status(project: Path) -> None:
    """Services, databases, addresses and memory."""
    place, told = _running(project)
    _say(f"app        {place.url}\noverview   {place.status_url}\nendpoint   {place.location.endpoint}")
    for service in _services(place):
        _say(f"service    {service['serviceName']}: {task_counts(service)}")
    for name, database in told["databases"].items():
        note = f" ({database['note']})" if database["note"] else ""
        _say(f"database   {name}: {database['state']} at {database['host']}:{database['port']}{note}")
    for problem in told["problems"]:
        _say(f"problem    {problem}")
    for fault in told["faults"]:
        since = datetime.fromtimestamp(fault["since"]).strftime("%Y-%m-%d %H:%M:%S")
        times = f"failing since {since} ({fault['times']} times)"
        _say(f"fault      {fault['what']}: {times}: {fault['error']}. {fault['fix']}")
    memory = daemon_control.memory(place) + told["container_memory"]
    _say(f"memory     {memory / 2**20:.0f} MiB" + (", containers included" if told["container_memory"] else ""))


@local.command()
@_project
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C.")
def logs(project: Path, follow: bool) -> None:
    """What the app's containers print."""
    client = _client(_running(project)[0], "logs")
    groups = [group["logGroupName"] for group in client.describe_log_groups()["logGroups"]]
    show(LogLines(client, [LogSource(name) for name in groups], since=0), follow, _say)


@local.command()
@_project
@click.argument("arguments", nargs=-1)
def psql(project: Path, arguments: tuple[str, ...]) -> None:
    """Open the app's database; arguments after -- go to psql (to pgcli, downloaded, where there is no psql)."""
    # Both read the PG* variables: a password among the arguments would be seen by every user of the machine.
    variables = {name: value for name, value in _environment(_running(project)[0]).items() if name.startswith("PG")}
    client = ["psql"] if shutil.which("psql") else [find_uv_bin(), "tool", "run", "--with", "psycopg[binary]", "pgcli"]
    sys.exit(subprocess.call([*client, *arguments], env={**os.environ, **variables}))  # noqa: S603 what the user asked for


@local.command(name="exec", context_settings={"allow_interspersed_args": False})
@_project
@click.argument("command", nargs=-1, required=True)
def exec_(project: Path, command: tuple[str, ...]) -> None:
    """Run COMMAND beside the running web task, in its surroundings, as ECS Exec does on AWS.

    One word alone is for a shell: exec "ls -l /tmp". The stack must have set `enableExec`.
    """
    place = _running(project)[0]
    execute(place.location, _client(place, "ecs"), _services(place), command)


@local.command()
@_project
def env(project: Path) -> None:
    """The app's environment, secrets included, as lines for a .env file."""
    for name, value in sorted(_environment(_running(project)[0]).items()):
        _say(f"{name}={value}")


@local.command()
@_project
def credentials(project: Path) -> None:
    """Lines for a shell that have AWS's own tools speak to the local AWS: eval "$(flask-on-aws local credentials)"."""
    place = _place(project).location
    variables = {
        "AWS_ENDPOINT_URL": place.endpoint,
        "AWS_REGION": place.region,
        "AWS_DEFAULT_REGION": place.region,
        "AWS_ACCESS_KEY_ID": place.access_key.id,
        "AWS_SECRET_ACCESS_KEY": place.access_key.secret,
    }
    for name, value in variables.items():
        _say(f"export {name}={shlex.quote(value)}")
    _say("unset AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_PROFILE")  # of another account


def _say(text: str) -> None:
    click.echo(text)


def _find(project: Path) -> LocalAws | None:
    try:
        return find_local_aws(project.resolve())
    except LocalAwsError as error:
        fail(str(error))


def _place(project: Path) -> LocalAws:
    found = _find(project)
    if found is None:
        fail(f"{project.resolve()} has no local AWS; make one with: {typed('up')}")
    return found


def _running(project: Path) -> tuple[LocalAws, dict[str, Any]]:
    """The place and what its daemon says."""
    place = _place(project)
    try:
        told = daemon_control.status(place)
    except daemon_control.DaemonError as error:
        fail(str(error))
    if told is None:
        fail(f"The local AWS of {project.resolve()} does not run; start it with: {typed('up')}")
    return place, told


def _client(place: LocalAws, service: str) -> Any:
    return local_provider_settings(place).client(service)


def _wait_for_answer(place: LocalAws) -> None:
    until, seen = time.monotonic() + _ANSWER_SECONDS, ask(place)
    while not (isinstance(seen, int) and seen < HTTPStatus.BAD_REQUEST):
        if time.monotonic() > until:
            _fail_without_answer(place, seen)
        time.sleep(_POLL_SECONDS)
        seen = ask(place)


def _fail_without_answer(place: LocalAws, seen: int | str) -> NoReturn:
    services = _services(place)
    events = [event["message"] for service in services for event in service["events"][:_TOLD]]
    reasons = [reason for service in services for reason in _stopped_reasons(place, service)]
    fail(f"{place.url} answers {seen} after {_ANSWER_SECONDS} s. What the services and tasks say:", *events, *reasons)


def _stopped_reasons(place: LocalAws, service: Mapping[str, Any]) -> list[str]:
    """Why the last tasks of a service ended, each reason once."""
    ecs, cluster = _client(place, "ecs"), service["clusterArn"]
    found = ecs.list_tasks(cluster=cluster, serviceName=service["serviceName"], desiredStatus="STOPPED")["taskArns"]
    tasks: list[dict[str, Any]] = ecs.describe_tasks(cluster=cluster, tasks=found[-_TOLD:])["tasks"] if found else []
    return list(dict.fromkeys(task["stoppedReason"] for task in tasks))


def _services(place: LocalAws) -> list[Mapping[str, Any]]:
    return all_services(_client(place, "ecs"))


def _environment(place: LocalAws) -> dict[str, str]:
    """What a task of the web service finds, with the paths of this machine."""
    ecs, secrets = _client(place, "ecs"), _client(place, "secretsmanager")
    definitions = [service["taskDefinition"] for service in _services(place) if service["loadBalancers"]]
    if not definitions:
        fail(f"The stack has no web service; make it with: {typed('up')}")
    task = ecs.describe_task_definition(taskDefinition=definitions[0])["taskDefinition"]
    container = next(one for one in task["containerDefinitions"] if one.get("portMappings"))
    found = {pair["name"]: pair["value"] for pair in container["environment"]}
    for secret in container["secrets"]:
        arn, key = secret["valueFrom"].rsplit(":", 3)[:2]
        text = secrets.get_secret_value(SecretId=arn)["SecretString"]
        found[secret["name"]] = json.loads(text)[key]
    files = {CA_PATH: str(place.location.certificate)}
    return {name: localize_paths(value, files) for name, value in found.items()}

"""`flask-on-aws local`: runs the stack on this machine."""

import contextlib
import json
import shlex
import shutil
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
from ...task_model.container_paths import localize_paths
from ..containers import NoEngineError
from ..runtimes import open_images
from .app_request import request_app
from .command_line import command_line
from .database_client import MYSQL, PSQL, client_name, run_mysql, run_psql
from .dev import Development, run_code_from
from .exec_command import execute
from .stack import STACK, Stack
from .trust import how_to_trust

# An app has up to four minutes to start, by default one; by then it has responded, or ECS's events have the reason.
_RESPONSE_SECONDS = 240
_POLL_SECONDS = 0.2
_SHOWN = 5  # events and stopped tasks of each service: enough to recognize a crash loop
_REGION = "us-east-1"

_project = click.option(
    "--project",
    default=".",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of Pulumi.yaml. Default: the current one.",
)


@click.group()
def local() -> None:
    """Run the whole stack on this machine, without an AWS account."""


@local.command()
@_project
@click.option(
    "--runtime",
    type=click.Choice(RUNTIMES),
    help="Run tasks as processes on this machine, or as containers of the real image in its Docker engine. "
    "Default: the runtime of the last `up`, and processes the first time.",
)
def up(project: Path, runtime: RuntimeName | None) -> None:
    """Start the local AWS and deploy the stack, or its changes.

    A change of the app is deployed with a rolling deployment. The command ends when the app answers over HTTPS.
    """
    _up(project, runtime)


@local.command()
@_project
def dev(project: Path) -> None:
    """Run `up`, then your code as you edit it.

    Each save takes effect at once, until Ctrl-C. Tasks run as processes until the next `up`.
    """
    previous = _find_local_aws(project)
    try:
        local_aws, stack = _up(project, "process")
        Development(local_aws, stack).run()
    except LookupError as error:
        fail(str(error))
    finally:
        if previous:
            open_local_aws(project.resolve(), _REGION, previous.runtime)


def _up(project: Path, runtime: RuntimeName | None) -> tuple[LocalAws, Stack]:
    """Apply the program, and wait until the app responds."""
    started_at = time.monotonic()
    try:
        local_aws = open_local_aws(project.resolve(), _REGION)
        open_images(local_aws.location, runtime or local_aws.runtime)  # raises before anything changes
        local_aws = open_local_aws(project.resolve(), _REGION, runtime)
        if daemon_control.ensure_started(local_aws):
            click.echo(f"local AWS at {local_aws.location.endpoint}")
        run_code_from(local_aws.location, None)  # in case a `dev` was killed
        stack = Stack(project.resolve(), local_aws, click.echo)
        result = stack.apply()
    except (LocalAwsError, NoEngineError, daemon_control.DaemonError, EngineError, BuildError, BuildPlanError) as error:
        fail(str(error))
    counts = {name: len(getattr(result, name)) for name in ("created", "updated", "replaced", "deleted")}
    changes = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing changed"
    click.echo(f"{changes}; {len(result.planned)} resources that exist only on AWS were planned, not created")
    _wait_for_response(local_aws)
    click.echo(f"\n{local_aws.url} answers after {time.monotonic() - started_at:.0f} s")
    click.echo(f"overview: {local_aws.status_url}\nlogs:     {command_line('logs')}")
    if client := client_name(_plain_variables(_web_container(local_aws) or {})):
        click.echo(f"database: {command_line(client)}")
    for name, database in (daemon_control.status(local_aws) or {"databases": {}})["databases"].items():
        if database["note"]:
            click.echo(f"{name}: {database['note']}")
    click.echo(f"To trust its certificates: {command_line('trust')}")
    return local_aws, stack


@local.command()
@_project
def down(project: Path) -> None:
    """Stop everything, and keep the stack and its data."""
    click.echo("stopped" if daemon_control.end(_require_local_aws(project)) else "nothing is running")


@local.command()
@_project
def destroy(project: Path) -> None:
    """Delete the stack and its data, and stop the local AWS."""
    local_aws = _require_local_aws(project)
    try:
        daemon_control.ensure_started(local_aws)
        result = destroy_stack(project.resolve(), STACK, local_aws.location)
    except (daemon_control.DaemonError, EngineError) as error:
        fail(str(error))
    daemon_control.end(local_aws)
    for runtime in RUNTIMES:
        with contextlib.suppress(NoEngineError):
            open_images(local_aws.location, runtime).clear()
    shutil.rmtree(local_aws.location.folder)
    click.echo(f"{len(result.deleted)} resources deleted, and {FOLDER} with all data")


@local.command()
@_project
def status(project: Path) -> None:
    """Show services, databases, addresses, faults and memory."""
    local_aws, report = _require_running(project)
    click.echo(
        f"app        {local_aws.url}\noverview   {local_aws.status_url}\nendpoint   {local_aws.location.endpoint}"
    )
    for service in _services(local_aws):
        click.echo(f"service    {service['serviceName']}: {task_counts(service)}")
    for name, database in report["databases"].items():
        note = f" ({database['note']})" if database["note"] else ""
        click.echo(f"database   {name}: {database['state']} at {database['host']}:{database['port']}{note}")
    for problem in report["problems"]:
        click.echo(f"problem    {problem}")
    for fault in report["faults"]:
        since = datetime.fromtimestamp(fault["since"]).strftime("%Y-%m-%d %H:%M:%S")
        times = f"failing since {since} ({fault['times']} times)"
        click.echo(f"fault      {fault['what']}: {times}: {fault['error']}. {fault['fix']}")
    memory = daemon_control.memory(local_aws) + report["container_memory"]
    click.echo(f"memory     {memory / 2**20:.0f} MiB" + (", containers included" if report["container_memory"] else ""))


@local.command()
@_project
def trust(project: Path) -> None:
    """Show how browsers and programs can trust the certificates."""
    click.echo(how_to_trust(_require_local_aws(project).location.certificate), nl=False)


@local.command()
@_project
@click.option("-f", "--follow", is_flag=True, help="Keep printing new lines until Ctrl-C.")
def logs(project: Path, follow: bool) -> None:
    """Show the output of the app's containers."""
    client = _client(_require_running(project)[0], "logs")
    groups = [group["logGroupName"] for group in client.describe_log_groups()["logGroups"]]
    show(LogLines(client, [LogSource(name) for name in groups], since=0), follow, click.echo)


@local.command()
@_project
@click.argument("arguments", nargs=-1)
def psql(project: Path, arguments: tuple[str, ...]) -> None:
    """Open the app's PostgreSQL database with psql.

    If psql is not installed, pgcli is downloaded and opened instead. Arguments after -- are passed to the program.
    """
    sys.exit(run_psql(_environment_of_client(project, PSQL), arguments))


@local.command()
@_project
@click.argument("arguments", nargs=-1)
def mysql(project: Path, arguments: tuple[str, ...]) -> None:
    """Open the app's MySQL or MariaDB database with mariadb or mysql.

    If neither is installed, mycli is downloaded and opened instead. Arguments after -- are passed to the program.
    """
    sys.exit(run_mysql(_environment_of_client(project, MYSQL), arguments))


def _environment_of_client(project: Path, client: str) -> Mapping[str, str]:
    """The app's environment, if its database is one that this client opens."""
    environment = _app_environment(_require_running(project)[0])
    other = client_name(environment)
    if other is None:
        fail("The app has no database: its setting `database` is none.")
    if other != client:
        fail(f"The app's database is not one of {client}; open it with: {command_line(other)}")
    return environment


@local.command(name="exec", context_settings={"allow_interspersed_args": False})
@_project
@click.argument("command", nargs=-1, required=True)
def exec_(project: Path, command: tuple[str, ...]) -> None:
    """Run COMMAND in the running web task, as with ECS Exec.

    A shell runs a single word: exec "ls -l /tmp". The stack must set `enableExec`.
    """
    local_aws = _require_running(project)[0]
    execute(local_aws.location, _client(local_aws, "ecs"), _services(local_aws), command)


@local.command()
@_project
def env(project: Path) -> None:
    """Print the app's environment, including secrets.

    The lines have the format of a .env file.
    """
    for name, value in sorted(_app_environment(_require_running(project)[0]).items()):
        click.echo(f"{name}={value}")


@local.command()
@_project
def credentials(project: Path) -> None:
    """Print shell commands that set the local AWS's credentials.

    In a shell with these, AWS's own tools use the local AWS: eval "$(flask-on-aws local credentials)".
    """
    location = _require_local_aws(project).location
    variables = {
        "AWS_ENDPOINT_URL": location.endpoint,
        "AWS_REGION": location.region,
        "AWS_DEFAULT_REGION": location.region,
        "AWS_ACCESS_KEY_ID": location.access_key.id,
        "AWS_SECRET_ACCESS_KEY": location.access_key.secret,
    }
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")
    click.echo("unset AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_PROFILE")  # they may be set for another account


def _find_local_aws(project: Path) -> LocalAws | None:
    try:
        return find_local_aws(project.resolve())
    except LocalAwsError as error:
        fail(str(error))


def _require_local_aws(project: Path) -> LocalAws:
    local_aws = _find_local_aws(project)
    if local_aws is None:
        fail(f"{project.resolve()} has no local AWS; create one with: {command_line('up')}")
    return local_aws


def _require_running(project: Path) -> tuple[LocalAws, dict[str, Any]]:
    """The local AWS, and the status that its daemon reports."""
    local_aws = _require_local_aws(project)
    try:
        report = daemon_control.status(local_aws)
    except daemon_control.DaemonError as error:
        fail(str(error))
    if report is None:
        fail(f"The local AWS of {project.resolve()} is not running; start it with: {command_line('up')}")
    return local_aws, report


def _client(local_aws: LocalAws, service: str) -> Any:
    return local_provider_settings(local_aws).client(service)


def _wait_for_response(local_aws: LocalAws) -> None:
    deadline, response = time.monotonic() + _RESPONSE_SECONDS, request_app(local_aws)
    while not (isinstance(response, int) and response < HTTPStatus.BAD_REQUEST):
        if time.monotonic() > deadline:
            _fail_without_response(local_aws, response)
        time.sleep(_POLL_SECONDS)
        response = request_app(local_aws)


def _fail_without_response(local_aws: LocalAws, last_response: int | str) -> NoReturn:
    services = _services(local_aws)
    events = [event["message"] for service in services for event in service["events"][:_SHOWN]]
    reasons = [reason for service in services for reason in _stopped_reasons(local_aws, service)]
    fail(
        f"{local_aws.url} did not respond successfully within {_RESPONSE_SECONDS} s; its last response was: "
        f"{last_response}. The events of the services, and why tasks were stopped:",
        *events,
        *reasons,
    )


def _stopped_reasons(local_aws: LocalAws, service: Mapping[str, Any]) -> list[str]:
    """Why the last tasks of a service were stopped, each reason once."""
    ecs, cluster = _client(local_aws, "ecs"), service["clusterArn"]
    arns = ecs.list_tasks(cluster=cluster, serviceName=service["serviceName"], desiredStatus="STOPPED")["taskArns"]
    tasks: list[dict[str, Any]] = ecs.describe_tasks(cluster=cluster, tasks=arns[-_SHOWN:])["tasks"] if arns else []
    return list(dict.fromkeys(task["stoppedReason"] for task in tasks))


def _services(local_aws: LocalAws) -> list[Mapping[str, Any]]:
    return all_services(_client(local_aws, "ecs"))


def _app_environment(local_aws: LocalAws) -> dict[str, str]:
    """The environment of the web service's tasks, with the paths of this machine."""
    secrets, container = _client(local_aws, "secretsmanager"), _web_container(local_aws)
    if container is None:
        fail(f"The stack has no web service; deploy it with: {command_line('up')}")
    variables = _plain_variables(container)
    for secret in container["secrets"]:
        arn, key = secret["valueFrom"].rsplit(":", 3)[:2]
        text = secrets.get_secret_value(SecretId=arn)["SecretString"]
        variables[secret["name"]] = json.loads(text)[key]
    files = {CA_PATH: str(local_aws.location.certificate)}
    return {name: localize_paths(value, files) for name, value in variables.items()}


def _web_container(local_aws: LocalAws) -> Mapping[str, Any] | None:
    """The definition of the web service's container; None for a stack without one."""
    ecs = _client(local_aws, "ecs")
    definitions = [service["taskDefinition"] for service in _services(local_aws) if service["loadBalancers"]]
    if not definitions:
        return None
    task = ecs.describe_task_definition(taskDefinition=definitions[0])["taskDefinition"]
    return next(container for container in task["containerDefinitions"] if container.get("portMappings"))


def _plain_variables(container: Mapping[str, Any]) -> dict[str, str]:
    return {pair["name"]: pair["value"] for pair in container.get("environment", ())}

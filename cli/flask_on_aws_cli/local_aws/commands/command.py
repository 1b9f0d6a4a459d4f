"""`flask-on-aws local`: runs the stack on this machine."""

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import click
from flask_on_aws.build_plan.plan import BuildPlanError

from ...build.run import BuildError
from ...local_project import daemon_control
from ...local_project.chosen_app import choose_app, chosen_app
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
from ...operations.errors import OperationError
from ...operations.log_lines import LogLines, LogSource, show
from ...operations.sessions.client_programs import (
    MONGOSH,
    MYSQL,
    PSQL,
    REDIS_CLI,
    check_client,
    client_of,
    client_program,
)
from ...operations.task_environment import plain_variables
from ...pulumi_engine import EngineError, Result
from ...pulumi_engine import destroy as destroy_stack
from ...shared.environment_formats import export_commands
from ...shared.failure import fail
from ...shared.output_format import task_counts
from ...shared.stack_options import LOCAL_STACK
from ..containers import NoEngineError
from ..runtimes import open_images
from .app_environment import app_environment, web_container
from .app_request import request_app
from .app_response import health_path_lines, services_after_failure, wait_for_response
from .command_line import command_line
from .dev import Development, run_code_from
from .exec_command import execute
from .project_options import project_options
from .stack import Stack
from .trust import how_to_trust

_REGION = "us-east-1"


@click.group()
def local() -> None:
    """Run the whole stack on this machine, without an AWS account."""


@local.command()
@project_options
@click.option(
    "--runtime",
    type=click.Choice(RUNTIMES),
    help="Run tasks as processes on this machine, or as containers of the real image in its Docker engine. "
    "Default: the runtime of the last `up`, and processes the first time.",
)
def up(project: Path, runtime: RuntimeName | None) -> None:
    """Start the local AWS and deploy the stack, or its changes.

    A change of the app is deployed with a rolling deployment. The command ends when the app answers over HTTPS on its
    health path.
    """
    _up(project, runtime)


@local.command()
@project_options
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


def _apply(stack: Stack, local_aws: LocalAws) -> Result:
    """Apply the program; if that fails, end the command with the reason and what the services do now."""
    try:
        return stack.apply()
    except EngineError as error:
        fail(str(error), *services_after_failure(local_aws))


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
        result = _apply(stack, local_aws)
    except (LocalAwsError, NoEngineError, daemon_control.DaemonError, EngineError, BuildError, BuildPlanError) as error:
        fail(str(error))
    counts = {name: len(getattr(result, name)) for name in ("created", "updated", "replaced", "deleted")}
    changes = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing changed"
    click.echo(f"{changes}; {len(result.planned)} resources that exist only on AWS were planned, not created")
    health = wait_for_response(local_aws)
    stack.record_health_path(health.path)
    click.echo(f"\n{local_aws.url} answers after {time.monotonic() - started_at:.0f} s")
    for line in health_path_lines(health, request_app(local_aws)):
        click.echo(line)
    click.echo(f"overview: {local_aws.status_url}\nlogs:     {command_line('logs')}")
    if client := client_of(plain_variables(web_container(local_aws) or {})):
        click.echo(f"database: {command_line(client)}")
    for name, database in (daemon_control.status(local_aws) or {"databases": {}})["databases"].items():
        if database["note"]:
            click.echo(f"{name}: {database['note']}")
    click.echo(f"To trust its certificates: {command_line('trust')}")
    return local_aws, stack


@local.command()
@project_options
def down(project: Path) -> None:
    """Stop everything, and keep the stack and its data."""
    click.echo("stopped" if daemon_control.end(_require_local_aws(project)) else "nothing is running")


@local.command()
@project_options
def destroy(project: Path) -> None:
    """Delete the stack and its data, and stop the local AWS."""
    local_aws = _require_local_aws(project)
    try:
        daemon_control.ensure_started(local_aws)
        result = destroy_stack(project.resolve(), LOCAL_STACK, local_aws.location)
    except (daemon_control.DaemonError, EngineError) as error:
        fail(str(error))
    daemon_control.end(local_aws)
    for runtime in RUNTIMES:
        with contextlib.suppress(NoEngineError):
            open_images(local_aws.location, runtime).clear()
    shutil.rmtree(local_aws.location.folder)
    if chosen_app(project.resolve()):
        with contextlib.suppress(OSError):  # it has files that are not ours
            local_aws.location.folder.parent.rmdir()
        choose_app(project.resolve(), None)
    click.echo(f"{len(result.deleted)} resources deleted, and {FOLDER} with all data")


@local.command()
@project_options
def status(project: Path) -> None:
    """Show services, databases, caches, addresses, faults and memory."""
    local_aws, report = _require_running(project)
    click.echo(
        f"app        {local_aws.url}\noverview   {local_aws.status_url}\nendpoint   {local_aws.location.endpoint}"
    )
    for service in _services(local_aws):
        click.echo(f"service    {service['serviceName']}: {task_counts(service)}")
    for name, database in report["databases"].items():
        note = f" ({database['note']})" if database["note"] else ""
        click.echo(f"database   {name}: {database['state']} at {database['host']}:{database['port']}{note}")
    for name, port in report.get("caches", {}).items():
        click.echo(f"cache      {name}: available at localhost:{port}")
    for problem in report["problems"]:
        click.echo(f"problem    {problem}")
    for fault in report["faults"]:
        since = datetime.fromtimestamp(fault["since"]).strftime("%Y-%m-%d %H:%M:%S")
        times = f"failing since {since} ({fault['times']} times)"
        click.echo(f"fault      {fault['what']}: {times}: {fault['error']}. {fault['fix']}")
    memory = daemon_control.memory(local_aws) + report["container_memory"]
    click.echo(f"memory     {memory / 2**20:.0f} MiB" + (", containers included" if report["container_memory"] else ""))


@local.command()
@project_options
def trust(project: Path) -> None:
    """Show how browsers and programs can trust the certificates."""
    click.echo(how_to_trust(_require_local_aws(project).location.certificate), nl=False)


@local.command()
@project_options
@click.option("-f", "--follow", is_flag=True, help="Keep printing new lines until Ctrl-C.")
def logs(project: Path, follow: bool) -> None:
    """Show the output of the app's containers."""
    client = _client(_require_running(project)[0], "logs")
    groups = [group["logGroupName"] for group in client.describe_log_groups()["logGroups"]]
    show(LogLines(client, [LogSource(name) for name in groups], since=0), follow, click.echo)


@local.command(context_settings={"ignore_unknown_options": True})
@project_options
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(project: Path, arguments: tuple[str, ...]) -> None:
    """Open the app's PostgreSQL database with psql.

    If psql is not installed, pgcli is downloaded and opened instead. ARGUMENTS are those of the program, such as
    -c 'SELECT 1'.
    """
    _open_client(project, PSQL, arguments)


@local.command(context_settings={"ignore_unknown_options": True})
@project_options
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def mysql(project: Path, arguments: tuple[str, ...]) -> None:
    """Open the app's MySQL or MariaDB database with mariadb or mysql.

    If neither is installed, mycli is downloaded and opened instead. ARGUMENTS are those of the program, such as
    -e 'SELECT 1'.
    """
    _open_client(project, MYSQL, arguments)


@local.command(context_settings={"ignore_unknown_options": True})
@project_options
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def mongosh(project: Path, arguments: tuple[str, ...]) -> None:
    """Open the app's DocumentDB database with mongosh.

    ARGUMENTS are those of the program, such as --eval 'db.posts.countDocuments()'.
    """
    _open_client(project, MONGOSH, arguments)


@local.command(name="redis-cli", context_settings={"ignore_unknown_options": True})
@project_options
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def redis_cli(project: Path, arguments: tuple[str, ...]) -> None:
    """Open the app's cache with valkey-cli or redis-cli.

    ARGUMENTS are those of the program, such as INFO memory.
    """
    _open_client(project, REDIS_CLI, arguments)


def _open_client(project: Path, client: str, arguments: Sequence[str]) -> NoReturn:
    environment = app_environment(_require_running(project)[0])
    try:
        check_client(client, environment, command_line)
        with client_program(client, environment, arguments) as program:
            sys.exit(subprocess.call(program.command, env=program.environment))  # noqa: S603 the user's command
    except OperationError as error:
        fail(str(error))


@local.command(name="exec", context_settings={"allow_interspersed_args": False})
@project_options
@click.argument("command", nargs=-1, required=True)
def exec_(project: Path, command: tuple[str, ...]) -> None:
    """Run COMMAND in the running web task, as with ECS Exec.

    A shell runs a single word: exec "ls -l /tmp". The stack must set `enableExec`.
    """
    local_aws = _require_running(project)[0]
    execute(local_aws.location, _client(local_aws, "ecs"), _services(local_aws), command)


@local.command()
@project_options
@click.option("--json", "in_json", is_flag=True, help="Print one JSON object instead.")
def env(project: Path, in_json: bool) -> None:
    """Print shell commands that set the app's environment, including secrets.

    In a shell with these, the app's own commands run as in the task: eval "$(flask-on-aws local env)". PORT is that of
    the running task, so set another one before you start a server.
    """
    variables = app_environment(_require_running(project)[0])
    click.echo(json.dumps(variables, indent=2, sort_keys=True) if in_json else export_commands(variables))


@local.command()
@project_options
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
    click.echo(export_commands(variables))
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


def _services(local_aws: LocalAws) -> list[Mapping[str, Any]]:
    return all_services(_client(local_aws, "ecs"))

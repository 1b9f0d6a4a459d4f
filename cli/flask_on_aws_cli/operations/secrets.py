"""`flask-on-aws secrets`."""

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import click
from flask_on_aws.validation.values import variable_name_problems

from ..shared.output_format import as_json, caller_name, format_time, table
from .app import App
from .errors import OperationError, reported_errors
from .pulumi_stack import deploy, run_pulumi, secret_names
from .secret_sources import changes, sources
from .target import PROJECT_OPTION, app_options, find_stack_project
from .task_environment import references

_SETTING = "secretValues"


@click.group()
def secrets() -> None:
    """List and change the app's secret variables; no command prints a value."""


def _stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that changes a stack's configuration and deploys it."""

    @wraps(command)
    def run(stack: str | None, project: Path | None, **options: Any) -> None:
        with reported_errors():
            folder = find_stack_project(project, stack)
            command(folder, stack, options.pop("name"))
            _deploy(folder, stack, **options)

    for option in (
        click.option("-y", "--yes", is_flag=True, help="Deploy without asking for confirmation."),
        click.option("--no-up", is_flag=True, help="Only change the stack's configuration."),
        PROJECT_OPTION,
        click.option("--stack", metavar="NAME", help="Stack. Default: the selected one."),
        click.argument("name"),
    ):
        run = option(run)
    return run


@secrets.command(name="list")
@app_options
@click.option("--json", "in_json", is_flag=True, help="Print JSON.")
def list_(app: App, in_json: bool) -> None:
    """List the secret variables of the running tasks: where each comes from, and when that last changed."""
    found = [source._asdict() for source in sources(app, _references(app))]
    if in_json:
        click.echo(as_json([{"from" if key == "stored_as" else key: row[key] for key in row} for row in found]))
        return
    if not found:
        click.echo("The running tasks have no secret variables.")
        return
    rows = [
        (row["name"], f"{row['store']} {row['stored_as']}", row["key"], format_time(row["changed"]) or "does not exist")
        for row in found
    ]
    for line in table([("NAME", "FROM", "KEY", "CHANGED"), *rows]):
        click.echo(line)


@secrets.command()
@app_options
@click.argument("name")
@click.option("--json", "in_json", is_flag=True, help="Print JSON.")
def history(app: App, name: str, in_json: bool) -> None:
    """List when the value of NAME changed, newest first.

    A change is here once it is stored on AWS; tasks have it from their next start on.
    """
    known = _references(app)
    if name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise OperationError(f"The running tasks have no secret variable {name}; they have: {names}")
    found = [change._asdict() for change in changes(app, name, known[name])]
    if in_json:
        click.echo(as_json(found))
        return
    rows = [(format_time(row["time"]), row["kind"], row["version"], caller_name(row["by"])) for row in found]
    for line in table([("TIME", "CHANGE", "VERSION", "BY"), *rows]):
        click.echo(line)


@secrets.command(name="set")
@_stack_options
def set_(project: Path, stack: str | None, name: str) -> None:
    """Set the secret variable NAME, and deploy it with pulumi up.

    The value is read from standard input, without a newline at its end, or asked for in a terminal. It is stored,
    encrypted, in the stack's setting secretValues, and tasks with it replace the running ones in a verified release.
    """
    for problem in variable_name_problems("NAME", name):
        raise OperationError(f"{problem.argument}: {problem.reason}")
    if sys.stdin.isatty():
        value = click.prompt(f"Value of {name}", hide_input=True, confirmation_prompt=True)
    else:
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not value:
        raise OperationError(f"The value of {name} is empty; write it to standard input, or unset the variable.")
    run_pulumi(project, stack, "config", "set", "--secret", "--path", f"{_SETTING}.{name}", text=value)
    click.echo(f"{name} is stored, encrypted, in the stack's configuration.")


@secrets.command()
@_stack_options
def unset(project: Path, stack: str | None, name: str) -> None:
    """Remove the secret variable NAME from the stack's setting secretValues, and deploy that with pulumi up."""
    known = secret_names(project, stack, _SETTING)
    if name not in known:
        names = ", ".join(sorted(known)) or "nothing"
        raise OperationError(f"{name} is not in the stack's setting {_SETTING}, which has: {names}")
    run_pulumi(project, stack, "config", "rm", "--path", f"{_SETTING}.{name}")
    click.echo(f"{name} is no longer in the stack's configuration.")


def _references(app: App) -> Mapping[str, str]:
    return references(app.running_container(app.selected_service))


def _deploy(project: Path, stack: str | None, *, yes: bool, no_up: bool) -> None:
    if no_up or not (yes or sys.stdin.isatty()):
        suffix = f" --stack {stack}" if stack else ""
        reason = "" if no_up else " (there is no terminal to ask for confirmation, and no --yes)"
        click.echo(f"Deploy it with: pulumi up{suffix}{reason}")
        return
    if code := deploy(project, stack, yes=yes):
        sys.exit(code)

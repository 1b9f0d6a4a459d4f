"""`flask-on-aws preflight`."""

import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, NoReturn

import click
from flask_on_aws.build_plan.plan import PlanSettings

from ..pulumi_engine import EngineError
from ..pulumi_engine.program.project import read_project
from ..shared.docker_engine import DockerError
from ..shared.stack_options import fail, plan_options
from .check import Check, any_failed
from .reports.json_report import as_json
from .reports.junit_report import as_junit
from .reports.text_report import check_text, summary
from .run import Result
from .run import preflight as run_preflight
from .settings import AppSettings, from_config

# 1 tells of a failed check, so what keeps checks from being made is told as click tells wrong options.
_CANNOT_RUN = click.UsageError.exit_code


@click.command()
@plan_options
@click.option(
    "--project", type=click.Path(path_type=Path), default=".", help="Folder of Pulumi.yaml. Default: this one."
)
@click.option("--stack", default="", metavar="NAME", help="The stack whose settings count. Default: the defaults.")
@click.option(
    "--settings",
    "given",
    type=click.File(),
    metavar="FILE",
    help="A stack's settings as JSON, name and text, in place of --project's; - for standard input.",
)
@click.option("--runner", type=click.Choice(["auto", "container", "process"]), default="auto", show_default=True)
@click.option("--port", type=int, metavar="N", help="Port that the app listens on. Default: 8080.")
@click.option("--health-path", metavar="PATH", help="Path that answers 200. Default: /up.")
@click.option("--startup-seconds", type=int, metavar="N", help="Time to answer. Default: 60.")
@click.option("--stop-seconds", type=int, metavar="N", help="Time to end after SIGTERM. Default: 60.")
@click.option("--watch-seconds", type=int, metavar="N", help="For how long it must go on answering. Default: 5.")
@click.option("--domain", metavar="NAME", help="The app's domain. Default: none.")
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="A variable of the app's own.")
@click.option(
    "--before-push", is_flag=True, help="As `up` does: without domain and account, from the push's own cache."
)
@click.option("--json", "in_json", is_flag=True, help="All checks as JSON at the end; on standard error a line each.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write JUnit's XML to this file, too.")
def preflight(
    folder: Path,
    project: Path,
    stack: str,
    given: IO[str] | None,
    runner: str,
    env: Sequence[str],
    before_push: bool,
    in_json: bool,
    junit: Path | None,
    **options: Any,
) -> None:
    """Build the app in DIR, run it as the stack would, and check all that it must do.

    The exit code is 1 if a check failed, and 2 if the checks cannot be made.

    Where DIR is the app of the Pulumi project, or is not given there, the settings of --stack count, after options.
    """
    signal.signal(signal.SIGTERM, _end)  # all that runs is ended, as on Ctrl-C
    known = _given_settings(folder, given) if given else _settings(folder, project, stack)
    settings = replace(_with_options(known, options, env), before_push=before_push)
    tell = _say_briefly if in_json else _say
    try:
        result = run_preflight(settings, runner, tell)
    except DockerError as error:
        _refuse(str(error))
    _report(settings, result, in_json, junit)
    raise SystemExit(1 if any_failed(result.checks) else 0)


def _given_settings(folder: Path, given: IO[str]) -> AppSettings:
    """Those that another program has read."""
    try:
        settings: Mapping[str, str] = json.load(given)
        config = {f"given:{name}": text for name, text in settings.items()}
        return replace(from_config(config, "given", Path()), folder=folder)
    except (AttributeError, ValueError) as error:
        _refuse(f"--settings: must be names with texts as JSON ({error}).")


def _settings(folder: Path, project: Path, stack: str) -> AppSettings:
    """Those of the project if it is about this app, else the contract's defaults."""
    if not (project / "Pulumi.yaml").is_file():
        if stack:
            _refuse(f"there is no {project / 'Pulumi.yaml'}, and --stack needs one; name its folder by --project.")
        return AppSettings(folder)
    try:
        # Without its secrets: an app that is tried must not reach what they open.
        read = read_project(project, stack or "none", opens=False)
        settings = from_config(read.config, read.name, project)
    except (EngineError, ValueError) as error:
        _refuse(str(error))
    if stack and not (project / f"Pulumi.{stack}.yaml").is_file():
        _refuse(f"there is no stack {stack!r}: {project / f'Pulumi.{stack}.yaml'} is missing.")
    not_given = folder == Path(".") and project.resolve() == Path.cwd()
    if not_given or folder.resolve() == settings.folder.resolve():
        return settings
    return AppSettings(folder)


def _with_options(settings: AppSettings, options: Mapping[str, Any], env: Sequence[str]) -> AppSettings:
    """Settings with what the command line says in place of theirs."""
    for text in env:
        if not text.partition("=")[0].isidentifier() or "=" not in text:
            _refuse(f"--env: {text!r} must be a name, an equals sign and a value.")
    plan = PlanSettings(
        options["python_version"] or settings.plan.python_version,
        tuple(options["system_packages"]) or settings.plan.system_packages,
        options["start_command"] or settings.plan.start_command,
    )
    names = ("port", "health_path", "startup_seconds", "stop_seconds", "watch_seconds", "domain")
    given = {name: options[name] for name in names if options[name] is not None}
    own = {**settings.env, **dict(text.split("=", 1) for text in env)}
    return replace(settings, plan=plan, env=own, **given)


def _report(settings: AppSettings, result: Result, in_json: bool, junit: Path | None) -> None:
    app = settings.folder.resolve().name
    if junit:
        junit.write_text(as_junit(result.checks, app), encoding="utf-8")
    if in_json:
        click.echo(as_json(result.checks, str(settings.folder), result.kind))
        return
    ran = f"ran as a process ({result.why})" if result.why else "ran as a container"
    click.echo(f"\n{app} {ran}: {summary(result.checks)}")


def _say(check: Check) -> None:
    click.echo(check_text(check))


def _say_briefly(check: Check) -> None:
    """A line beside the JSON, which has the rest."""
    click.echo(check_text(check).partition("\n")[0], err=True)


def _refuse(sentence: str) -> NoReturn:
    fail(sentence, code=_CANNOT_RUN)


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)

"""`flask-on-aws preflight`."""

import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, NoReturn

import click

from ..pulumi_engine import EngineError
from ..pulumi_engine.program.project import read_project
from ..shared.docker_engine import DockerError
from ..shared.failure import fail
from ..shared.health_path_record import record_health_path
from ..shared.stack_options import plan_options
from .check import Check, any_failed
from .reports.json_report import as_json
from .reports.junit_report import as_junit
from .reports.text_report import check_text, summary
from .run import Result
from .run import preflight as run_preflight
from .settings import AppSettings, from_config

# 1 means a failed check, so checks that cannot be made exit with the code of wrong options.
_CANNOT_RUN = click.UsageError.exit_code


@click.command()
@plan_options
@click.option(
    "--project", type=click.Path(path_type=Path), default=".", help="Folder of Pulumi.yaml. Default: the current one."
)
@click.option(
    "--stack",
    default="",
    metavar="NAME",
    help="Stack whose settings apply. Default: none, each setting has its default.",
)
@click.option(
    "--settings",
    "settings_file",
    type=click.File(),
    metavar="FILE",
    help="A stack's settings as a JSON object of strings, instead of --project; - for standard input.",
)
@click.option(
    "--runner",
    type=click.Choice(["auto", "container", "process"]),
    default="auto",
    show_default=True,
    help="Run the app in a container or as processes; auto: in a container if a Docker engine is available.",
)
@click.option("--port", type=int, metavar="N", help="Port the app listens on. Default: 8080.")
@click.option(
    "--health-path",
    metavar="PATH",
    help="Health check path, which answers 200. Default: /up, or else the first usual path that does.",
)
@click.option("--startup-seconds", type=int, metavar="N", help="Seconds until the app must answer. Default: 60.")
@click.option("--stop-seconds", type=int, metavar="N", help="Seconds until it must exit after SIGTERM. Default: 60.")
@click.option("--watch-seconds", type=int, metavar="N", help="Seconds for which it must keep answering. Default: 5.")
@click.option("--domain", metavar="NAME", help="The app's domain. Default: none.")
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="Environment variable for the app. Repeatable.")
@click.option(
    "--before-push",
    is_flag=True,
    help="As in `up`: without the checks of domain and account, and with the build cache of the push.",
)
@click.option(
    "--json", "in_json", is_flag=True, help="Print all checks as JSON at the end; progress goes to standard error."
)
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Also write JUnit XML to this file.")
def preflight(
    folder: Path,
    project: Path,
    stack: str,
    settings_file: IO[str] | None,
    runner: str,
    env: Sequence[str],
    before_push: bool,
    in_json: bool,
    junit: Path | None,
    **options: Any,
) -> None:
    """Check whether the app in DIR would work on AWS.

    This builds the app, runs it as the stack would, sends it requests like the load balancer, and stops it like ECS.
    Each failure is reported with its cause and the fix.

    The exit code is 1 if a check failed, and 2 if the checks cannot run.

    If DIR is the app of the Pulumi project, or is omitted there, the settings of --stack apply; options override them.
    """
    signal.signal(signal.SIGTERM, _end)  # everything it started is stopped, as on Ctrl-C
    stack_settings = (
        _settings_of_file(folder, settings_file) if settings_file else _project_settings(folder, project, stack)
    )
    settings = _with_options(stack_settings, options, env)
    settings = replace(settings, before_push=before_push, of_stack=before_push or bool(stack))
    report = _print_briefly if in_json else _print
    try:
        result = run_preflight(settings, runner, report)
    except DockerError as error:
        _fail(str(error))
    for path in filter(None, (check.health_path for check in result.checks)):
        record_health_path(settings.folder, path)
    _report(settings, result, in_json, junit)
    raise SystemExit(1 if any_failed(result.checks) else 0)


def _settings_of_file(folder: Path, settings_file: IO[str]) -> AppSettings:
    """The settings in a file that another program wrote."""
    try:
        settings: Mapping[str, str] = json.load(settings_file)
        config = {f"settings:{name}": text for name, text in settings.items()}
        return replace(from_config(config, "settings", Path()), folder=folder)
    except (AttributeError, ValueError) as error:
        _fail(f"--settings: must be a JSON object of strings ({error}).")


def _project_settings(folder: Path, project: Path, stack: str) -> AppSettings:
    """The project's settings if it deploys this app, else the contract's defaults."""
    if not (project / "Pulumi.yaml").is_file():
        if stack:
            _fail(f"there is no {project / 'Pulumi.yaml'}, which --stack needs; set its folder with --project.")
        return AppSettings(folder)
    try:
        # Without decrypting secrets: an app under test must not have access to what they protect.
        pulumi_project = read_project(project, stack or "none", decrypts=False)
        settings = from_config(pulumi_project.config, pulumi_project.name, project)
    except (EngineError, ValueError) as error:
        _fail(str(error))
    if stack and not (project / f"Pulumi.{stack}.yaml").is_file():
        _fail(f"there is no stack {stack!r}: {project / f'Pulumi.{stack}.yaml'} is missing.")
    is_default_folder = folder == Path(".") and project.resolve() == Path.cwd()
    if is_default_folder or folder.resolve() == settings.folder.resolve():
        return settings
    return AppSettings(folder)


def _with_options(settings: AppSettings, options: Mapping[str, Any], env: Sequence[str]) -> AppSettings:
    """The settings, overridden by the options of the command line."""
    for text in env:
        if not text.partition("=")[0].isidentifier() or "=" not in text:
            _fail(f"--env: {text!r} must have the form NAME=VALUE.")
    plan = replace(
        settings.plan,
        python_version=options["python_version"] or settings.plan.python_version,
        system_packages=tuple(options["system_packages"]) or settings.plan.system_packages,
        start_command=options["start_command"] or settings.plan.start_command,
        build_command=options["build_command"] or settings.plan.build_command,
        assets_folder=options["assets_folder"] or settings.plan.assets_folder,
        entry_point=settings.plan.entry_point if options["entry_point"] == "auto" else options["entry_point"],
    )
    names = ("port", "health_path", "startup_seconds", "stop_seconds", "watch_seconds", "domain")
    overrides = {name: options[name] for name in names if options[name] is not None}
    variables = {**settings.env, **dict(text.split("=", 1) for text in env)}
    return replace(settings, plan=plan, env=variables, **overrides)


def _report(settings: AppSettings, result: Result, in_json: bool, junit: Path | None) -> None:
    app = settings.folder.resolve().name
    if junit:
        junit.write_text(as_junit(result.checks, app), encoding="utf-8")
    if in_json:
        click.echo(as_json(result.checks, str(settings.folder), result.kind))
        return
    ran = f"ran as a process ({result.reason})" if result.reason else "ran as a container"
    python = f", with Python {result.other_python}" if result.other_python else ""
    click.echo(f"\n{app} {ran}{python}: {summary(result.checks)}")


def _print(check: Check) -> None:
    click.echo(check_text(check))


def _print_briefly(check: Check) -> None:
    """Print one line of progress; the JSON contains the details."""
    click.echo(check_text(check).partition("\n")[0], err=True)


def _fail(sentence: str) -> NoReturn:
    fail(sentence, code=_CANNOT_RUN)


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)

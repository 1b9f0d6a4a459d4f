"""All checks of a built app, made one after another while it runs."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from flask_on_aws.build_plan.app_code.django_project import DjangoProject, find_django
from flask_on_aws.build_plan.app_code.python_code import Code
from flask_on_aws.build_plan.own_image.dockerfile_stage import Stage
from flask_on_aws.build_plan.project_files import ProjectFiles
from flask_on_aws.runtime_contract.contract import PRODUCTS, DatabaseFacts

from ..shared.deferred_signals import deferred_signals
from .app_checks.api_docs import OPENAPI_PATH, judge_api_docs
from .app_checks.behind_proxy import HOST, IDLE, forge, idle_seconds, judge_forged_host, judge_idle_connection
from .app_checks.database_outage import NAME as OUTAGE
from .app_checks.database_outage import judge_outage
from .app_checks.disk import disk_check, sqlite_check
from .app_checks.django_commands import MIGRATIONS, deploy_check, migrations_check
from .app_checks.draining import NAME as DRAINING
from .app_checks.draining import hold, judge_draining
from .app_checks.edge_cache import NAME as EDGE_CACHE
from .app_checks.edge_cache import edge_cache_check
from .app_checks.forms import forms_check
from .app_checks.page import DEBUGGER, FRONT, STATIC, page_checks, visit
from .app_checks.proxy_trust import ADDRESS, SCHEME, forge_address, judge_address, judge_scheme
from .app_checks.secrets_shown import SECRETS, judge_secrets
from .app_checks.shutdown import NAME as STOPS
from .app_checks.shutdown import judge_stop, script_of, shell_script_of
from .app_checks.start import Expectation, start_checks
from .app_checks.startup_probe import probe, replaced, stop, visitor_headers, wait_for_start, watch_on
from .app_checks.volumes import with_volume_advice
from .check import Cause, Check, Finding, Status, failed, not_checked, passed
from .diagnosis.diagnosis import diagnose
from .diagnosis.mongodb_rules import KEEP_QUERY, other_kind
from .environment import contract_environment, external_host, secret_environment
from .output import Context, Output
from .probes import cache_client, driver, installed
from .processes.cache import AppCache
from .running import Answer, App, Outcome, Runner
from .settings import AppSettings

DATABASE, CACHE, RELEASE = "database", "cache", "release command"
# The contract's variables with the name of the stack's environment.
ENVIRONMENT_NAMES = ("APP_ENV", "FLASK_ENV")
# The usual drivers of a product, as the end of a sentence.
_DRIVERS = {
    "postgres": "psycopg nor psycopg2",
    "mysql": "mysqlclient nor PyMySQL",
    "mariadb": "mysqlclient nor PyMySQL",
    "sqlserver": "pymssql nor pyodbc",
    "mongodb": "pymongo nor a library that uses it",
}
# A driver that can connect does so in less than a second, as what is installed is listed.
_SCRIPT_SECONDS = 30.0


@dataclass(frozen=True)
class BuiltApp:
    """A built app, with everything that its checks need."""

    settings: AppSettings
    runner: Runner
    command: str
    """The start command; empty for the image's default command."""
    release_command: str
    database: DatabaseFacts | None = None
    """None if the stack has no database."""
    password: str = ""
    database_paused: Callable[[], AbstractContextManager[None]] | None = None
    """Lets the database answer nothing until the block ends; None if there is none."""
    stage: Stage | None = None
    """The image of the app's own Dockerfile; None for a planned image or a process."""
    no_database: str = ""
    """Why there is no database although the stack has one; empty if there is one."""
    other_python: str = ""
    """The Python that it was built with and the stack's, as in `3.11 instead of 3.13`; empty if they are the same."""
    cache: AppCache | None = None
    """None if the stack has no cache."""


class _Framework(NamedTuple):
    """What decides which checks of a framework are made."""

    django: DjangoProject | None
    is_fastapi: bool


def examine(built: BuiltApp, report: Callable[[Check], None]) -> list[Check]:
    """Run the app and check it; each check is reported as soon as its result is known."""
    checks: list[Check] = []
    with ExitStack() as stack:
        for check in _all_checks(built, stack):
            check = with_volume_advice(check, built.stage, built.settings.writable_paths)
            checks.append(check)
            report(check)
    return checks


def _all_checks(built: BuiltApp, stack: ExitStack) -> Iterator[Check]:
    settings, runner = built.settings, built.runner
    environment = contract_environment(settings, runner.port, built.database, built.password, built.cache)
    packages, scheme = _packages(built, environment), settings.database_scheme
    environments = {name: environment[name] for name in ENVIRONMENT_NAMES}
    context = Context(packages, built.release_command, scheme, built.no_database, environments)
    yield _database(built, environment, context)
    if built.cache:
        yield _cache(built, built.cache, environment)
    yield (release := _release(built, environment, context))
    context = replace(context, release_failed=release.status is Status.FAILED)
    framework = _framework(settings, packages)
    if framework.django:
        yield from _django_commands(built, environment, framework.django, context)
    with deferred_signals():
        app = runner.start(environment)
        stack.callback(app.kill)
    yield from _running_app_checks(built, app, context, framework, secret_environment(settings, environment))


def _framework(settings: AppSettings, packages: Mapping[str, str]) -> _Framework:
    code = Code(ProjectFiles(settings.folder))
    return _Framework(find_django(code) if "django" in packages else None, "fastapi" in packages)


def _running_app_checks(
    built: BuiltApp, app: App, context: Context, framework: _Framework, secrets: Mapping[str, str]
) -> Iterator[Check]:
    settings = built.settings
    host, port = external_host(settings), built.runner.port
    start = wait_for_start(app, settings, built.runner.port)
    expected = Expectation(
        built.command, port, start.health_path, settings.startup_seconds, host, context, settings.of_stack
    )
    checks = start_checks(start, expected)
    pages: list[Check] = []
    front: tuple[str, Answer] = ("/", Answer())
    source, headers = script_of(built.command, settings.folder), visitor_headers(settings)
    if start.answers_well:
        before = len(app.lines())
        visited, lines = visit(app, headers), app.lines()
        front = visited.steps[-1]
        pages = page_checks(visited, lines, Output(lines[before:], built.command, context=context))
        if settings.cached_paths:
            pages.append(edge_cache_check(settings.cached_paths, visited.files))
        pages.append(judge_secrets([*visited.steps, (start.health_path, start.visit)], secrets))
        pages += _trust_checks(built, app, front, source)
        pages += _framework_pages(app, front[0], settings, framework)
        with ThreadPoolExecutor(1) as executor:  # both only wait
            commands = f"{built.command}\n{shell_script_of(built.command, settings.folder)}"
            seconds = idle_seconds(commands, source, settings.watch_seconds, settings.before_push)
            idle = executor.submit(app.leave_idle, start.health_path, {}, seconds)
            checks = replaced(checks, watch_on(app, start, expected, settings.watch_seconds))
            yield from checks
        pages.append(judge_idle_connection(idle.result(), seconds, built.command, source))
    else:
        yield from checks
    reason = "the app did not answer 200"
    edge = (EDGE_CACHE,) if settings.cached_paths else ()
    names = (FRONT, STATIC, DEBUGGER, *edge, SECRETS, HOST, ADDRESS, SCHEME, IDLE)
    yield from pages or [not_checked(name, reason) for name in names]
    judged = [*checks, *pages]
    yield sqlite_check(Output(app.lines(), built.command, context=context), app.sqlite_files(), judged)
    is_up = start.answers_well and not any(check.status is Status.FAILED for check in checks)
    if is_up:
        yield _outage(built, app, start.health_path)
    stops = list(_stop_checks(built, app, front if is_up else None, start.health_path, source))
    yield disk_check(Output(app.lines(), built.command, context=context), judged)
    yield from stops


def _outage(built: BuiltApp, app: App, health_path: str) -> Check:
    """The health check while the database does not answer."""
    if built.database_paused is None:
        return not_checked(OUTAGE, built.no_database or "the stack has none")
    with deferred_signals(), built.database_paused():
        return judge_outage(health_path, probe(app, health_path))


def _trust_checks(built: BuiltApp, app: App, front: tuple[str, Answer], source: str) -> Iterator[Check]:
    """Whether the app trusts what a visitor claims, on the page that a visitor of `/` gets."""
    path, page = front
    headers, command = visitor_headers(built.settings), built.command
    yield judge_forged_host(forge(app, path, headers))
    forgery = forge_address(app, path, headers)
    yield judge_address(forgery, headers["X-Forwarded-For"], command, source)
    yield judge_scheme(page, forgery.answer, headers, command, source)


def _stop_checks(
    built: BuiltApp, app: App, front: tuple[str, Answer] | None, health_path: str, source: str
) -> Iterator[Check]:
    """How the app handles SIGTERM, with a request in flight if its front page was seen."""
    settings, command = built.settings, built.command
    if app.exit_code() is not None:
        yield from (not_checked(name, "the app had ended") for name in (STOPS, DRAINING))
        return
    with ExitStack() as stack:
        held = hold(app, front, visitor_headers(settings), health_path, settings.stop_seconds) if front else None
        if held:
            stack.callback(held.close)
        observed, request = stop(app, settings.stop_seconds, held)
    yield judge_stop(observed, command, settings.stop_seconds, source)
    if front:
        yield judge_draining(held.path if held else "", request, command, observed.lines, source)
    else:
        yield not_checked(DRAINING, "the app did not answer 200")


def _framework_pages(app: App, front: str, settings: AppSettings, framework: _Framework) -> Iterator[Check]:
    headers = visitor_headers(settings)
    if framework.django:
        yield forms_check(app, front, headers, f"https://{external_host(settings)}")
    if framework.is_fastapi:
        yield judge_api_docs(app.ask(OPENAPI_PATH, headers))


def _django_commands(
    built: BuiltApp, environment: Mapping[str, str], project: DjangoProject, context: Context
) -> Iterator[Check]:
    def run(command: str) -> Outcome:
        return built.runner.run(command, environment, _SCRIPT_SECONDS)

    if built.no_database:
        yield not_checked(MIGRATIONS, built.no_database)
    elif context.release_failed:
        yield not_checked(MIGRATIONS, "the release command failed")
    elif project.has_database():
        yield migrations_check(project, run, built.release_command)
    yield deploy_check(project, run)


def _packages(built: BuiltApp, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Versions of what is installed for the app; empty if its image has no Python."""
    outcome = built.runner.run_script(Path(installed.__file__).read_text(), environment, _SCRIPT_SECONDS)
    try:
        return json.loads(outcome.lines[-1]) if not outcome.code and outcome.lines else {}
    except ValueError:
        return {}


def _database(built: BuiltApp, environment: Mapping[str, str], context: Context) -> Check:
    if built.database is None or built.no_database:
        return not_checked(DATABASE, built.no_database or "the stack has none")
    outcome = built.runner.run_script(Path(driver.__file__).read_text(), environment, _SCRIPT_SECONDS)
    name = outcome.lines[0] if outcome.lines else ""
    if not outcome.code:
        if not name:
            product = PRODUCTS[built.database.engine]
            return not_checked(
                DATABASE, f"the app has neither {_DRIVERS[product]}{other_kind(product, context.packages)}"
            )
        sentence = f"{name} connects to DATABASE_URL with TLS, the certificate verified"
        return passed(DATABASE, f"{sentence}{KEEP_QUERY if name == 'pymongo' else ''}")
    output = Output(outcome.lines, exit_code=outcome.code, context=context)
    finding = Finding(
        Cause.DATABASE,
        f"{name or 'the database driver'} does not connect to DATABASE_URL",
        "correct databaseUrlScheme or databaseUrlQuery, or the driver",
        output.last(),
    )
    return failed(DATABASE, diagnose(output) or finding)


def _cache(built: BuiltApp, cache: AppCache, environment: Mapping[str, str]) -> Check:
    if cache.problem:
        return not_checked(CACHE, cache.problem)
    outcome = built.runner.run_script(Path(cache_client.__file__).read_text(), environment, _SCRIPT_SECONDS)
    name = outcome.lines[0] if outcome.lines else ""
    if not outcome.code:
        if not name:
            return not_checked(CACHE, "the app has neither redis nor valkey")
        return passed(CACHE, f"{name} connects to REDIS_URL with TLS, the certificate verified")
    finding = Finding(
        Cause.CACHE,
        f"{name or 'the client library'} does not connect to REDIS_URL",
        "use a version of the library that supports TLS, redis 5 or valkey 6 or newer",
        tuple(line for line in outcome.lines if line.strip())[-6:],
    )
    return failed(CACHE, finding)


def _release(built: BuiltApp, environment: Mapping[str, str], context: Context) -> Check:
    if not built.release_command:
        return not_checked(RELEASE, "the app has none")
    outcome: Outcome = built.runner.run(built.release_command, environment, built.settings.release_seconds)
    if not outcome.code:
        return passed(RELEASE, f"`{built.release_command}` ends with 0")
    output = Output(outcome.lines, built.release_command, outcome.code, context)
    finding = diagnose(output)
    sentence = f"`{built.release_command}` ends with {outcome.code}" + (f": {finding.sentence}" if finding else "")
    fix = finding.fix if finding else "see its last log lines for the reason"
    evidence = finding.evidence if finding else output.last()
    return failed(RELEASE, Finding(finding.cause if finding else Cause.RELEASE_COMMAND, sentence, fix, evidence))

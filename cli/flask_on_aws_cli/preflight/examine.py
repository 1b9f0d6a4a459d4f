"""All checks of an app that is built: each run for real, one after the other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from flask_on_aws.runtime_contract.contract import DatabaseFacts

from ..shared.deferred_signals import deferred_signals
from .app_checks.page import DEBUGGER, FRONT, STATIC, page_checks, visit
from .app_checks.start import Expectation, start_checks
from .app_checks.startup_probe import replaced, stop, visitor_headers, wait_for_start, watch_on
from .check import Cause, Check, Finding, failed, not_checked, passed
from .diagnosis.diagnosis import diagnose, diagnose_disk, diagnose_sqlite
from .environment import contract_environment, external_host
from .output import Output
from .probes import driver
from .running import App, Outcome, Place
from .settings import AppSettings

DATABASE, RELEASE, DISK, SQLITE, STOPS = "database", "release command", "disk", "SQLite", "stops"
# A driver that connects at all does so in less than one.
_DRIVER_SECONDS = 30.0


@dataclass(frozen=True)
class Given:
    """What an examination starts from."""

    settings: AppSettings
    place: Place
    command: str
    """The start command; empty for that of an image."""
    release_command: str
    database: DatabaseFacts | None = None
    """None where the stack has none."""
    password: str = ""
    no_database: str = ""
    """Why the database could not be had; empty if it is there."""


def examine(given: Given, tell: Callable[[Check], None]) -> list[Check]:
    """Run the app and check it; each check is told when it is made."""
    checks: list[Check] = []
    with ExitStack() as stack:
        for check in _all(given, stack):
            checks.append(check)
            tell(check)
    return checks


def _all(given: Given, stack: ExitStack) -> Iterator[Check]:
    settings, place = given.settings, given.place
    environment = contract_environment(settings, place.port, given.database, given.password)
    yield _database(given, environment)
    yield _release(given, environment)
    with deferred_signals():
        app = place.start(environment)
        stack.callback(app.kill)
    yield from _running(given, app)


def _running(given: Given, app: App) -> Iterator[Check]:
    settings = given.settings
    expected = Expectation(
        given.command, given.place.port, settings.health_path, settings.startup_seconds, external_host(settings)
    )
    start = wait_for_start(app, settings, given.place.port)
    checks = start_checks(start, expected)
    pages: Sequence[Check] = ()
    if start.answers_well:
        pages = page_checks(visit(app, visitor_headers(settings)), app.lines())
        checks = replaced(checks, watch_on(app, start, expected, settings.watch_seconds))
    yield from checks
    reason = "the app did not answer well"
    yield from pages or [not_checked(name, reason) for name in (FRONT, STATIC, DEBUGGER)]
    yield _sqlite(app, given.command)
    stops = (
        not_checked(STOPS, "the app had ended") if app.exit_code() is not None else stop(app, settings, given.command)
    )
    yield _disk(app, given.command)
    yield stops


def _database(given: Given, environment: Mapping[str, str]) -> Check:
    if given.database is None or given.no_database:
        return not_checked(DATABASE, given.no_database or "the stack has none")
    outcome = given.place.run_script(Path(driver.__file__).read_text(), environment, _DRIVER_SECONDS)
    name = outcome.lines[0] if outcome.lines else ""
    if not outcome.code:
        if not name:
            return not_checked(DATABASE, "the app has neither psycopg nor psycopg2")
        return passed(DATABASE, f"{name} connects to DATABASE_URL with TLS, the certificate verified")
    output = Output(outcome.lines, exit_code=outcome.code)
    finding = Finding(
        Cause.DATABASE,
        f"{name or 'the database driver'} does not connect to DATABASE_URL",
        "correct databaseUrlScheme or databaseUrlQuery, or the driver",
        output.last(),
    )
    return failed(DATABASE, diagnose(output) or finding)


def _release(given: Given, environment: Mapping[str, str]) -> Check:
    if not given.release_command:
        return not_checked(RELEASE, "the app has none")
    outcome: Outcome = given.place.run(given.release_command, environment, given.settings.release_seconds)
    if not outcome.code:
        return passed(RELEASE, f"`{given.release_command}` ends with 0")
    output = Output(outcome.lines, given.release_command, outcome.code)
    known = diagnose(output)
    sentence = f"`{given.release_command}` ends with {outcome.code}" + (f": {known.sentence}" if known else "")
    way_out = known.way_out if known else "its last lines say why"
    evidence = known.evidence if known else output.last()
    return failed(RELEASE, Finding(known.cause if known else Cause.RELEASE_COMMAND, sentence, way_out, evidence))


def _sqlite(app: App, command: str) -> Check:
    found = app.sqlite_files()
    refused = diagnose_sqlite(Output(app.lines(), command))
    if refused and not found:
        return failed(SQLITE, refused)
    if not found:
        return passed(SQLITE, "no database on the scratch disk")
    finding = Finding(
        Cause.SQLITE,
        f"it keeps data in {', '.join(found)}, which is gone with the task and not the other tasks'",
        "use the database in DATABASE_URL",
        tuple(found),
    )
    return failed(SQLITE, finding)


def _disk(app: App, command: str) -> Check:
    found = diagnose_disk(Output(app.lines(), command))
    return failed(DISK, found) if found else passed(DISK, "nothing was refused")

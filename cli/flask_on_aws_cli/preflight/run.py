"""A whole preflight: build, run, probe and stop the app, then check its domain and the account."""

from collections.abc import Callable
from typing import NamedTuple

from ..shared.docker_engine import DockerError, engine_problem
from .app_checks.outbound import outbound_check
from .aws_account.account_checks import account_client, quota_check, zone_servers
from .aws_account.domain import domain_checks
from .check import Check
from .containers.by_container import as_container
from .examine import examine
from .prepare import StopHere
from .processes.by_process import as_process
from .settings import AppSettings


class Result(NamedTuple):
    """The result of a preflight."""

    checks: list[Check]
    kind: str
    """`process` or `container`."""
    why: str
    """Why it was no container; empty if it was."""


def preflight(settings: AppSettings, runner: str, report: Callable[[Check], None]) -> Result:
    """Make every check; each is reported as soon as it is done.

    Args:
        settings: the app's.
        runner: `process`, `container`, or `auto` for a container where a Docker engine of the tasks' processor answers.
        report: takes each check.

    Raises:
        DockerError: if a container was asked for and no such engine answers, or the engine fails in the middle.
    """
    checks: list[Check] = []

    def record(check: Check) -> None:
        checks.append(check)
        report(check)

    why = "a process was asked for" if runner == "process" else engine_problem(settings.architecture)
    if why and runner == "container":
        raise DockerError(why)
    build = as_process if why else as_container
    try:
        with build(settings, record) as built:
            examine(built, record)
    except StopHere:
        pass  # the reason was reported
    for check in () if settings.before_push else outside_checks(settings):
        record(check)
    return Result(checks, "process" if why else "container", why)


def outside_checks(settings: AppSettings) -> list[Check]:
    """The checks outside the app: domain, account and outbound ports."""
    client = account_client(settings.region)
    servers = zone_servers(settings.domain, client) if settings.domain else ""
    return [*domain_checks(settings.domain, servers), quota_check(settings, client), outbound_check(settings)]

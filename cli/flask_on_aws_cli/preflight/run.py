"""Runs a preflight: builds, runs, probes and stops the app, then checks its domain and the AWS account."""

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
    reason: str
    """Why the app ran as a process; empty for a container."""
    other_python: str = ""
    """The Python that it was built with and the stack's, if they differ; empty otherwise."""


def preflight(settings: AppSettings, runner: str, report: Callable[[Check], None]) -> Result:
    """Make every check; each is reported as soon as its result is known.

    Args:
        settings: the app's settings.
        runner: `process`, `container`, or `auto`: a container if a Docker engine of the tasks' architecture responds.
        report: receives each check.

    Raises:
        DockerError: if `container` is chosen and no such engine responds, or the engine fails during the preflight.
    """
    checks: list[Check] = []

    def record(check: Check) -> None:
        checks.append(check)
        report(check)

    reason = "as requested" if runner == "process" else engine_problem(settings.architecture)
    if reason and runner == "container":
        raise DockerError(reason)
    build = as_process if reason else as_container
    other_python = ""
    try:
        with build(settings, record) as built:
            other_python = built.other_python
            examine(built, record)
    except StopHere:
        pass  # the failed check was already reported
    for check in () if settings.before_push else outside_checks(settings):
        record(check)
    return Result(checks, "process" if reason else "container", reason, other_python)


def outside_checks(settings: AppSettings) -> list[Check]:
    """The checks that need no running app: domain, account and outbound ports."""
    client = account_client(settings.region)
    servers = zone_servers(settings.domain, client) if settings.domain else ""
    return [*domain_checks(settings.domain, servers), quota_check(settings, client), outbound_check(settings)]

"""A whole preflight: built, run, asked, stopped, and what the domain and the account say."""

from collections.abc import Callable
from typing import NamedTuple

from ..shared.docker_engine import DockerError, no_engine
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
    """What came of it."""

    checks: list[Check]
    kind: str
    """`process` or `container`."""
    why: str
    """Why it was no container; empty if it was."""


def preflight(settings: AppSettings, runner: str, tell: Callable[[Check], None]) -> Result:
    """Make every check; each is told when it is made.

    Args:
        settings: the app's.
        runner: `process`, `container`, or `auto` for a container where a Docker engine of the tasks' processor answers.
        tell: takes each check.

    Raises:
        DockerError: if a container was asked for and no such engine answers, or the engine fails in the middle.
    """
    checks: list[Check] = []

    def keep(check: Check) -> None:
        checks.append(check)
        tell(check)

    why = "a process was asked for" if runner == "process" else no_engine(settings.architecture)
    if why and runner == "container":
        raise DockerError(why)
    prepared = as_process if why else as_container
    try:
        with prepared(settings, keep) as given:
            examine(given, keep)
    except StopHere:
        pass  # what stands in the way was told
    for check in () if settings.before_push else outside_checks(settings):
        keep(check)
    return Result(checks, "process" if why else "container", why)


def outside_checks(settings: AppSettings) -> list[Check]:
    """What is not the app's: domain and account."""
    client = account_client(settings.region)
    servers = zone_servers(settings.domain, client) if settings.domain else ""
    return [*domain_checks(settings.domain, servers), quota_check(settings, client), outbound_check(settings)]

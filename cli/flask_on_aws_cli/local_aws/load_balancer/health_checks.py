"""Health checks: real requests to every target at its target group's interval."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import aiohttp

from ...local_project.location import Target
from ...shared.health_paths import Response, is_search_useful, search
from ..faults import Faults
from .configuration import HealthCheck
from .health import FAILED, TIMED_OUT, Failure, response_failure
from .targets import Registration, TargetTable

_USER_AGENT = "ELB-HealthChecker/2.0"
# Seconds between attempts for a target whose group is not yet in the configuration, which is read about as often.
_UNKNOWN_GROUP_SECONDS = 0.5
# Seconds; AWS accepts 5 or more, tests use less, and an interval of 0 would keep a processor busy.
_MIN_INTERVAL = 0.05
_ACTIVITY = "checking a target's health"
# An app that has no health path gets a search's requests in every third check, and its log the lines of these.
_CHECKS_PER_SEARCH = 3


@dataclass(frozen=True)
class ChosenPath:
    """The path on which the targets of a group are checked."""

    path: str
    default_status: int
    """What they answered on the group's own path, if it is not this one; else 200."""


class HealthChecker:
    """Checks every target that is not draining, in one asyncio task each."""

    def __init__(
        self, table: TargetTable, health_check_of: Callable[[str], HealthCheck | None], faults: Faults
    ) -> None:
        self._table, self._health_check_of, self._faults = table, health_check_of, faults
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.chosen: dict[str, ChosenPath] = {}
        """By target group: the path of the target that was chosen last; only for groups whose targets are searched."""

    def update(self) -> None:
        """Start to check new targets, and stop checking those that are draining or deregistered."""
        active = {
            registration.number: registration
            for registration in self._table.registrations()
            if registration.draining_since is None
        }
        for number in self._tasks.keys() - active.keys():
            self._tasks.pop(number).cancel()
        for number in active.keys() - self._tasks.keys():
            self._tasks[number] = asyncio.get_running_loop().create_task(self._check_regularly(active[number]))

    async def _check_regularly(self, registration: Registration) -> None:
        loop, checked = asyncio.get_running_loop(), _CheckedTarget(registration.target)
        subject = f"{registration.target.host}:{registration.target.port} in {registration.group_arn}"
        try:
            while True:
                started, seconds = loop.time(), _UNKNOWN_GROUP_SECONDS
                with self._faults.capture(_ACTIVITY, subject):
                    check = self._health_check_of(registration.group_arn)
                    if check is not None:
                        seconds = max(_MIN_INTERVAL, check.interval)
                        self._table.record_check(registration, await checked.check(check), check)
                        if check.routes is None:  # the stack sets the path now
                            self.chosen.pop(registration.group_arn, None)
                        elif checked.chosen:
                            self.chosen[registration.group_arn] = checked.chosen
                # The interval is from the start of one check to the start of the next.
                await asyncio.sleep(max(0, started + seconds - loop.time()))
        finally:
            self._faults.clear(_ACTIVITY, subject)

    async def close(self) -> None:
        """End all checks."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _CheckedTarget:
    """A target, and the path on which it is checked."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._answers = 0
        """Answers on the group's own path that did not pass."""
        self.chosen: ChosenPath | None = None

    async def check(self, check: HealthCheck) -> Failure | None:
        """Check it once; None if the check passes."""
        if check.routes is None:
            return (await request(self._target, check))[0]
        failure, response = await request(self._target, replace(check, path=self._path(check)))
        if self.chosen is None and failure is None:
            self.chosen = ChosenPath(check.path, response.status)
        if self.chosen is None and is_search_useful(response.status):
            if self._answers % _CHECKS_PER_SEARCH == 0 and await self._search(check, response.status):
                failure = None
            self._answers += 1
        return failure

    def _path(self, check: HealthCheck) -> str:
        return self.chosen.path if self.chosen else check.path

    async def _search(self, check: HealthCheck, default_status: int) -> bool:
        """Choose the first path that the app answers with 200; return whether there is one."""
        paths, response = search(check.routes or ()), None
        try:
            while True:
                path = next(paths) if response is None else paths.send(response)
                _, response = await request(self._target, replace(check, path=path))
        except StopIteration as end:
            self.chosen = ChosenPath(end.value, default_status) if end.value else None
        return self.chosen is not None


async def request(target: Target, check: HealthCheck) -> tuple[Failure | None, Response]:
    """Request a target's health path once, on a new connection; the failure is None if the check passes."""
    port = check.port or target.port
    url = f"{check.protocol.lower()}://{target.host}:{port}{check.path}"
    headers = {"User-Agent": _USER_AGENT, "Accept-Encoding": "gzip, compressed", "Connection": "close"}
    try:
        connector = aiohttp.TCPConnector(ssl=False, force_close=True)
        timeout = aiohttp.ClientTimeout(total=check.timeout)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session,
            session.get(url, headers=headers, allow_redirects=False, skip_auto_headers=["Accept"]) as response,
        ):
            location = response.headers.get("Location", "")
            return response_failure(response.status, check), Response(response.status, location)
    except TimeoutError:
        return TIMED_OUT, Response(0)
    except (aiohttp.ClientError, OSError, ValueError):
        return FAILED, Response(0)

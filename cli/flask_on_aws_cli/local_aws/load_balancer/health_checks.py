"""Health checks: real requests to every target at its target group's interval."""

import asyncio
from collections.abc import Callable

import aiohttp

from ...local_project.location import Target
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


class HealthChecker:
    """Checks every target that is not draining, in one asyncio task each."""

    def __init__(
        self, table: TargetTable, health_check_of: Callable[[str], HealthCheck | None], faults: Faults
    ) -> None:
        self._table, self._health_check_of, self._faults = table, health_check_of, faults
        self._tasks: dict[int, asyncio.Task[None]] = {}

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
        loop = asyncio.get_running_loop()
        subject = f"{registration.target.host}:{registration.target.port} in {registration.group_arn}"
        try:
            while True:
                started, seconds = loop.time(), _UNKNOWN_GROUP_SECONDS
                with self._faults.capture(_ACTIVITY, subject):
                    check = self._health_check_of(registration.group_arn)
                    if check is not None:
                        seconds = max(_MIN_INTERVAL, check.interval)
                        self._table.record_check(registration, await check_target(registration.target, check), check)
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


async def check_target(target: Target, check: HealthCheck) -> Failure | None:
    """Check a target once, on a new connection; None if the check passes."""
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
            return response_failure(response.status, check)
    except TimeoutError:
        return TIMED_OUT
    except (aiohttp.ClientError, OSError, ValueError):
        return FAILED

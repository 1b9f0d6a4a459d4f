"""Health checks: real requests to every target at its group's interval."""

import asyncio
from collections.abc import Callable

import aiohttp

from ...local_project.location import Target
from ..faults import Faults
from .configuration import HealthCheck
from .health import FAILED, TIMED_OUT, Failure, answered
from .targets import Registration, TargetTable

_AGENT = "ELB-HealthChecker/2.0"
# How soon a target is asked whose group is not yet in the configuration; records are read about as often.
_UNKNOWN_GROUP_SECONDS = 0.5
# A processor is not to be kept busy by an interval that AWS would not take; its shortest is 5 s, that of tests less.
_LEAST_SECONDS = 0.05
_ACTIVITY = "checking a target's health"


class Probes:
    """One task for each target that is not leaving."""

    def __init__(self, table: TargetTable, check_of: Callable[[str], HealthCheck | None], faults: Faults) -> None:
        self._table, self._check_of, self._faults = table, check_of, faults
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def adjust(self) -> None:
        """Begin to ask new targets, and no longer ask those that leave or are gone."""
        wanted = {one.number: one for one in self._table.registrations() if one.draining_since is None}
        for number in self._tasks.keys() - wanted.keys():
            self._tasks.pop(number).cancel()
        for number in wanted.keys() - self._tasks.keys():
            self._tasks[number] = asyncio.get_running_loop().create_task(self._watch(wanted[number]))

    async def _watch(self, registration: Registration) -> None:
        loop = asyncio.get_running_loop()
        subject = f"{registration.target.host}:{registration.target.port} in {registration.group_arn}"
        try:
            while True:
                began, seconds = loop.time(), _UNKNOWN_GROUP_SECONDS
                with self._faults.kept(_ACTIVITY, subject):
                    check = self._check_of(registration.group_arn)
                    if check is not None:
                        seconds = max(_LEAST_SECONDS, check.interval)
                        self._table.examine(registration, await probe(registration.target, check), check)
                # The interval is from one check's beginning to the next one's.
                await asyncio.sleep(max(0, began + seconds - loop.time()))
        finally:
            self._faults.clear(_ACTIVITY, subject)

    async def close(self) -> None:
        """End all checks."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def probe(target: Target, check: HealthCheck) -> Failure | None:
    """Ask once, on a connection of its own; None when the target has passed."""
    port = check.port or target.port
    url = f"{check.protocol.lower()}://{target.host}:{port}{check.path}"
    headers = {"User-Agent": _AGENT, "Accept-Encoding": "gzip, compressed", "Connection": "close"}
    try:
        connector = aiohttp.TCPConnector(ssl=False, force_close=True)
        timeout = aiohttp.ClientTimeout(total=check.timeout)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session,
            session.get(url, headers=headers, allow_redirects=False, skip_auto_headers=["Accept"]) as response,
        ):
            return answered(response.status, check)
    except TimeoutError:
        return TIMED_OUT
    except (aiohttp.ClientError, OSError, ValueError):
        return FAILED

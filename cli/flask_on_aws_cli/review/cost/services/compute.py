"""Fargate and Lambda."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from ...cost_model import ZERO, Line
from ..stack import ONE, Priced, number

_SERVICE = "aws:ecs/service:Service"
_TARGET = "aws:appautoscaling/target:Target"
_TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
_UNITS = Decimal(1024)  # CPU units of a vCPU, and MiB of a GB of memory
_FREE_STORAGE = Decimal(20)  # GB of each task's ephemeral storage
_SPOT = "FARGATE_SPOT"
_PERCENT = Decimal(100)


def service(service: Priced) -> Iterator[Line]:
    """The tasks of an ECS service."""
    task = service.related("taskDefinition", _TASK_DEFINITION)
    if not _is_fargate(service, task):
        yield service.unknown("tasks", "Its tasks do not run on Fargate; what they run on has its own price.")
        return
    if task is None:
        yield service.unknown("tasks", "Its task definition is not in the stack.", ("taskDefinition",))
        return
    size = _Size(task)
    if size.problem:
        yield service.unknown("tasks", size.problem)
        return
    least, average, basis = _counts(service)
    for label, count, is_usage in (("", least, False), (" above the minimum", average - least, True)):
        if count or not is_usage:
            yield from _tasks(service, size, label, count, is_usage, basis)
    more = service.figure("extraTaskHours")
    yield from size.lines(service, "further tasks: ", more, True, {})
    if _has_address(service):
        yield service.used("further tasks: public IPv4 address", "public_ipv4", more)


def _tasks(
    service: Priced, size: "_Size", label: str, count: Decimal, is_usage: bool, basis: Mapping[str, Any]
) -> Iterator[Line]:
    spot = count * _spot_share(service, count)
    basis = {**basis, **service.basis("capacityProviderStrategies")}
    if count - spot or not spot:
        yield from size.lines(service, f"tasks{label}: ", (count - spot) * service.hours, is_usage, basis)
    if spot:
        percent = service.figure("fargateSpotPercent")
        if percent:
            hours = spot * service.hours * percent / _PERCENT
            yield from size.lines(service, f"tasks{label} on Spot: ", hours, is_usage, basis)
        else:
            reason = "The price of Fargate Spot moves; set fargateSpotPercent in the file of --usage."
            yield Line(f"tasks{label} on Spot", spot, None, is_usage, basis, reason)
    name, addresses = f"tasks{label}: public IPv4 addresses", count if _has_address(service) else ZERO
    lines = service.used if is_usage else service.fixed
    line = lines(name, "public_ipv4", addresses * service.hours, ("networkConfiguration.assignPublicIp",))
    yield replace(line, basis={**line.basis, **basis})


class _Size:
    """Processor, memory and storage of one task."""

    def __init__(self, task: Priced) -> None:
        self._task = task
        self._cpu = _quantity(task.get("cpu"), "vcpu")
        self._memory = _quantity(task.get("memory"), "gb")
        platform = task.block("runtimePlatform")
        self._is_arm = str(platform.get("cpuArchitecture")).upper() == "ARM64"
        self._is_windows = str(platform.get("operatingSystemFamily") or "").upper().startswith("WINDOWS")
        self._storage = number(task.block("ephemeralStorage").get("sizeInGib")) or _FREE_STORAGE

    @property
    def problem(self) -> str:
        """Why the task has no price; empty if it has one."""
        if self._is_windows:
            return "There is no price of Windows on Fargate."
        if self._cpu is None or self._memory is None:
            return "The cpu and memory of its task definition are not known."
        return ""

    def lines(
        self, service: Priced, prefix: str, hours: Decimal, is_usage: bool, basis: Mapping[str, Any]
    ) -> Iterator[Line]:
        """The lines of tasks that run for some hours altogether."""
        assert self._cpu is not None  # noqa: S101 see `problem`
        assert self._memory is not None  # noqa: S101
        kind = "arm" if self._is_arm else "x86"
        storage = max(self._storage - _FREE_STORAGE, ZERO)
        architecture = "runtimePlatform.cpuArchitecture"
        for name, item, quantity, reads in (
            ("vCPU", f"fargate_{kind}_vcpu", self._cpu, ("cpu", architecture)),
            ("memory", f"fargate_{kind}_memory", self._memory, ("memory", architecture)),
            ("storage above 20 GB", "fargate_ephemeral_storage", storage, ("ephemeralStorage.sizeInGib",)),
        ):
            line = (service.used if is_usage else service.fixed)(f"{prefix}{name}", item, quantity * hours)
            yield replace(line, basis={**basis, **self._task.basis(*reads)})


def _quantity(value: Any, suffix: str) -> Decimal | None:
    """vCPU or GB, of `256`, `.25 vCPU` or `1 GB`."""
    text = str(value).strip().lower()
    match = re.fullmatch(rf"([\d.]+)\s*{suffix}", text)
    if match:
        return number(match[1])
    units = number(value)
    return None if units is None else units / _UNITS


def _is_fargate(service: Priced, task: Priced | None) -> bool:
    strategies = _strategies(service)
    if strategies:
        return all(str(name).startswith("FARGATE") for name, _, _ in strategies)
    launch_type = service.get("launchType")
    return launch_type == "FARGATE" or (
        launch_type is None and task is not None and "FARGATE" in task.items("requiresCompatibilities")
    )


def _strategies(service: Priced) -> list[tuple[str, Decimal, Decimal]]:
    """Capacity provider, base and weight."""
    blocks = [
        cast(Mapping[str, Any], each) for each in service.items("capacityProviderStrategies") if isinstance(each, dict)
    ]
    return [
        (str(each.get("capacityProvider")), number(each.get("base")) or ZERO, number(each.get("weight")) or ZERO)
        for each in blocks
    ]


def _spot_share(service: Priced, count: Decimal) -> Decimal:
    """The share of tasks that run on Fargate Spot: after the base of each provider, by weight."""
    strategies = _strategies(service)
    bases = sum((base for _, base, _ in strategies), ZERO)
    weights = sum((weight for _, _, weight in strategies), ZERO)
    if not count or not any(name == _SPOT for name, _, _ in strategies):
        return ZERO
    rest = max(count - bases, ZERO)
    spot = sum(
        (base + (rest * weight / weights if weights else ZERO) for name, base, weight in strategies if name == _SPOT),
        ZERO,
    )
    return min(spot / count, ONE)


def _counts(service: Priced) -> tuple[Decimal, Decimal, dict[str, Any]]:
    """The least number of tasks, the assumed one, and the properties that decide them."""
    target = service.stack.referring(_TARGET, "resourceId", _SERVICE, service)
    if target is None:
        count = number(service.get("desiredCount")) or ZERO
        return count, count, service.basis("desiredCount")
    least = number(target.get("minCapacity")) or ZERO
    most = number(target.get("maxCapacity")) or least
    average = service.usage.between("tasks", service.name, least, most)
    # With the least number of tasks, the most decides nothing.
    names = ("minCapacity",) if average == least else ("minCapacity", "maxCapacity")
    return least, average, target.basis(*names)


def _has_address(service: Priced) -> bool:
    return service.block("networkConfiguration").get("assignPublicIp") is True


def function(function: Priced) -> Iterator[Line]:
    """A Lambda function."""
    is_arm = "arm64" in function.items("architectures")
    item = "lambda_gb_second_arm" if is_arm else "lambda_gb_second_x86"
    yield function.used("requests", "lambda_requests", function.figure("lambdaRequests") / 10**6)
    yield function.used("time", item, function.figure("lambdaGbSeconds"), ("architectures",))

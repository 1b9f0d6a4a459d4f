"""The resource usage of a task's containers, and which of them exceed their limits."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from ....task_model.definition import TaskPlan
from .container import ContainerRun

# Seconds between two measurements: reading the memory of a process takes about a millisecond. The kernel, in contrast,
# would kill a container at the first page above its limit.
_INTERVAL = 0.5


class Load(NamedTuple):
    """A task's usage in percent of its limits, like CloudWatch's CPUUtilization and MemoryUtilization."""

    cpu: float
    memory: float


class UsageMeter:
    """Measures one task at intervals."""

    def __init__(self, plan: TaskPlan) -> None:
        self._plan = plan
        self._measured_at = 0.0
        self._cpu_seconds = 0.0
        self.load = Load(0, 0)
        """The last measurement."""
        self.memory = 0
        """The last measurement, in bytes."""

    def over_limit(self, containers: Sequence[ContainerRun]) -> list[ContainerRun]:
        """The containers above their limits; if only the task is above its limit, its largest container."""
        now = time.monotonic()
        if now - self._measured_at < _INTERVAL:
            return []
        usages = [(run, run.running.usage()) for run in containers if run.alive and run.running is not None]
        memory = sum(usage.memory for _, usage in usages)
        self._measure(now, memory, sum(usage.cpu for _, usage in usages))
        over = [run for run, usage in usages if run.container.memory and usage.memory > run.container.memory]
        if not over and usages and self._plan.memory and memory > self._plan.memory:
            return [max(usages, key=lambda pair: pair[1].memory)[0]]
        return over

    def _measure(self, now: float, memory: int, cpu_seconds: float) -> None:
        elapsed = now - self._measured_at
        cpu = max(0.0, cpu_seconds - self._cpu_seconds) / elapsed / self._plan.cpu * 100 if self._measured_at else 0.0
        memory_percent = memory / self._plan.memory * 100 if self._plan.memory else 0.0
        self.load, self.memory = Load(cpu, memory_percent), memory
        self._measured_at, self._cpu_seconds = now, cpu_seconds

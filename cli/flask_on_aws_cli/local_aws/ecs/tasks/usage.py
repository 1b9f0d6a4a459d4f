"""What a task's containers use, and which of them uses too much."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from ....task_model.definition import TaskPlan
from .container import ContainerRun

# Seconds between two measurements; the kernel would end a container at the first page above its limit, and reading the
# memory of a process takes about a millisecond.
_INTERVAL = 0.5


class Load(NamedTuple):
    """A task's share of what it may use, in percent, as CloudWatch's CPUUtilization and MemoryUtilization."""

    cpu: float
    memory: float


class UsageMeter:
    """Measures one task now and then."""

    def __init__(self, plan: TaskPlan) -> None:
        self._plan = plan
        self._measured_at = 0.0
        self._seconds = 0.0
        self.load = Load(0, 0)
        """The last measurement."""
        self.memory = 0
        """Bytes, of the last measurement."""

    def over_limit(self, containers: Sequence[ContainerRun]) -> list[ContainerRun]:
        """The containers above their limits, or the largest when the task is above its own."""
        now = time.monotonic()
        if now - self._measured_at < _INTERVAL:
            return []
        used = [(one, one.running.usage()) for one in containers if one.alive and one.running is not None]
        memory = sum(usage.memory for _, usage in used)
        self._measure(now, memory, sum(usage.cpu for _, usage in used))
        over = [one for one, usage in used if one.container.memory and usage.memory > one.container.memory]
        if not over and used and self._plan.memory and memory > self._plan.memory:
            return [max(used, key=lambda pair: pair[1].memory)[0]]
        return over

    def _measure(self, now: float, memory: int, seconds: float) -> None:
        elapsed = now - self._measured_at
        cpu = max(0.0, seconds - self._seconds) / elapsed / self._plan.cpu * 100 if self._measured_at else 0.0
        share = memory / self._plan.memory * 100 if self._plan.memory else 0.0
        self.load, self.memory = Load(cpu, share), memory
        self._measured_at, self._seconds = now, seconds

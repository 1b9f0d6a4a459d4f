"""The observations and decisions of ECS's service scheduler, as values.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from .circuit_breaker import CircuitBreaker


class Phase(Enum):
    """Where a task is in its life cycle."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


@dataclass(frozen=True)
class Task:
    """A task of the service, as observed; a stopped task is an `Ended` instead."""

    id: str
    deployment: str
    phase: Phase
    healthy: bool = False
    """Whether it is running and passes all of its health checks."""
    verdict: str | None = None
    """Why it has to be replaced, such as `Task failed ELB health checks in (target-group …)`."""


class Ended(NamedTuple):
    """A task that exited or could not start, and was not stopped by the scheduler."""

    deployment: str
    failed: bool
    """Whether it ended before it was ever healthy."""


@dataclass(frozen=True)
class Deployment:
    """One version of the service."""

    id: str
    task_definition: str
    rollout: str = "IN_PROGRESS"
    """IN_PROGRESS, COMPLETED or FAILED."""
    reason: str = ""
    failed: int = 0
    """Number of consecutive tasks that failed."""
    retry_at: float = 0
    """Time before which no task is started, because of recent failures."""
    failed_at: float = 0
    """Time at which the circuit breaker failed it."""


@dataclass(frozen=True)
class Service:
    """A service: its desired state and the progress of its deployments."""

    name: str
    desired: int
    deployments: tuple[Deployment, ...]
    """The primary deployment first, then those that still have running tasks."""
    minimum_percent: int = 100
    maximum_percent: int = 200
    breaker: CircuitBreaker | None = None
    last_good: Deployment | None = None
    """The last completed deployment, to which a failed deployment is rolled back."""
    steady: bool = False
    """Whether the steady state was reported as an event."""

    @property
    def minimum_healthy(self) -> int:
        """Number of healthy tasks that a deployment must leave; AWS rounds up."""
        return math.ceil(self.desired * self.minimum_percent / 100)

    @property
    def maximum_running(self) -> int:
        """Maximum number of tasks that are starting or running; AWS rounds down."""
        return self.desired * self.maximum_percent // 100


class Start(NamedTuple):
    """Start a number of tasks of a deployment."""

    deployment: str
    task_count: int


class Stop(NamedTuple):
    """Stop a task for a reason."""

    task: str
    reason: str


class AddEvent(NamedTuple):
    """Add a service event."""

    message: str


Action = Start | Stop | AddEvent


class Observation(NamedTuple):
    """The tasks now, and what happened to tasks since the last step."""

    tasks: Sequence[Task]
    ended: Sequence[Ended] = ()
    newly_healthy: frozenset[str] = frozenset()
    """Ids of deployments that have a task which became healthy."""

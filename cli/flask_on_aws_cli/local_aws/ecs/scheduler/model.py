"""What ECS's service scheduler looks at and what it decides, as values.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from .circuit_breaker import CircuitBreaker


class Phase(Enum):
    """How far a task is."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


@dataclass(frozen=True)
class Task:
    """A task of the service, as observed; stopped ones are told as `Ended`."""

    id: str
    deployment: str
    phase: Phase
    healthy: bool = False
    """Running, and well by all of its health checks."""
    verdict: str | None = None
    """Why it has to be replaced, like `Task failed ELB health checks in (target-group …)`."""


class Ended(NamedTuple):
    """A task that ended by itself, or could not start."""

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
    """Tasks in a row that failed."""
    retry_at: float = 0
    """Time before which no task is started, since others ended just before."""
    failed_at: float = 0
    """Time at which the circuit breaker gave it up."""


@dataclass(frozen=True)
class Service:
    """What is desired, and how far it is."""

    name: str
    desired: int
    deployments: tuple[Deployment, ...]
    """The primary one first, then those whose tasks still run."""
    minimum_percent: int = 100
    maximum_percent: int = 200
    breaker: CircuitBreaker | None = None
    last_good: Deployment | None = None
    """The last completed one, to which a failed deployment is rolled back."""
    steady: bool = False
    """Whether the steady state was told."""

    @property
    def least(self) -> int:
        """Healthy tasks that a deployment leaves at least; AWS rounds up."""
        return math.ceil(self.desired * self.minimum_percent / 100)

    @property
    def most(self) -> int:
        """Tasks that start or run at most; AWS rounds down."""
        return self.desired * self.maximum_percent // 100


class Start(NamedTuple):
    """Start so many tasks of a deployment."""

    deployment: str
    number: int


class Stop(NamedTuple):
    """Stop a task, for this reason."""

    task: str
    reason: str


class Say(NamedTuple):
    """A service event."""

    message: str


Action = Start | Stop | Say


class Seen(NamedTuple):
    """What happened since the last step."""

    tasks: Sequence[Task]
    ended: Sequence[Ended] = ()
    newly_healthy: frozenset[str] = frozenset()
    """Deployments of which a task became healthy."""

"""When a target counts as healthy, and how AWS puts it: pure values.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
"""

from dataclasses import dataclass, replace

from ..parts import TargetHealth
from .configuration import HealthCheck

REGISTERING = TargetHealth("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = TargetHealth("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
HEALTHY = TargetHealth("healthy")
DRAINING = TargetHealth("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
NOT_REGISTERED = TargetHealth("unused", "Target.NotRegistered", "Target is not registered to the target group")
NOT_IN_USE = TargetHealth(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)


@dataclass(frozen=True)
class Failure:
    """Why one check did not pass."""

    reason: str
    description: str


TIMED_OUT = Failure("Target.Timeout", "Request timed out")
FAILED = Failure("Target.FailedHealthChecks", "Health checks failed")


def answered(status: int, check: HealthCheck) -> Failure | None:
    """What a target's answer says of it; None when the check has passed."""
    if status in _codes(check.matcher):
        return None
    return Failure("Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]")


def _codes(matcher: str) -> set[int]:
    codes: set[int] = set()
    for part in matcher.split(","):
        first, _, last = part.strip().partition("-")
        codes.update(range(int(first), int(last or first) + 1))
    return codes


@dataclass(frozen=True)
class Checkup:
    """A target's health so far."""

    health: TargetHealth = REGISTERING
    passes: int = 0
    """Checks in a row that passed."""
    failures: int = 0
    """Checks in a row that failed."""


def examined(before: Checkup, failure: Failure | None, check: HealthCheck) -> Checkup:
    """The health after one more check.

    A new target is healthy after one pass, whatever the threshold; one that was unhealthy needs the threshold's number.
    """
    if failure is None:
        passes = before.passes + 1
        back = before.health.state != "unhealthy" or passes >= check.healthy_threshold
        return Checkup(HEALTHY if back else before.health, passes)
    after = Checkup(before.health, 0, before.failures + 1)
    if after.failures >= check.unhealthy_threshold or before.health.state == "unhealthy":
        return replace(after, health=TargetHealth("unhealthy", failure.reason, failure.description))
    return replace(after, health=CHECKING) if before.health.state == "initial" else after

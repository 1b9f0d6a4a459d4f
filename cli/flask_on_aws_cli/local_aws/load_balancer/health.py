"""When a target is healthy, in DescribeTargetHealth's terms: pure.

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
    """Why a health check failed."""

    reason: str
    description: str


TIMED_OUT = Failure("Target.Timeout", "Request timed out")
FAILED = Failure("Target.FailedHealthChecks", "Health checks failed")


def response_failure(status: int, check: HealthCheck) -> Failure | None:
    """Why a target's response with a status fails the check; None if it passes."""
    if status in _status_codes(check.matcher):
        return None
    return Failure("Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]")


def _status_codes(matcher: str) -> set[int]:
    codes: set[int] = set()
    for code_range in matcher.split(","):
        first, _, last = code_range.strip().partition("-")
        codes.update(range(int(first), int(last or first) + 1))
    return codes


@dataclass(frozen=True)
class HealthState:
    """A target's health, with the checks that led to it."""

    health: TargetHealth = REGISTERING
    passes: int = 0
    """Consecutive checks that passed."""
    failures: int = 0
    """Consecutive checks that failed."""


def after_check(before: HealthState, failure: Failure | None, check: HealthCheck) -> HealthState:
    """The health after another check.

    A new target is healthy after one pass, whatever the threshold; an unhealthy one needs as many as the threshold.
    """
    if failure is None:
        passes = before.passes + 1
        is_healthy = before.health.state != "unhealthy" or passes >= check.healthy_threshold
        return HealthState(HEALTHY if is_healthy else before.health, passes)
    after = HealthState(before.health, 0, before.failures + 1)
    if after.failures >= check.unhealthy_threshold or before.health.state == "unhealthy":
        return replace(after, health=TargetHealth("unhealthy", failure.reason, failure.description))
    return replace(after, health=CHECKING) if before.health.state == "initial" else after

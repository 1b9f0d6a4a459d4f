"""When a deployment has failed, and how long to wait before the next attempt."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html:
# half of the desired count, but at least 3 and at most 200.
_PERCENT, _MINIMUM, _MAXIMUM = 50, 3, 200
# AWS waits longer after each failure, up to a number of minutes that it does not document
# (service-throttle-logic.html). Here the first restart is immediate, so that a killed task is replaced within seconds,
# and a crash loop starts at most two tasks a minute.
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0

_EMPTY: Mapping[str, Any] = {}


@dataclass(frozen=True)
class CircuitBreaker:
    """A service's `deploymentCircuitBreaker` that is enabled."""

    rollback: bool = True
    kind: str = "BOUNDED_PERCENT"
    """BOUNDED_PERCENT of the desired count, between 3 and 200; UNBOUNDED_PERCENT; or COUNT."""
    value: int = _PERCENT
    reset_on_healthy: bool = True

    def threshold(self, desired: int) -> int:
        """Number of consecutive failures at which a deployment has failed."""
        if self.kind == "COUNT":
            return self.value
        failures = math.ceil(desired * self.value / 100)
        return max(1, failures) if self.kind == "UNBOUNDED_PERCENT" else min(max(failures, _MINIMUM), _MAXIMUM)


def read_breaker(configuration: Mapping[str, Any]) -> CircuitBreaker | None:
    """The circuit breaker of a `deploymentConfiguration`; None if it is disabled, which is the default."""
    breaker: Mapping[str, Any] = configuration.get("deploymentCircuitBreaker") or _EMPTY
    if not breaker.get("enable"):
        return None
    threshold: Mapping[str, Any] = breaker.get("thresholdConfiguration") or _EMPTY
    return CircuitBreaker(
        rollback=bool(breaker.get("rollback")),
        kind=threshold.get("type", "BOUNDED_PERCENT"),
        value=int(threshold.get("value", _PERCENT)),
        reset_on_healthy=bool(breaker.get("resetOnHealthyTask", True)),
    )


def retry_delay(failures: int) -> float:
    """Seconds to wait before the next start: 0 after one failure, 0.5 after two, then doubled with each further one."""
    return 0.0 if failures <= 1 else min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** (failures - 2))

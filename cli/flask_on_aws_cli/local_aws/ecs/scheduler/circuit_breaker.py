"""When a deployment has failed, and how long to wait before the next try."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html:
# half of the desired count, but at least 3 and at most 200.
_PERCENT, _LEAST, _MOST = 50, 3, 200
# AWS waits longer after each failure, up to minutes that its pages do not name (service-throttle-logic.html). Here the
# first restart comes at once, so that a killed task heals within seconds, and a crash loop costs at most two starts a
# minute.
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0

_OFF: Mapping[str, Any] = {}


@dataclass(frozen=True)
class CircuitBreaker:
    """A service's `deploymentCircuitBreaker`, where it is enabled."""

    rollback: bool = True
    kind: str = "BOUNDED_PERCENT"
    """BOUNDED_PERCENT of the desired count, between 3 and 200; UNBOUNDED_PERCENT; or COUNT."""
    value: int = _PERCENT
    reset_on_healthy: bool = True

    def threshold(self, desired: int) -> int:
        """Failures in a row at which a deployment has failed."""
        if self.kind == "COUNT":
            return self.value
        share = math.ceil(desired * self.value / 100)
        return max(1, share) if self.kind == "UNBOUNDED_PERCENT" else min(max(share, _LEAST), _MOST)


def breaker_of(configuration: Mapping[str, Any]) -> CircuitBreaker | None:
    """The circuit breaker of a `deploymentConfiguration`; None when it is off, which is the default."""
    given: Mapping[str, Any] = configuration.get("deploymentCircuitBreaker") or _OFF
    if not given.get("enable"):
        return None
    threshold: Mapping[str, Any] = given.get("thresholdConfiguration") or _OFF
    return CircuitBreaker(
        rollback=bool(given.get("rollback")),
        kind=threshold.get("type", "BOUNDED_PERCENT"),
        value=int(threshold.get("value", _PERCENT)),
        reset_on_healthy=bool(given.get("resetOnHealthyTask", True)),
    )


def retry_delay(failures: int) -> float:
    """Seconds to wait before the next start after so many failures in a row: none, then doubled from half a second."""
    return 0.0 if failures <= 1 else min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** (failures - 2))

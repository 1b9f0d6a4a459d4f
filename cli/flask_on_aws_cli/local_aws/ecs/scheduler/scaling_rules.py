"""The decisions of Application Auto Scaling: load and limits in, a desired count out. No clock, no API.

https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Target tracking removes tasks only if the load is clearly below its target, so that it does not add them again at
# once: the low alarm that AWS creates for a policy has its threshold at 90 % of the target.
_LOW = 0.9
# AWS's alarms: three minutes above the target, fifteen below.
SCALE_OUT_MINUTES, SCALE_IN_MINUTES = 3, 15


@dataclass(frozen=True)
class Policy:
    """A target tracking policy."""

    target: float
    scale_in: bool = True
    """False if `DisableScaleIn` is set."""


def desired_count(policy: Policy, loads: Sequence[float], count: int) -> int:
    """The count at which the load would be at a policy's target.

    The load of a service is the average of its tasks, so it is proportional to 1/count.

    Args:
        policy: the policy.
        loads: one measurement per minute, the newest last.
        count: the current desired count.
    """
    if count == 0 or not loads:
        return count
    latest = loads[-1]
    proportional = math.ceil(count * latest / policy.target)
    if len(loads) >= SCALE_OUT_MINUTES and min(loads[-SCALE_OUT_MINUTES:]) > policy.target:
        return max(count, proportional)
    is_scale_in_possible = policy.scale_in and len(loads) >= SCALE_IN_MINUTES
    if is_scale_in_possible and max(loads[-SCALE_IN_MINUTES:]) < policy.target * _LOW:
        return min(count, proportional)
    return count


def limited_count(policy_counts: Sequence[int], count: int, minimum: int, maximum: int) -> int:
    """The largest count of several policies, or the current count without a policy, within the limits."""
    return min(max(max(policy_counts, default=count), minimum), maximum)

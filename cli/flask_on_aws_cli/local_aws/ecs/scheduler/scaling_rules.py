"""The decisions of Application Auto Scaling: load and limits in, a desired count out. No clock, no API.

https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

# Target tracking removes tasks only if the load is clearly below its target, so that it does not add them again at
# once: the low alarm that AWS creates for a policy has its threshold at 90 % of the target.
_LOW = 0.9
# AWS's alarms: three minutes above the target, fifteen below.
SCALE_OUT_MINUTES, SCALE_IN_MINUTES = 3, 15
_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7))  # minute, hour, day, month, day of week (1 is Sunday)
_NAMED_VALUES = {
    **{"JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6, "JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11},
    **{"DEC": 12},
    **{"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7},
}
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}


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


def _zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)  # a small system may have no time zone database


def is_due(schedule: str, zone: str, last: datetime, now: datetime) -> bool:
    """Whether a schedule, `at(…)`, `rate(…)` or `cron(…)`, was due after `last` and not after `now`.

    Its resolution is one minute. Raises `ValueError` for any other schedule.
    """
    kind, _, inner = schedule.strip().removesuffix(")").partition("(")
    if kind == "at":
        moment = datetime.fromisoformat(inner).replace(tzinfo=_zone(zone))
        return last < moment <= now
    if kind == "rate":
        value, unit = inner.split()
        return now - last >= timedelta(seconds=int(value) * _UNITS[unit.removesuffix("s")])
    if kind != "cron":
        raise ValueError(f"{schedule!r} is not at(…), rate(…) or cron(…)")
    matches(inner, now.astimezone(_zone(zone)))  # raises at once if the expression is invalid
    minute = last.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute <= now:
        if matches(inner, minute.astimezone(_zone(zone))):
            return True
        minute += timedelta(minutes=1)
    return False


def matches(expression: str, moment: datetime) -> bool:
    """Whether the six fields of AWS's cron (minutes, hours, day, month, day of week, year) match a minute.

    https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
    Raises `ValueError` for L, W and #, which are not supported here.
    """
    fields = expression.split()
    if len(fields) != 6:
        raise ValueError(f"cron({expression}) must have six fields")
    weekday = moment.isoweekday() % 7 + 1
    values = (moment.minute, moment.hour, moment.day, moment.month, weekday)
    matched = [
        _field_matches(text, value, limits) for text, value, limits in zip(fields, values, _FIELDS, strict=False)
    ]
    return all(matched) and _field_matches(fields[5], moment.year, (1970, 2199))


def _field_matches(text: str, value: int, limits: tuple[int, int]) -> bool:
    return any(_range_matches(item, value, limits) for item in text.upper().split(","))


def _range_matches(text: str, value: int, limits: tuple[int, int]) -> bool:
    match = re.fullmatch(r"([A-Z0-9]+|\*|\?)(?:-([A-Z0-9]+))?(?:/(\d+))?", text)
    if not match:
        raise ValueError(f"{text!r} in a cron expression is not supported here")
    first, last, step = match.groups()
    low = limits[0] if first in ("*", "?") else _number(first)
    high = _number(last) if last else limits[1] if step or first in ("*", "?") else low
    return low <= value <= high and (value - low) % int(step or 1) == 0


def _number(text: str) -> int:
    if not text.isdigit() and text not in _NAMED_VALUES:
        raise ValueError(f"{text!r} in a cron expression is not supported here")
    return _NAMED_VALUES.get(text) or int(text)

"""What Application Auto Scaling decides: load and limits in, a desired count out. No clock, no API.

https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

# Target tracking removes tasks only when the load is clearly below its target, so that it does not add them again at
# once: its low alarm is at 90 % of the target (the alarms that AWS creates for a policy show it).
_LOW = 0.9
# AWS's alarms: three minutes above the target, fifteen below.
OUT_MINUTES, IN_MINUTES = 3, 15
_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7))  # minute, hour, day, month, day of week (1 is Sunday)
_NAMES = {
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
    """False when `DisableScaleIn` is set."""


def wanted_count(policy: Policy, loads: Sequence[float], count: int) -> int:
    """The count at which a policy would have its load, by one measurement a minute, the newest last.

    The load of a service is that of one task, so it falls as 1/count.
    """
    if count == 0 or not loads:
        return count
    latest = loads[-1]
    proportional = math.ceil(count * latest / policy.target)
    if len(loads) >= OUT_MINUTES and min(loads[-OUT_MINUTES:]) > policy.target:
        return max(count, proportional)
    if policy.scale_in and len(loads) >= IN_MINUTES and max(loads[-IN_MINUTES:]) < policy.target * _LOW:
        return min(count, proportional)
    return count


def settle(wanted: Sequence[int], count: int, least: int, most: int) -> int:
    """The count for several policies: the largest that one wants, and less only when all want less; within limits."""
    return min(max(max(wanted, default=count), least), most)


def _zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)  # a small system may have no time zones but this


def is_due(schedule: str, zone: str, last: datetime, now: datetime) -> bool:
    """Whether a schedule, `at(…)`, `rate(…)` or `cron(…)`, came after `last` and not after `now`.

    A minute is the smallest step. Raises `ValueError` for what is none of the three.
    """
    kind, _, inner = schedule.strip().removesuffix(")").partition("(")
    if kind == "at":
        moment = datetime.fromisoformat(inner).replace(tzinfo=_zone(zone))
        return last < moment <= now
    if kind == "rate":
        value, unit = inner.split()
        return now - last >= timedelta(seconds=int(value) * _UNITS[unit.removesuffix("s")])
    if kind != "cron":
        raise ValueError(f"{schedule!r} is none of at(…), rate(…) and cron(…)")
    matches(inner, now.astimezone(_zone(zone)))  # raises at once, and not only when a minute has come
    minute = last.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute <= now:
        if matches(inner, minute.astimezone(_zone(zone))):
            return True
        minute += timedelta(minutes=1)
    return False


def matches(expression: str, moment: datetime) -> bool:
    """Whether the six fields of AWS's cron (minutes, hours, day, month, day of week, year) match a minute.

    https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
    Raises `ValueError` for L, W and #, which are not known here.
    """
    fields = expression.split()
    if len(fields) != 6:
        raise ValueError(f"cron({expression}) must have six fields")
    weekday = moment.isoweekday() % 7 + 1
    values = (moment.minute, moment.hour, moment.day, moment.month, weekday)
    parts = [_field(text, value, limits) for text, value, limits in zip(fields, values, _FIELDS, strict=False)]
    return all(parts) and _field(fields[5], moment.year, (1970, 2199))


def _field(text: str, value: int, limits: tuple[int, int]) -> bool:
    return any(_part(part, value, limits) for part in text.upper().split(","))


def _part(part: str, value: int, limits: tuple[int, int]) -> bool:
    found = re.fullmatch(r"([A-Z0-9]+|\*|\?)(?:-([A-Z0-9]+))?(?:/(\d+))?", part)
    if not found:
        raise ValueError(f"{part!r} in a cron expression is not known here")
    first, last, step = found.groups()
    low = limits[0] if first in ("*", "?") else _number(first)
    high = _number(last) if last else limits[1] if step or first in ("*", "?") else low
    return low <= value <= high and (value - low) % int(step or 1) == 0


def _number(text: str) -> int:
    if not text.isdigit() and text not in _NAMES:
        raise ValueError(f"{text!r} in a cron expression is not known here")
    return _NAMES.get(text) or int(text)

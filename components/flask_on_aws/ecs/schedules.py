"""Checks of schedules as Application Auto Scaling accepts them: `at(…)`, `rate(…)`, `cron(…)`, and their time zone.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
"""

import re
import zoneinfo
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from ..validation.problems import Problem

_EXPRESSION = re.compile(r"(cron|rate|at)\((.*)\)", re.DOTALL)
_RATE = re.compile(r"([1-9]\d*) (minute|hour|day)(s?)")
_EXAMPLES = "like cron(0 8 ? * MON-FRI *), rate(1 day) or at(2030-01-31T08:00:00)"
_ZONE = re.compile(r"[A-Za-z]+([/_+-][A-Za-z0-9]+)*")
# Names in the tz database that Joda-Time, which AWS uses, does not have: https://www.joda.org/joda-time/timezones.html
_UNSUPPORTED_ZONES = {"localtime", "posixrules", "Factory", "leapseconds"}


class _Field(NamedTuple):
    """One field of a cron expression: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html"""

    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()
    special: str = r"(?!)"
    """What the field may be besides values, ranges and steps, as a regular expression."""


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day of month", 1, 31, (), r"\?|L|L-\d{1,2}|LW|([1-9]|[12]\d|3[01])W"),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 1, 7, _WEEKDAYS, rf"\?|L|([1-7]|{'|'.join(_WEEKDAYS)})(L|#[1-5])"),
    _Field("year", 1970, 2199),
)


def expression_problems(argument: str, value: str) -> Iterator[Problem]:
    """A schedule: once (`at`), regularly (`rate`) or by the calendar (`cron`, six fields)."""
    match = _EXPRESSION.fullmatch(value)
    if match is None:
        yield Problem(argument, f"{value!r} must be cron(…), rate(…) or at(…), {_EXAMPLES}.")
        return
    check = {"cron": _cron_mistake, "rate": _rate_mistake, "at": _at_mistake}[match[1]]
    mistake = check(match[2])
    if mistake:
        yield Problem(argument, f"{value!r} {mistake}.")


def timezone_problems(argument: str, value: str) -> Iterator[Problem]:
    """A time zone by its name in the tz database."""
    available = zoneinfo.available_timezones()  # empty without a tz database in the system or the package tzdata
    if not _ZONE.fullmatch(value) or value in _UNSUPPORTED_ZONES or (available and value not in available):
        yield Problem(argument, f"{value!r} is not a time zone of the tz database, like Europe/Berlin or UTC.")


def _rate_mistake(text: str) -> str:
    match = _RATE.fullmatch(text)
    if match is None:
        return "must be a whole number from 1 and minutes, hours or days, like rate(10 minutes)"
    if (match[1] == "1") == bool(match[3]):
        return f"must be rate({match[1]} {match[2]}{'' if match[1] == '1' else 's'}): 1 goes with the singular"
    return ""


def _at_mistake(text: str) -> str:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text) and datetime.fromisoformat(text):
            return ""
    except ValueError:
        pass
    return "must be a date and a time without an offset, like at(2030-01-31T08:00:00); its zone is set by timezone"


def _cron_mistake(text: str) -> str:
    values = text.split()
    if len(values) != len(_FIELDS):
        names = ", ".join(field.name for field in _FIELDS)
        return f"must have six fields ({names}), like cron(0 8 ? * MON-FRI *); it has {len(values)}"
    for field, value in zip(_FIELDS, values, strict=True):
        if not _is_field(field, value.upper()):
            words = f" or {field.words[0]} to {field.words[-1]}" if field.words else ""
            return f"has {value!r} for the {field.name}, which is {field.least} to {field.most}{words}"
    if [values[2], values[4]].count("?") != 1:
        return "must have ? for either the day of month or the day of week, and a value or * for the other"
    return ""


def _is_field(field: _Field, value: str) -> bool:
    return bool(re.fullmatch(field.special, value)) or all(_is_part(field, part) for part in value.split(","))


def _is_part(field: _Field, part: str) -> bool:
    """`*`, a value, a range or one of these with a step: `5`, `MON-FRI`, `*/10`, `0/15`."""
    span, slash, step = part.partition("/")
    if slash and not (step.isdecimal() and 1 <= int(step) <= field.most):
        return False
    if span == "*":
        return True
    first, dash, last = span.partition("-")
    start, end = _number(field, first), _number(field, last if dash else first)
    # AWS accepts a range of days or months that wraps around, like FRI-MON.
    return start is not None and end is not None and (bool(field.words) or start <= end)


def _number(field: _Field, text: str) -> int | None:
    """The value of a number or a word, if the field allows it."""
    if text in field.words:
        return field.words.index(text) + field.least
    return int(text) if text.isdecimal() and field.least <= int(text) <= field.most else None

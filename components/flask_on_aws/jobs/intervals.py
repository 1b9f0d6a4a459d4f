"""How far apart the runs of a schedule are: of `rate(…)` and of the six fields of AWS's `cron(…)`.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
Pure values, standard library only.
"""

import calendar
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1
    )
}
_WEEKDAYS = {name: number for number, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], 1)}
_DAY_SECONDS = 24 * 60 * 60
# A schedule without years is measured over these: a leap year and the three after it, whose pattern of days repeats.
_YEARS = range(2024, 2028 + 1)


class Interval(NamedTuple):
    """Seconds between the starts of two runs in succession."""

    shortest: int
    longest: int


class _Cron(NamedTuple):
    """The fields of an expression."""

    minutes: Sequence[int]
    hours: Sequence[int]
    day: str
    months: Sequence[int]
    weekday: str
    years: Sequence[int]


def interval(schedule: str) -> Interval | None:
    """The shortest and the longest time between two runs; None for a schedule that runs at most once.

    The schedule must be valid. Hours that a time zone skips or repeats are not considered.
    """
    kind, _, inner = schedule.removesuffix(")").partition("(")
    if kind == "rate":
        seconds = rate_seconds(inner)
        return Interval(seconds, seconds)
    cron = _read(inner)
    times = [hour * 3600 + minute * 60 for hour in cron.hours for minute in cron.minutes]
    gaps = [second - first for first, second in pairwise(times)]
    days = list(_days(cron))
    over_night = _DAY_SECONDS - times[-1] + times[0]
    gaps += [(second - first - 1) * _DAY_SECONDS + over_night for first, second in pairwise(days)]
    return Interval(min(gaps), max(gaps)) if gaps else None


def rate_seconds(inner: str) -> int:
    """The seconds of a `rate(…)`, without the parentheses."""
    number, unit = inner.split()
    return int(number) * _UNITS[unit.removesuffix("s")]


def is_due(inner: str, moment: datetime) -> bool:
    """Whether the fields of a `cron(…)`, without the parentheses, match a minute of the schedule's time zone."""
    cron = _read(inner)
    is_time = moment.minute in cron.minutes and moment.hour in cron.hours
    return is_time and moment.year in _values(inner.split()[5], range(1970, 2199 + 1)) and _is_day(cron, moment.date())


def _read(inner: str) -> _Cron:
    minute, hour, day, month, weekday, year = inner.upper().split()
    years = _YEARS if year == "*" else _values(year, range(1970, 2199 + 1))[: len(_YEARS)]
    return _Cron(
        _values(minute, range(60)),
        _values(hour, range(24)),
        day,
        _values(month, range(1, 12 + 1), _MONTHS),
        weekday,
        years,
    )


def _days(cron: _Cron) -> Iterator[int]:
    """The days on which the schedule runs, as ordinals."""
    for year in cron.years:
        for month in cron.months:
            for number in range(1, calendar.monthrange(year, month)[1] + 1):
                if _is_day(cron, day := date(year, month, number)):
                    yield day.toordinal()


def _is_day(cron: _Cron, day: date) -> bool:
    if day.month not in cron.months:
        return False
    return _is_weekday(cron.weekday, day) if cron.day == "?" else _is_day_of_month(cron.day, day)


def _is_day_of_month(field: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if field == "LW":
        return day.day == _nearest_weekday(day, last)
    if match := re.fullmatch(r"L(?:-(\d+))?", field):
        return day.day == last - int(match[1] or 0)
    if match := re.fullmatch(r"(\d+)W", field):
        return day.day == _nearest_weekday(day, min(int(match[1]), last))
    return day.day in _values(field, range(1, 31 + 1))


def _nearest_weekday(day: date, wanted: int) -> int:
    """The day of the same month, from Monday to Friday, that is nearest to the wanted one."""
    last = calendar.monthrange(day.year, day.month)[1]
    for distance in (0, -1, 1, -2, 2):
        number = wanted + distance
        if 1 <= number <= last and day.replace(day=number).isoweekday() <= 5:  # Friday
            return number
    return wanted


def _is_weekday(field: str, day: date) -> bool:
    weekday = day.isoweekday() % 7 + 1  # AWS's week begins on Sunday, which is 1
    if field == "L":
        return weekday == 7  # Saturday
    if match := re.fullmatch(r"([1-7A-Z]+?)(?:L|#([1-5]))", field):
        if weekday != _number(match[1], _WEEKDAYS):
            return False
        if match[2]:
            return (day.day - 1) // 7 + 1 == int(match[2])
        return (day + timedelta(days=7)).month != day.month
    return weekday in _values(field, range(1, 7 + 1), _WEEKDAYS)


def _values(field: str, allowed: range, words: dict[str, int] | None = None) -> list[int]:
    """The values of a field with `*`, numbers, words, ranges, steps and commas, in order."""
    values: set[int] = set()
    for part in field.upper().split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        low = allowed[0] if first == "*" else _number(first, words)
        high = _number(last, words) if dash else allowed[-1] if step or first == "*" else low
        if high < low:  # a range of days or months that wraps around, like FRI-MON
            high += len(allowed)
        values |= {(value - allowed[0]) % len(allowed) + allowed[0] for value in range(low, high + 1, int(step or 1))}
    return sorted(values)


def _number(text: str, words: dict[str, int] | None) -> int:
    return (words or {}).get(text) or int(text)

"""Scheduled jobs of other platforms, whose schedules are those of Unix's cron, as the setting `jobs` has them."""

import re
from collections.abc import Sequence
from typing import Any

from flask_on_aws.ecs.schedules import expression_problems
from flask_on_aws.jobs.job import job_problems

from ..reading.source import Place, Value
from .credentials import has_credential
from .draft import Draft

_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# https://pkg.go.dev/github.com/robfig/cron#hdr-Predefined_schedules, which Copilot and Render know, too.
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_SCHEDULE = "has no counterpart in EventBridge Scheduler; add the job to the setting jobs with another schedule."


def put_job(draft: Draft, schedule: Value, job: dict[str, Any], value: Value) -> None:
    """Add a job to a draft, or report why it cannot be one.

    Args:
        draft: the draft.
        schedule: the schedule in the source.
        job: the other keys of the job.
        value: the job in the source.
    """
    expression = aws_schedule(schedule.text())
    if expression is None:
        draft.lose(schedule, _SCHEDULE)
        return
    if has_credential(str(job["command"])):
        draft.lose(
            value, "its command contains what may be a credential, so it is not copied; use a secret variable in it."
        )
        return
    added = {"name": job["name"], "schedule": expression, **{key: item for key, item in job.items() if key != "name"}}
    jobs: list[Any] = draft.values.get("jobs", [])
    problems = list(job_problems("jobs", added))
    if problems or added["name"] in [other["name"] for other in jobs]:
        reason = problems[0].reason if problems else f"{added['name']!r} is the name of another job."
        draft.lose(value, f"cannot be added to the setting jobs: {reason}")
        return
    place: Place = draft.places.get("jobs", schedule.place)
    jobs = [*jobs, added]
    draft.put("jobs", jobs, place, "; ".join(f"{each['name']} at {each['schedule']}" for each in jobs))


def aws_schedule(text: str) -> str | None:
    """A schedule with five fields, `@daily` or `@every 5m` as AWS writes it; None if AWS has no such schedule."""
    text = text.strip()
    if re.match(r"(?:rate|cron)\(", text):
        return text if not list(expression_problems("", text)) else None
    if text.startswith("@every "):
        return _rate(text.removeprefix("@every ").strip())
    fields = _NAMED.get(text, text).split()
    if len(fields) != 5:
        return None
    minute, hour, day, month, weekday = (field.upper() for field in fields)
    weekdays = _weekdays(weekday)
    if weekdays is None or (day != "*" and len(weekdays) < len(_WEEKDAYS)):
        return None  # cron runs on the days of both, which takes two schedules
    if len(weekdays) < len(_WEEKDAYS):
        day, weekday = "?", ",".join(weekdays)
    else:
        weekday = "?"
    expression = f"cron({minute} {hour} {day} {month} {weekday} *)"
    return expression if not list(expression_problems("", expression)) else None


def _rate(duration: str) -> str | None:
    parts = re.fullmatch(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:0s)?", duration)
    minutes = int(parts[1] or 0) * 60 + int(parts[2] or 0) if parts else 0
    if minutes == 0:
        return None  # EventBridge Scheduler's shortest interval is a minute
    number, unit = (minutes // 60, "hour") if minutes % 60 == 0 else (minutes, "minute")
    return f"rate({number} {unit}{'s' if number > 1 else ''})"


def _weekdays(field: str) -> Sequence[str] | None:
    """The names of the days that a field of cron selects, in order; Sunday is 0 and 7."""
    selected = set[int]()
    for part in field.split(","):
        match = re.fullmatch(r"(\*|[0-7]|[A-Z]{3})(?:-([0-7]|[A-Z]{3}))?(?:/([1-7]))?", part)
        first, last = (_weekday(match[1]), _weekday(match[2] or match[1])) if match else (None, None)
        if match is None or first is None or last is None:
            return None
        if match[1] == "*" or (match[3] and not match[2]):
            last = len(_WEEKDAYS) - 1
        if last < first:
            return None
        selected |= {number % len(_WEEKDAYS) for number in range(first, last + 1, int(match[3] or 1))}
    return [name for number, name in enumerate(_WEEKDAYS) if number in selected]


def _weekday(text: str) -> int | None:
    if text == "*":
        return 0
    return int(text) if text.isdigit() else _WEEKDAYS.index(text) if text in _WEEKDAYS else None

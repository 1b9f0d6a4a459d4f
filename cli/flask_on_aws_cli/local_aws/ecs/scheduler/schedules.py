"""When schedules are due, as Application Auto Scaling and EventBridge Scheduler write them. No clock, no API."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from flask_on_aws.jobs.intervals import is_due as matches
from flask_on_aws.jobs.intervals import rate_seconds


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
        return now - last >= timedelta(seconds=rate_seconds(inner))
    if kind != "cron":
        raise ValueError(f"{schedule!r} is not at(…), rate(…) or cron(…)")
    try:
        matches(inner, now.astimezone(_zone(zone)))
    except ValueError as error:
        raise ValueError(f"{schedule!r} is no cron expression as AWS writes it: {error}") from error
    minute = last.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute <= now:
        if matches(inner, minute.astimezone(_zone(zone))):
            return True
        minute += timedelta(minutes=1)
    return False

"""When schedules are due, without a clock."""

from datetime import UTC, datetime, timedelta

import pytest
from flask_on_aws_cli.local_aws.ecs.scheduler.schedules import is_due

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_schedules_are_due_once() -> None:
    minute = timedelta(minutes=1)
    assert is_due("cron(0 8 ? * MON *)", "UTC", MONDAY - minute, MONDAY)
    assert not is_due("cron(0 8 ? * MON *)", "UTC", MONDAY, MONDAY + minute)
    assert is_due("cron(0 9 ? * MON *)", "Europe/Berlin", MONDAY - minute, MONDAY)
    assert is_due("cron(0 8 ? * MON#1 *)", "UTC", MONDAY - minute, MONDAY)
    assert is_due("at(2026-03-02T08:00:00)", "UTC", MONDAY - minute, MONDAY)
    assert not is_due("at(2026-03-02T08:00:00)", "UTC", MONDAY, MONDAY + minute)
    assert is_due("rate(5 minutes)", "UTC", MONDAY, MONDAY + 5 * minute)
    assert not is_due("rate(1 hour)", "UTC", MONDAY, MONDAY + 5 * minute)


@pytest.mark.parametrize("schedule", ["every(5)", "cron(0 8 * *)", "cron(0 8 ? * NEVER *)"])
def test_another_schedule_is_an_error(schedule: str) -> None:
    with pytest.raises(ValueError, match=r"is no cron|is not at"):
        is_due(schedule, "UTC", MONDAY - timedelta(days=1), MONDAY)

"""How far apart the runs of a schedule are."""

from datetime import datetime

import pytest
from flask_on_aws.jobs.intervals import interval, is_due

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("schedule", "shortest", "longest"),
    [
        ("rate(1 minute)", 60, 60),
        ("rate(2 hours)", 2 * HOUR, 2 * HOUR),
        ("rate(3 days)", 3 * DAY, 3 * DAY),
        ("cron(0 3 * * ? *)", DAY, DAY),
        ("cron(0/15 * * * ? *)", 15 * 60, 15 * 60),
        ("cron(0 8,20 * * ? *)", 12 * HOUR, 12 * HOUR),
        ("cron(0 8,18 ? * MON-FRI *)", 10 * HOUR, 62 * HOUR),
        ("cron(30 8 ? * MON-FRI *)", DAY, 3 * DAY),
        ("cron(0 3 ? * FRI-MON *)", DAY, 4 * DAY),
        ("cron(0 0 1 * ? *)", 28 * DAY, 31 * DAY),
        ("cron(0 0 L * ? *)", 28 * DAY, 31 * DAY),
        ("cron(0 0 ? * 2#1 *)", 28 * DAY, 35 * DAY),
        ("cron(0 0 ? * 6L *)", 28 * DAY, 35 * DAY),
        ("cron(0 0 1 1 ? *)", 365 * DAY, 366 * DAY),
    ],
)
def test_the_shortest_and_the_longest_time_between_two_runs(schedule, shortest, longest):
    assert interval(schedule) == (shortest, longest)


def test_a_schedule_of_a_single_time_has_no_interval():
    assert interval("cron(0 3 1 1 ? 2031)") is None


@pytest.mark.parametrize(
    ("fields", "moment", "expected"),
    [
        ("0 3 * * ? *", "2026-11-30T03:00", True),
        ("0 3 * * ? *", "2026-11-30T03:01", False),
        ("0 3 LW * ? *", "2026-10-30T03:00", True),  # the 31st is a Saturday
        ("0 3 1W * ? *", "2026-11-02T03:00", True),  # the 1st is a Sunday
        ("0 3 L-2 * ? *", "2026-11-28T03:00", True),
        ("0 3 ? * L *", "2026-11-28T03:00", True),
        ("0 3 ? * MON#5 *", "2026-11-30T03:00", True),
        ("0 3 ? * MON#4 *", "2026-11-30T03:00", False),
        ("0 3 ? * MONL *", "2026-11-30T03:00", True),
        ("0 3 ? * SAT-MON *", "2026-11-30T03:00", True),
        ("0 3 15 NOV-FEB ? 2026", "2026-11-30T03:00", False),
        ("0 3 * NOV-FEB ? 2026", "2026-11-30T03:00", True),
        ("0 3 * * ? 2027-2030", "2026-11-30T03:00", False),
        ("0 3 * * ? 2026/2", "2028-11-30T03:00", True),
    ],
)
def test_when_a_schedule_is_due(fields, moment, expected):
    assert is_due(fields, datetime.fromisoformat(moment)) is expected

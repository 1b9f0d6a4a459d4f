"""Schedules of Unix's cron as EventBridge Scheduler writes them."""

import pytest
from flask_on_aws.ecs.schedules import expression_problems
from flask_on_aws_cli.importers.drafts.scheduled_jobs import aws_schedule
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("0 6 * * *", "cron(0 6 * * ? *)"),
        ("*/15 8-18 * * 1-5", "cron(*/15 8-18 ? * MON,TUE,WED,THU,FRI *)"),
        ("30 2 1 * *", "cron(30 2 1 * ? *)"),
        ("0 0 * jan,JUL 0", "cron(0 0 ? JAN,JUL SUN *)"),
        ("0 0 * * 7", "cron(0 0 ? * SUN *)"),
        ("0 0 * * 5-7", "cron(0 0 ? * SUN,FRI,SAT *)"),
        ("0 0 * * mon-wed", "cron(0 0 ? * MON,TUE,WED *)"),
        ("0 0 * * */2", "cron(0 0 ? * SUN,TUE,THU,SAT *)"),
        ("0 0 * * 0-6", "cron(0 0 * * ? *)"),
        ("@daily", "cron(0 0 * * ? *)"),
        ("@weekly", "cron(0 0 ? * SUN *)"),
        ("@every 5m", "rate(5 minutes)"),
        ("@every 1m", "rate(1 minute)"),
        ("@every 1h30m", "rate(90 minutes)"),
        ("@every 24h", "rate(24 hours)"),
        ("rate(2 days)", "rate(2 days)"),
        ("cron(0 3 L * ? *)", "cron(0 3 L * ? *)"),
        ("H * * * *", None),
        ("0 0 1 * 1", None),  # on the 1st and on each Monday
        ("0 0 * * 5-1", None),
        ("0 0 * * 8", None),
        ("61 0 * * *", None),
        ("@every 30s", None),
        ("@reboot", None),
        ("0 0 * *", None),
        ("rate(0 days)", None),
        ("", None),
    ],
)
def test_a_schedule(schedule: str, expected: str | None) -> None:
    assert aws_schedule(schedule) == expected


@given(st.text(alphabet="0123456789*/,-?@ LW#HMONevry()", max_size=30))
def test_what_is_written_is_valid(schedule: str) -> None:
    expression = aws_schedule(schedule)
    assert expression is None or not list(expression_problems("", expression))

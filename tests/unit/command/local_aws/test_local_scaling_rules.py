"""Target tracking, without a clock."""

import pytest
from flask_on_aws_cli.local_aws.ecs.scheduler.scaling_rules import (
    SCALE_IN_MINUTES,
    SCALE_OUT_MINUTES,
    Policy,
    desired_count,
    limited_count,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("loads", "count", "new_count"),
    [
        ([90, 90, 90], 2, 3),
        ([90, 90], 2, 2),  # not for long enough
        ([90, 59, 90], 2, 2),
        ([200, 200, 200], 1, 4),
        ([10] * 15, 4, 1),
        ([10] * 14, 4, 4),
        ([55] * 15, 4, 4),  # close to the target
        ([], 3, 3),
        ([90] * 3, 0, 0),
    ],
)
def test_target_tracking(loads: list[float], count: int, new_count: int) -> None:
    assert desired_count(Policy(60), loads, count) == new_count


def test_scale_in_can_be_disabled() -> None:
    assert desired_count(Policy(60, scale_in=False), [1] * 15, 4) == 4


def test_the_largest_count_is_used_within_the_limits() -> None:
    assert limited_count([2, 5], 3, 1, 10) == 5
    assert limited_count([2, 3], 4, 1, 10) == 3
    assert limited_count([], 4, 1, 10) == 4
    assert limited_count([9], 4, 1, 6) == 6
    assert limited_count([], 0, 2, 6) == 2


@given(load=st.floats(0.1, 500), count=st.integers(1, 50), target=st.floats(1, 100))
def test_the_new_count_reaches_the_target_and_is_stable(load: float, count: int, target: float) -> None:
    new_count = desired_count(Policy(target), [load] * SCALE_IN_MINUTES, count)
    after = load * count / new_count
    if new_count != count:
        assert after <= target * 1.0001
        assert desired_count(Policy(target), [after] * SCALE_OUT_MINUTES, new_count) == new_count

"""Waiting for a condition in tests."""

import time
from collections.abc import Callable
from typing import Any

# For any condition, whose time on an idle machine does not matter: eight tests at once share two cores in CI, where
# tasks that start within a second elsewhere have taken thirty, since the Docker engine was building images.
SECONDS = 120
# For a command that only hangs if it takes longer: there, `pulumi install` has taken more than ten minutes.
HANG_SECONDS = 1800


def until(condition: Callable[[], Any], state: Callable[[], Any] = lambda: "", *, seconds: float = SECONDS) -> Any:
    """Wait until the condition's result is true, and return it; the error contains the state."""
    assert seconds >= SECONDS, "a shorter limit fails on a busy machine"
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"the condition was not met within {seconds} s: {state()}")

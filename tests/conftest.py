"""For all tests: their order, and Ctrl-C, which they hear also in the background, where shells ignore it."""

import os
import signal
import threading

import pytest

if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, each on a worker of its own, so that nothing waits for it alone in the end.

    pytest-xdist's worksteal gives each worker an equal part of the list, one after another.
    """
    longest = [item for item in items if item.get_closest_marker("longest")]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    part = len(items) // workers if workers > 1 else 1
    items[:] = [item for item in items if item not in longest]
    for number, item in enumerate(longest):
        items.insert(number * part, item)

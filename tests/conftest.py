"""For all tests: their order, and Ctrl-C, which they hear also in the background, where shells ignore it."""

import signal
import threading

import pytest

if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that nothing waits for it alone in the end."""
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)

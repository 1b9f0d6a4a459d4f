"""Signals that wait while something is started, so that whoever must end it has it in hand before they count."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def deferred_signals() -> Generator[None]:
    """Deliver SIGINT and SIGTERM when the block ends, not in it.

    Their handlers raise, at any line: one between a process's start and the `try` that ends the process would leave
    it running. Python delivers signals to the main thread only, so the block changes nothing in others. Handlers are
    replaced rather than signals blocked, since a started program inherits what is blocked.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    handlers = {number: signal.signal(number, lambda number, _: arrived.append(number)) for number in _NUMBERS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in arrived[:1]:
            signal.raise_signal(number)

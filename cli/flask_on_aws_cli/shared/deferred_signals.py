"""Defers signals while something is started, so that their handlers can end it: its owner has a reference by then."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def deferred_signals() -> Generator[None]:
    """Deliver SIGINT and SIGTERM when the block ends instead of within it.

    Their handlers can raise at any line; an exception between the start of a process and the `try` that ends it would
    leave it running. Python delivers signals only to the main thread, so the block has no effect in others. It
    replaces the handlers instead of blocking the signals, because a child process inherits the blocked signals.
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

"""Configures all tests: their order, the logs in the report of a failure, and a clean end after signals."""

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis
import psutil
import pytest
from xdist.workermanage import NodeManager

from tests import scheduling

_LOG_LINES = 40
# No deadline: with seven other workers, an example of a millisecond may take half a second.
hypothesis.settings.register_profile("parallel", deadline=None)
hypothesis.settings.load_profile("parallel")
# The modules of pulumi_aws are a million objects that never become garbage. With Python's thresholds (700, 10, 10), the
# collector goes through them several times per program under mocks: 0.6 instead of 0.4 seconds of the processor.
gc.set_threshold(50_000, 50, 50)

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds that workers have for the teardown of fixtures, in which tasks drain; pytest-xdist's default is ten.
NodeManager.EXIT_TIMEOUT = 30


def interrupt(*_: object) -> None:
    """End the tests as Ctrl-C does. A worker ignores further signals, so that its fixtures are torn down."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        for number in _SIGNALS:
            signal.signal(number, lambda *_: None)
    raise KeyboardInterrupt


if threading.current_thread() is threading.main_thread():
    # Shells start background jobs with SIGINT ignored, and SIGTERM would end pytest without the teardown of fixtures.
    for number in _SIGNALS:
        signal.signal(number, interrupt)


def pytest_keyboard_interrupt() -> None:
    """Forward a signal that only the controller received to its workers, which would otherwise run all their tests."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    for child in psutil.Process().children():
        with suppress(psutil.Error):  # a child that has ended
            if "sys.stdin.readline" in " ".join(child.cmdline()):  # in the command with which execnet starts a worker
                child.send_signal(signal.SIGINT)


def pytest_configure(config: pytest.Config) -> None:
    file = os.environ.get(scheduling.RECORD)
    if file and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(Path(file)))


@pytest.hookimpl(tryfirst=True)  # -m selects by these markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Add the markers by which `./test` selects tests."""
    scheduling.mark(items, scheduling.read_durations())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> scheduling.LongestFirst | None:
    """`--dist loadscope` starts the longest tests first; the other values have pytest-xdist's meaning."""
    return scheduling.LongestFirst(config, log) if config.getoption("dist") == "loadscope" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last lines of the test's logs to the report of a failure."""
    report = yield
    if report.failed:
        report.sections += [(f"end of {log}", tail(log)) for log in logs(item)]
    return report


@pytest.fixture(autouse=True)
def _event_loop() -> None:
    """Give the main thread an event loop, which Pulumi's outputs need: `asyncio.run` of an earlier test leaves none."""
    try:
        closed = asyncio.get_event_loop_policy().get_event_loop().is_closed()
    except RuntimeError:
        closed = True
    if closed:
        asyncio.set_event_loop(asyncio.new_event_loop())


def logs(item: pytest.Item) -> list[Path]:
    """The logs of the test's emulators, daemons and servers, in its folder and in those of its fixtures."""
    fixtures = getattr(item, "funcargs", {}).values()
    folders = [value if isinstance(value, Path) else getattr(value, "folder", None) for value in fixtures]
    files = {log for folder in folders if isinstance(folder, Path) for log in folder.rglob("*.log")}
    return sorted(log for log in files if log.is_file() and log.stat().st_size)


def tail(log: Path) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])


class Recorder:
    """Records the duration of each test, and which are skipped."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        scheduling.record(self._file, report.nodeid, report.duration, skipped=report.skipped)

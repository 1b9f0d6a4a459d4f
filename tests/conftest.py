"""For all tests: their order, what a failure shows, and the signals that end them in an orderly way."""

import os
import signal
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests import scheduling

_LOG_LINES = 40

if threading.current_thread() is threading.main_thread():
    # Shells start background jobs with SIGINT ignored, and SIGTERM would end pytest without the ends of its fixtures.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    file = os.environ.get(scheduling.RECORD)
    if file and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(Path(file)))


@pytest.hookimpl(tryfirst=True)  # -m selects by these markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Add the markers by which a run is divided."""
    scheduling.mark(items, scheduling.read_durations())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> scheduling.LongestFirst | None:
    """`--dist loadgroup` deals the longest tests first; the other values mean what pytest-xdist says."""
    return scheduling.LongestFirst(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show, after a failure, where the test's files are and how their logs end."""
    report = yield
    if report.failed:
        report.sections += [(f"end of {log}", tail(log)) for log in logs(item)]
    return report


def logs(item: pytest.Item) -> list[Path]:
    """What the test's emulators, daemons and servers have written: in its folder, and in those of its fixtures."""
    given = getattr(item, "funcargs", {}).values()
    folders = [value if isinstance(value, Path) else getattr(value, "folder", None) for value in given]
    found = {log for folder in folders if isinstance(folder, Path) for log in folder.rglob("*.log")}
    return sorted(log for log in found if log.is_file() and log.stat().st_size)


def tail(log: Path) -> str:
    """The last lines."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])


class Recorder:
    """Records what each test takes."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        scheduling.record(self._file, report.nodeid, report.duration)

"""A repeated failure is logged once, shown while it lasts, and does not end a loop."""

import errno
import logging
import threading
import time
from pathlib import Path

import pytest
from flask_on_aws_cli.local_aws.faults import Faults
from flask_on_aws_cli.local_aws.loops import Loop


def fail(faults: Faults, error: Exception, subject: str = "a") -> None:
    with faults.capture("working", subject, "Repair it."):
        raise error


def test_a_fault_has_its_activity_first_time_count_and_fix() -> None:
    now = [100.0]
    faults = Faults(clock=lambda: now[0])
    fail(faults, ValueError("broken"))
    now[0] = 107.0
    fail(faults, ValueError("still broken"))
    (fault,) = faults.current()
    assert (fault.title, fault.error, fault.fix) == ("working (a)", "ValueError: still broken", "Repair it.")
    assert (fault.since, fault.times) == (100.0, 2)
    with faults.capture("working", "a"):
        pass
    assert faults.current() == []


def test_a_fault_is_logged_once_a_minute_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    faults = Faults(clock=lambda: now[0])
    with caplog.at_level(logging.INFO):
        for _ in range(1000):
            now[0] += 0.1
            fail(faults, ValueError("broken"))
    assert len(caplog.records) == 2
    assert caplog.records[0].exc_info is not None
    assert "601 times" in caplog.records[1].getMessage()


def test_an_intermittent_fault_does_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    faults = Faults(clock=lambda: now[0])
    with caplog.at_level(logging.INFO):
        for _ in range(100):
            now[0] += 0.1
            fail(faults, ValueError("broken"))
            faults.clear("working", "a")
    assert len(caplog.records) <= 2


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "Free some space on the disk of /data/x."),
        (errno.EMFILE, "Raise the limit for open files (ulimit -n)"),
        (errno.EACCES, "Make /data/x readable and writable"),
        (errno.ECONNREFUSED, "Repair it."),
    ],
)
def test_errors_of_the_operating_system_determine_the_fix(number: int, sentence: str) -> None:
    faults = Faults(Path("/project"))
    fail(faults, OSError(number, "no", "/data/x"))
    assert faults.current()[0].fix.startswith(sentence)


def test_a_full_disk_without_a_file_name_is_reported_with_the_projects_folder() -> None:
    faults = Faults(Path("/project"))
    fail(faults, OSError(errno.ENOSPC, "no"))
    assert faults.current()[0].fix == "Free some space on the disk of /project."


def test_faults_of_deleted_subjects_are_removed() -> None:
    faults = Faults()
    for subject in ("a", "b"):
        fail(faults, ValueError(), subject)
    faults.report("working", "", "the whole activity fails")
    faults.forget("working", ["b"])
    assert {fault.subject for fault in faults.current()} == {"b", ""}


def test_a_loop_continues_after_a_failure_more_slowly_until_it_succeeds() -> None:
    faults, times, broken, succeeded = Faults(), list[float](), [True], threading.Event()

    def work() -> None:
        times.append(time.monotonic())
        if broken[0]:
            raise ValueError("broken")
        succeeded.set()

    loop = Loop("working", work, 0.01, faults)
    loop.start()
    time.sleep(1)
    assert faults.current()[0].title == "working"
    assert 3 <= len(times) < 10  # 0.01, 0.02, 0.04 … seconds
    broken[0] = False
    assert succeeded.wait(60)
    time.sleep(0.1)
    loop.stop()
    assert faults.current() == []
    assert len(times) > 10


def test_a_loop_wakes_and_stops_at_once() -> None:
    done = threading.Event()
    loop = Loop("working", done.set, 600, Faults())
    loop.start()
    loop.wake()
    assert done.wait(60)
    started = time.monotonic()
    loop.stop()
    assert time.monotonic() - started < 60  # otherwise it waits until the loop's next turn

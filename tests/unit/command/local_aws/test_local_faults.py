"""What fails again and again is told once, shown while it fails, and ends no loop."""

import errno
import logging
import threading
import time
from pathlib import Path

import pytest
from flask_on_aws_cli.local_aws.faults import Faults
from flask_on_aws_cli.local_aws.loops import Loop


def fail(faults: Faults, error: Exception, subject: str = "a") -> None:
    with faults.kept("working", subject, "Mend it."):
        raise error


def test_a_fault_says_what_since_when_how_often_and_how_to_fix_it() -> None:
    now = [100.0]
    faults = Faults(clock=lambda: now[0])
    fail(faults, ValueError("broken"))
    now[0] = 107.0
    fail(faults, ValueError("still broken"))
    (fault,) = faults.now()
    assert (fault.what, fault.error, fault.fix) == ("working (a)", "ValueError: still broken", "Mend it.")
    assert (fault.since, fault.times) == (100.0, 2)
    with faults.kept("working", "a"):
        pass
    assert faults.now() == []


def test_the_log_has_a_fault_once_a_minute_with_its_origin(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    faults = Faults(clock=lambda: now[0])
    with caplog.at_level(logging.INFO):
        for _ in range(1000):
            now[0] += 0.1
            fail(faults, ValueError("broken"))
    assert len(caplog.records) == 2
    assert caplog.records[0].exc_info is not None
    assert "601 times" in caplog.records[1].getMessage()


def test_one_that_comes_and_goes_floods_no_log(caplog: pytest.LogCaptureFixture) -> None:
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
        (errno.ECONNREFUSED, "Mend it."),
    ],
)
def test_errors_of_the_system_have_their_own_fix(number: int, sentence: str) -> None:
    faults = Faults(Path("/project"))
    fail(faults, OSError(number, "no", "/data/x"))
    assert faults.now()[0].fix.startswith(sentence)


def test_a_full_disk_without_a_file_is_that_of_the_project() -> None:
    faults = Faults(Path("/project"))
    fail(faults, OSError(errno.ENOSPC, "no"))
    assert faults.now()[0].fix == "Free some space on the disk of /project."


def test_faults_of_what_is_gone_are_forgotten() -> None:
    faults = Faults()
    for subject in ("a", "b"):
        fail(faults, ValueError(), subject)
    faults.report("working", "", "as a whole")
    faults.forget("working", ["b"])
    assert {fault.subject for fault in faults.now()} == {"b", ""}


def test_a_loop_goes_on_after_a_failure_more_slowly_and_then_as_before() -> None:
    faults, times, broken, seen = Faults(), list[float](), [True], threading.Event()

    def work() -> None:
        times.append(time.monotonic())
        if broken[0]:
            raise ValueError("broken")
        seen.set()

    loop = Loop("looking", work, 0.01, faults)
    loop.start()
    time.sleep(1)
    assert faults.now()[0].what == "looking"
    assert 3 <= len(times) < 10  # 0.01, 0.02, 0.04 … seconds
    broken[0] = False
    assert seen.wait(5)
    time.sleep(0.1)
    loop.stop()
    assert faults.now() == []
    assert len(times) > 10


def test_a_loop_is_woken_and_ends_at_once() -> None:
    done = threading.Event()
    loop = Loop("looking", done.set, 60, Faults())
    loop.start()
    loop.wake()
    assert done.wait(1)
    started = time.monotonic()
    loop.stop()
    assert time.monotonic() - started < 1

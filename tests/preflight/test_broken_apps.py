"""Each broken app is run for real, and its cause is found: the right check fails, and no other."""

import os
import signal
import threading
import time

import psutil
import pytest
from flask_on_aws_cli.preflight.check import Cause, Status
from flask_on_aws_cli.preflight.examine import BuiltApp, examine
from flask_on_aws_cli.preflight.processes.system_account import unprivileged_prefix
from flask_on_aws_cli.preflight.settings import AppSettings

from .broken import BROKEN, FORM, GOOD, GUNICORN, PYTHON, Broken

# Root may write everywhere.
NEED_A_USER = (Cause.NEEDS_ROOT, Cause.WRITES_TO_DISK, Cause.SQLITE)


def is_of(process: psutil.Process, folder) -> bool:
    try:
        return process.cwd().startswith(str(folder))
    except psutil.Error:
        return False


def run(process_runner, app: Broken):
    place = process_runner(app.write, app.command)
    known = {
        "startup_seconds": 20,
        "stop_seconds": 20,
        "watch_seconds": 1,
        "services": frozenset(),
        **app.settings,
    }
    settings = AppSettings(place.code, **known)
    checks = examine(BuiltApp(settings, place, app.command, app.release), lambda _: None)
    assert [one for one in psutil.process_iter() if is_of(one, place.scratch)] == []
    return {check.name: check for check in checks}


@pytest.mark.parametrize("name", BROKEN)
def test_the_cause_is_found(process_runner, name):
    app = BROKEN[name]
    if app.cause in NEED_A_USER and unprivileged_prefix() is None:
        pytest.skip("root cannot be taken from processes here (setpriv)")
    checks = run(process_runner, app)
    failed = checks[app.check]
    assert (failed.cause, failed.status) == (app.cause, app.status), failed
    assert app.says in failed.message
    assert app.evidence in "\n".join(failed.evidence)
    assert app.fix in failed.fix
    assert failed.fix
    others = {one.name for one in checks.values() if one.status is Status.FAILED} - {app.check, *app.also}
    assert others == set()


def test_an_interrupt_ends_the_wait_for_an_idle_connection(process_runner):
    app = Broken("", None, "", BROKEN["a-server-in-code-that-closes-early"].code.replace(", 3", ", 75"), PYTHON)
    place = process_runner(app.write, app.command)
    settings = AppSettings(place.code, watch_seconds=1, services=frozenset())

    def interrupt(check):
        if check.name == "health":
            threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        examine(BuiltApp(settings, place, app.command, ""), interrupt)
    assert time.monotonic() - began < 51  # what the check waits for
    assert [one for one in psutil.process_iter() if is_of(one, place.scratch)] == []


def test_a_good_app_fails_nothing(process_runner):
    checks = run(process_runner, Broken("", None, "", GOOD + FORM, GUNICORN))
    assert [one for one in checks.values() if one.status is Status.FAILED] == []
    assert checks["health"].message.startswith("answers 200 on /up after")
    assert checks["stops"].status is Status.PASSED
    assert checks["forwarded address"].message.startswith("the visitor's address is in the log or the response")
    assert checks["draining"].message == "a POST to / that was in flight at SIGTERM got its answer, 200"

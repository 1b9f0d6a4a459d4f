"""A signal that arrives while a process is being started: the process is ended nevertheless."""

import signal
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest
from flask_on_aws_cli.preflight.examine import BuiltApp, examine
from flask_on_aws_cli.preflight.processes import process_runner
from flask_on_aws_cli.preflight.processes.process_runner import ProcessRunner
from flask_on_aws_cli.preflight.settings import AppSettings
from flask_on_aws_cli.shared.deferred_signals import deferred_signals


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def number(request):
    """A signal whose handler raises an exception, as that of the command does."""

    def end(*_):
        raise SystemExit(3)

    before = signal.signal(request.param, end)
    yield request.param
    signal.signal(request.param, before)


def send(number, steps=()):
    """Raise a signal in the block and call the steps after it."""
    with deferred_signals():
        signal.raise_signal(number)
        for step in steps:
            step()


def test_a_signal_in_the_block_is_delivered_when_it_ends(number):
    done = []
    with pytest.raises(SystemExit):
        send(number, [lambda: done.append("after the signal")])
    assert done == ["after the signal"]
    with pytest.raises(SystemExit):
        signal.raise_signal(number)  # the handler is restored


def test_a_signal_is_also_delivered_after_an_error_in_the_block(number):
    with pytest.raises(SystemExit) as ended:
        send(number, [lambda: int("a start that failed")])
    assert isinstance(ended.value.__context__, ValueError)


@pytest.fixture
def started(monkeypatch, number):
    """Every process that is started from now on; the signal arrives before the caller has a reference to it."""
    processes = []
    popen = subprocess.Popen

    def start(*arguments, **options):
        process = popen(*arguments, **options)
        if "start_new_session" in options:  # an app's process, not a query of this machine
            processes.append(process)
            signal.raise_signal(number)
        return process

    monkeypatch.setattr(process_runner.subprocess, "Popen", start)
    yield processes
    for process in processes:
        with suppress(psutil.Error):
            psutil.Process(process.pid).kill()


def runner(tmp_path, command):
    tmp_path.chmod(0o755)
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").symlink_to(sys.executable)
    return ProcessRunner(tmp_path, tmp_path / "venv", command, 8080, tmp_path, None)


@pytest.mark.parametrize("release", ["", "sleep 60"], ids=["the app", "its release command"])
def test_no_process_of_a_preflight_survives(started, tmp_path, release):
    app = BuiltApp(AppSettings(tmp_path), runner(tmp_path, "sleep 60"), "sleep 60", release)
    with pytest.raises(SystemExit):
        examine(app, lambda check: None)
    (process,) = started
    assert process.poll() is not None

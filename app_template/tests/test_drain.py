"""Tests of drain.py with real processes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

DRAIN = str(Path(__file__).parent.parent / "drain.py")
# Prints each signal and when it arrived (in seconds), and exits at SIGTERM with the code that is its argument.
COMMAND = """
import os, signal, sys, time
start = time.monotonic()
def report(number, frame):  # no print(), which the signal may have interrupted
    os.write(1, f"{signal.Signals(number).name} {time.monotonic() - start:.2f}\\n".encode())
    if number == signal.SIGTERM:
        sys.exit(int(sys.argv[1]))
for name in ("TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "TTIN", "TTOU", "WINCH"):
    signal.signal(getattr(signal, "SIG" + name), report)
print("ready", flush=True)
while True:
    time.sleep(0.1)  # no signal.pause(), which would miss a signal that arrived just before it
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(*command: str, seconds: str = "0.5", wait_until_ready: bool = True) -> "subprocess.Popen[str]":
        environment = {**os.environ, "DRAIN_SECONDS": seconds}
        process = subprocess.Popen(
            [sys.executable, DRAIN, *command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        if wait_until_ready:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        while process.poll() is None:
            process.terminate()  # not kill(), which would orphan the command
            time.sleep(0.05)
        process.communicate()


def _command(code: int = 0) -> tuple[str, ...]:
    return (sys.executable, "-c", COMMAND, str(code))


def test_sigterm_is_forwarded_after_the_drain_time_and_the_exit_code_is_the_commands(start: Start) -> None:
    process = start(*_command(7), seconds="1.5")
    began = time.monotonic()
    process.terminate()
    out, err = process.communicate(timeout=10)
    assert 1.4 < time.monotonic() - began < 4
    assert out.split()[0] == "SIGTERM"
    assert process.returncode == 7
    assert '"message": "SIGTERM: serving for another 1.5 s"' in err


def test_the_exit_code_of_a_clean_stop_is_zero(start: Start) -> None:
    process = start(*_command(0))
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_a_second_sigterm_ends_the_wait(start: Start) -> None:
    process = start(*_command(), seconds="60")
    process.terminate()
    time.sleep(0.3)
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_with_a_drain_time_of_zero_sigterm_is_forwarded_at_once(start: Start) -> None:
    process = start(*_command(), seconds="0")
    process.terminate()
    assert process.communicate(timeout=10)[1] == ""
    assert process.returncode == 0


@pytest.mark.parametrize("name", ["INT", "QUIT", "HUP", "USR1", "USR2", "TTIN", "TTOU", "WINCH"])
def test_other_signals_are_forwarded_at_once(start: Start, name: str) -> None:
    process = start(*_command(), seconds="60")
    process.send_signal(getattr(signal, f"SIG{name}"))
    assert process.stdout
    assert process.stdout.readline().split()[0] == f"SIG{name}"


def test_other_signals_do_not_shorten_the_drain_time(start: Start) -> None:
    process = start(*_command(), seconds="1")
    began = time.monotonic()
    process.terminate()
    process.send_signal(signal.SIGHUP)
    out = process.communicate(timeout=10)[0].split()
    assert out[::2] == ["SIGHUP", "SIGTERM"]
    assert time.monotonic() - began > 0.9


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("exit 0", 0), ("kill -9 $$", 137), ("kill -15 $$", 143)])
def test_it_exits_with_the_exit_code_of_a_command_that_ends_by_itself(start: Start, script: str, code: int) -> None:
    process = start("/bin/sh", "-c", script, wait_until_ready=False)
    process.communicate(timeout=10)
    assert process.returncode == code


def test_it_exits_at_once_if_the_command_ends_during_the_drain_time(start: Start) -> None:
    process = start("/bin/sh", "-c", "echo ready; sleep 0.5; exit 4", seconds="60")
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 4


@pytest.mark.parametrize("wrapper", [(), ("nohup",)])
def test_the_command_has_the_same_signal_handling_as_without_drain(wrapper: tuple[str, ...]) -> None:
    # Absolute paths, because subprocess handles signals differently when it searches for a command.
    grep, *wrapper = (str(shutil.which(command)) for command in ("grep", *wrapper))
    status = (grep, "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status")

    def signals(*launcher: str) -> str:
        return subprocess.run([*wrapper, *launcher, *status], capture_output=True, text=True, check=True).stdout

    assert signals(sys.executable, DRAIN) == signals()


def test_ctrl_c_in_a_terminal_reaches_the_command_once(start: Start) -> None:
    process = start(*_command(), seconds="60")
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.5)
    process.terminate()
    process.terminate()
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        process.terminate()  # two pending signals with the same number are delivered as one
        time.sleep(0.1)
    assert process.communicate()[0].split()[::2] == ["SIGINT", "SIGTERM"]


@pytest.mark.skipif(not hasattr(os, "fork") or not Path("/proc").is_dir(), reason="needs Linux")
def test_it_reaps_orphans_as_the_first_process(start: Start) -> None:
    """In a new PID namespace, a grandchild whose parent has ended must not stay a zombie."""
    orphan = "(sleep 0.2 & exec true); sleep 0.8; echo ready; grep -l 'State:.Z' /proc/[0-9]*/status | wc -l; exit 5"
    unshare = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not permit PID namespaces")
    result = subprocess.run(
        [*unshare, sys.executable, DRAIN, "/bin/sh", "-c", orphan],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (result.returncode, result.stdout) == (5, "ready\n0\n"), result.stderr


def test_the_end_of_a_short_command_is_never_missed(start: Start) -> None:
    """If it missed a SIGCHLD, it would wait for ever."""
    for _ in range(100):
        process = start("/bin/true", wait_until_ready=False)
        process.communicate(timeout=10)
        assert process.returncode == 0


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf", "1e30"])
def test_an_invalid_drain_time_is_rejected_in_one_sentence(start: Start, text: str) -> None:
    process = start("/bin/true", seconds=text, wait_until_ready=False)
    err = process.communicate(timeout=10)[1]
    assert process.returncode == 2
    assert err == f"drain: DRAIN_SECONDS is {text!r}: it must be a number of seconds from 0 to 3600.\n"


def test_without_a_command_it_prints_an_example(start: Start) -> None:
    process = start(wait_until_ready=False)
    assert (
        process.communicate(timeout=10)[1]
        == "drain: name the command to run, such as: python drain.py gunicorn app:app\n"
    )
    assert process.returncode == 2


@pytest.mark.parametrize(
    ("command", "code", "reason"), [("/no/such", 127, "No such file"), ("/etc/passwd", 126, "Permission")]
)
def test_a_command_that_cannot_run_is_reported_in_one_line(start: Start, command: str, code: int, reason: str) -> None:
    process = start(command, wait_until_ready=False)
    err = process.communicate(timeout=10)[1]
    assert process.returncode == code
    assert err.startswith(f"drain: {command}: {reason}")
    assert err.count("\n") == 1

"""The launcher that keeps a server serving after SIGTERM, with real processes."""

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
# Says what it hears and when (in seconds), and ends at SIGTERM with the code that it is given.
CHILD = """
import os, signal, sys, time
start = time.monotonic()
def hear(number, frame):  # no print: this may come in the middle of one
    os.write(1, f"{signal.Signals(number).name} {time.monotonic() - start:.2f}\\n".encode())
    if number == signal.SIGTERM:
        sys.exit(int(sys.argv[1]))
for name in ("TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "TTIN", "TTOU", "WINCH"):
    signal.signal(getattr(signal, "SIG" + name), hear)
print("ready", flush=True)
while True:
    time.sleep(0.1)  # no signal.pause(), which would wait on after a signal that came just before it
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(*command: str, seconds: str = "0.5", ready: bool = True) -> "subprocess.Popen[str]":
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
        if ready:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        while process.poll() is None:
            process.terminate()  # not kill: the command would be left behind
            time.sleep(0.05)
        process.communicate()


def _child(code: int = 0) -> tuple[str, ...]:
    return (sys.executable, "-c", CHILD, str(code))


def test_sigterm_arrives_after_the_drain_time_and_the_exit_code_is_the_commands(start: Start) -> None:
    process = start(*_child(7), seconds="1.5")
    began = time.monotonic()
    process.terminate()
    out, err = process.communicate(timeout=10)
    assert 1.4 < time.monotonic() - began < 4
    assert out.split()[0] == "SIGTERM"
    assert process.returncode == 7
    assert '"message": "SIGTERM: serving on for 1.5 s"' in err


def test_a_clean_stop_is_zero(start: Start) -> None:
    process = start(*_child(0))
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_a_second_sigterm_ends_the_wait(start: Start) -> None:
    process = start(*_child(), seconds="60")
    process.terminate()
    time.sleep(0.3)
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_a_drain_of_nothing_passes_on_at_once(start: Start) -> None:
    process = start(*_child(), seconds="0")
    process.terminate()
    assert process.communicate(timeout=10)[1] == ""
    assert process.returncode == 0


@pytest.mark.parametrize("name", ["INT", "QUIT", "HUP", "USR1", "USR2", "TTIN", "TTOU", "WINCH"])
def test_other_signals_are_passed_on_at_once(start: Start, name: str) -> None:
    process = start(*_child(), seconds="60")
    process.send_signal(getattr(signal, f"SIG{name}"))
    assert process.stdout
    assert process.stdout.readline().split()[0] == f"SIG{name}"


def test_signals_of_the_drain_do_not_shorten_it(start: Start) -> None:
    process = start(*_child(), seconds="1")
    began = time.monotonic()
    process.terminate()
    process.send_signal(signal.SIGHUP)
    out = process.communicate(timeout=10)[0].split()
    assert out[::2] == ["SIGHUP", "SIGTERM"]
    assert time.monotonic() - began > 0.9


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("exit 0", 0), ("kill -9 $$", 137), ("kill -15 $$", 143)])
def test_a_command_that_ends_by_itself_ends_the_launcher(start: Start, script: str, code: int) -> None:
    process = start("/bin/sh", "-c", script, ready=False)
    process.communicate(timeout=10)
    assert process.returncode == code


def test_a_command_that_ends_while_it_drains_is_not_waited_for(start: Start) -> None:
    process = start("/bin/sh", "-c", "echo ready; sleep 0.5; exit 4", seconds="60")
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 4


@pytest.mark.parametrize("before", [(), ("nohup",)])
def test_the_commands_signals_are_as_if_it_had_been_started_without(before: tuple[str, ...]) -> None:
    # Each by its path: Python starts a command by its name in another way, which treats signals differently.
    grep, *before = (str(shutil.which(command)) for command in ("grep", *before))
    status = (grep, "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status")

    def signals(*launcher: str) -> str:
        return subprocess.run([*before, *launcher, *status], capture_output=True, text=True, check=True).stdout

    assert signals(sys.executable, DRAIN) == signals()


def test_ctrl_c_in_a_terminal_reaches_the_command_once(start: Start) -> None:
    process = start(*_child(), seconds="60")
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.5)
    process.terminate()
    process.terminate()
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        process.terminate()  # two of a kind that come together count as one
        time.sleep(0.1)
    assert process.communicate()[0].split()[::2] == ["SIGINT", "SIGTERM"]


@pytest.mark.skipif(not hasattr(os, "fork") or not Path("/proc").is_dir(), reason="needs Linux")
def test_as_first_process_it_buries_the_orphans(start: Start) -> None:
    """In a PID namespace of its own: a grandchild whose parent ended must not stay a zombie."""
    orphan = "(sleep 0.2 & exec true); sleep 0.8; echo ready; grep -l 'State:.Z' /proc/[0-9]*/status | wc -l; exit 5"
    unshare = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine permits no PID namespaces")
    ended = subprocess.run(
        [*unshare, sys.executable, DRAIN, "/bin/sh", "-c", orphan],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (5, "ready\n0\n"), ended.stderr


def test_thousands_of_short_lived_children_lose_no_signal(start: Start) -> None:
    """Each SIGCHLD that is missed would leave the launcher waiting for ever."""
    for _ in range(100):
        process = start("/bin/true", ready=False)
        process.communicate(timeout=10)
        assert process.returncode == 0


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf", "1e30"])
def test_a_wrong_time_is_refused_in_one_sentence(start: Start, text: str) -> None:
    process = start("/bin/true", seconds=text, ready=False)
    err = process.communicate(timeout=10)[1]
    assert process.returncode == 2
    assert err == f"drain: DRAIN_SECONDS is {text!r}: it must be a number of seconds from 0 to 3600.\n"


def test_without_a_command_it_says_how_to_use_it(start: Start) -> None:
    process = start(ready=False)
    assert (
        process.communicate(timeout=10)[1]
        == "drain: name the command to run, such as: python drain.py gunicorn app:app\n"
    )
    assert process.returncode == 2


@pytest.mark.parametrize(
    ("command", "code", "why"), [("/no/such", 127, "No such file"), ("/etc/passwd", 126, "Permission")]
)
def test_a_command_that_cannot_run_is_named(start: Start, command: str, code: int, why: str) -> None:
    process = start(command, ready=False)
    err = process.communicate(timeout=10)[1]
    assert process.returncode == code
    assert err.startswith(f"drain: {command}: {why}")
    assert err.count("\n") == 1

#!/usr/bin/env python3
"""Keeps a server serving for a while after SIGTERM, since a load balancer goes on sending requests to it.

    python drain.py COMMAND [ARGUMENT …]

Servers refuse new connections as soon as they get SIGTERM, but whoever sends it (a stopped or interrupted ECS task, a
Kubernetes pod) tells the load balancer at the same moment, which takes seconds to act on it. So this holds SIGTERM back
for DRAIN_SECONDS and then passes it on. A second SIGTERM ends the wait; every other signal is passed on at once. It
reaps what is left behind, so it can be a container's first process, and it ends as the command ended.

For any server and any app: one file, standard library only, Python 3.8 or newer, Linux and macOS.
"""

import contextlib
import json
import os
import signal
import sys
from datetime import datetime, timezone

# A stopped task is routed to for up to 5 s (ECS takes it from the load balancer at the same time); twice that, to be
# sure. With the server's 30 s to finish it stays below the 60 s after which ECS sends SIGKILL.
DEFAULT_SECONDS = 10
_LONGEST = 3600  # more is a typing error: no platform waits for so long

# What a server may be told: stop, stop at once, reload, reopen logs, more and fewer workers.
_PASSED_ON = {
    getattr(signal, f"SIG{name}") for name in ("INT", "QUIT", "HUP", "USR1", "USR2", "WINCH", "TTIN", "TTOU", "CONT")
}
_AWAITED = _PASSED_ON | {signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM}

_IGNORED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}  # which a command would inherit

# As shells say it.
_NOT_EXECUTABLE, _NOT_FOUND, _SIGNALLED = 126, 127, 128


def main(command: "list[str]", environment: "os._Environ[str]" = os.environ) -> int:
    """Run the command to its end and give its exit code."""
    if not command:
        return _refuse("name the command to run, such as: python drain.py gunicorn app:app")
    text = environment.get("DRAIN_SECONDS") or str(DEFAULT_SECONDS)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= _LONGEST:
        return _refuse(f"DRAIN_SECONDS is {text!r}: it must be a number of seconds from 0 to {_LONGEST}.")
    # From here on no signal is lost: each waits, blocked, until it is asked for. A first process has no default
    # actions, and a signal that is ignored would not wait: hence the handler, which is never called.
    before = {number: signal.signal(number, lambda *_: None) for number in _AWAITED}
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    ignored = {number for number, handler in before.items() if handler is signal.SIG_IGN}  # by nohup, say
    return _wait(_start(command, ignored), seconds)


def _refuse(sentence: str) -> int:
    print(f"drain: {sentence}", file=sys.stderr)
    return 2


def _start(command: "list[str]", ignored: "set[signal.Signals]") -> int:
    child = os.fork()
    if child:
        return child
    try:
        # A group of its own: Ctrl-C in a terminal reaches this process alone, which passes it on once.
        os.setpgid(0, 0)
        for number in _AWAITED | _IGNORED_BY_PYTHON:
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)
        os.execvp(command[0], command)  # noqa: S606 running what it is given is all it is for
    except OSError as error:
        print(f"drain: {command[0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(_NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE)


def _wait(child: int, seconds: float) -> int:
    draining = False
    while True:
        number = signal.sigwait(_AWAITED)
        if number == signal.SIGCHLD:
            code = _reap(child)
            if code is not None:
                return code
        elif number == signal.SIGTERM and seconds and not draining:
            draining = True
            _log(f"SIGTERM: serving on for {seconds:g} s")
            signal.setitimer(signal.ITIMER_REAL, seconds)
        elif number in (signal.SIGTERM, signal.SIGALRM):
            signal.setitimer(signal.ITIMER_REAL, 0)
            _pass_on(child, signal.SIGTERM)
        else:
            _pass_on(child, number)


def _reap(child: int) -> "int | None":
    """Bury everyone who has ended; the exit code if the command itself is among them."""
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if ended == 0:
            return None
        if ended == child:
            return _SIGNALLED + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _pass_on(child: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has just ended: SIGCHLD comes next
        os.kill(child, number)


def _log(message: str) -> None:
    line = {"time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"), "level": "info"}  # noqa: UP017 3.8
    print(json.dumps({**line, "message": message}), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Keeps a server running for a while after SIGTERM, because load balancers still send requests to it.

    python drain.py COMMAND [ARGUMENT …]

Most servers refuse new connections as soon as they receive SIGTERM. When ECS stops or interrupts a task, or Kubernetes
a pod, it sends SIGTERM and deregisters the target at the same time, but the load balancer needs seconds to stop routing
requests to it. Therefore this program forwards SIGTERM to the command only after DRAIN_SECONDS. A second SIGTERM ends
the wait, and other signals are forwarded at once. The program reaps orphaned processes, so it can be the first process
of a container, and it exits with the command's exit code.

It works with every server and app: one file, standard library only, Python 3.8 or newer, Linux and macOS.
"""

import contextlib
import json
import os
import signal
import sys
from datetime import datetime, timezone

# A load balancer routes requests to a stopped task for up to 5 s, because ECS deregisters it at the same time; this is
# twice as long, to be safe. Together with the server's 30 s for open requests, it stays below the 60 s after which ECS
# sends SIGKILL.
DEFAULT_SECONDS = 10
_MAX_SECONDS = 3600  # more is a typing error: no platform waits that long

# The signals that servers handle: stop, stop at once, reload, reopen logs, add and remove workers.
_FORWARDED = {
    getattr(signal, f"SIG{name}") for name in ("INT", "QUIT", "HUP", "USR1", "USR2", "WINCH", "TTIN", "TTOU", "CONT")
}
_HANDLED = _FORWARDED | {signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM}

_IGNORED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}  # the command would inherit this

# Exit codes of shells; a command that a signal ended has the signal's number added.
_NOT_EXECUTABLE, _NOT_FOUND, _SIGNALED = 126, 127, 128


def main(command: "list[str]", environment: "os._Environ[str]" = os.environ) -> int:
    """Run the command and return its exit code."""
    if not command:
        return _usage_error("name the command to run, such as: python drain.py gunicorn app:app")
    text = environment.get("DRAIN_SECONDS") or str(DEFAULT_SECONDS)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= _MAX_SECONDS:
        return _usage_error(f"DRAIN_SECONDS is {text!r}: it must be a number of seconds from 0 to {_MAX_SECONDS}.")
    # From here on no signal is lost: each stays pending, because it is blocked, until sigwait() returns it. The first
    # process of a container has no default actions, and an ignored signal would not stay pending: hence the handler,
    # which is never called.
    previous = {number: signal.signal(number, lambda *_: None) for number in _HANDLED}
    signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
    ignored = {number for number, handler in previous.items() if handler is signal.SIG_IGN}  # for example by nohup
    return _wait(_start(command, ignored), seconds)


def _usage_error(sentence: str) -> int:
    print(f"drain: {sentence}", file=sys.stderr)
    return 2


def _start(command: "list[str]", ignored: "set[signal.Signals]") -> int:
    child = os.fork()
    if child:
        return child
    try:
        # In its own process group, so that Ctrl-C in a terminal reaches only this program, which forwards it once.
        os.setpgid(0, 0)
        for number in _HANDLED | _IGNORED_BY_PYTHON:
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
        os.execvp(command[0], command)  # noqa: S606 running a command is the purpose of this program
    except OSError as error:
        print(f"drain: {command[0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(_NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE)


def _wait(child: int, seconds: float) -> int:
    """Forward signals until the command ends, and return its exit code."""
    draining = False
    while True:
        number = signal.sigwait(_HANDLED)
        if number == signal.SIGCHLD:
            code = _reap(child)
            if code is not None:
                return code
        elif number == signal.SIGTERM and seconds and not draining:
            draining = True
            _log(f"SIGTERM: serving for another {seconds:g} s")
            signal.setitimer(signal.ITIMER_REAL, seconds)
        elif number in (signal.SIGTERM, signal.SIGALRM):
            signal.setitimer(signal.ITIMER_REAL, 0)
            _forward(child, signal.SIGTERM)
        else:
            _forward(child, number)


def _reap(child: int) -> "int | None":
    """Reap every process that has ended; return the exit code of the command if it is one of them."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == 0:
            return None
        if pid == child:
            return _SIGNALED + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _forward(child: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # the command has just ended: SIGCHLD comes next
        os.kill(child, number)


def _log(message: str) -> None:
    line = {"time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"), "level": "info"}  # noqa: UP017 3.8
    print(json.dumps({**line, "message": message}), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Starts and ends a project's daemon from the outside, and asks it how it is."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from ..shared.atomic_files import write_atomically
from ..shared.deferred_signals import deferred_signals
from .clients import control_request
from .project import STATUS, LocalPlace

# moto's services and PostgreSQL take up to ten seconds on a slow machine; beyond a minute something hangs.
_START_SECONDS = 60
# Tasks have their stop timeout, 60 s here and at most 120 on Fargate, and databases a moment more.
_STOP_SECONDS = 130
_POLL_SECONDS = 0.1
_LAST_LINES = 20


class DaemonError(Exception):
    """A daemon that does not start, with the end of its log."""


def is_running(local: LocalPlace) -> bool:
    """Whether the daemon runs, whatever it does."""
    return _process(local) is not None


def ensure_started(local: LocalPlace) -> bool:
    """Start the daemon unless it answers; whether it was started.

    Raises:
        DaemonError: if it ends or does not answer in time.
    """
    with _alone(local):
        told = status(local)
        # One that hangs, does not know the place's key or does not ask for it, or runs tasks in the other way.
        if told is not None and told.get("protected") and told.get("runtime") == local.runtime:
            return False
        _end(local)
        _start(local)
        return True


def revive(local: LocalPlace) -> bool:
    """Start a daemon that has ended although nobody ended it; whether it was started.

    Raises:
        DaemonError: if it ends or does not answer in time.
    """
    with _alone(local):
        if not _pid_file(local).exists() or is_running(local):
            return False
        _start(local)
        return True


def _start(local: LocalPlace) -> None:
    log = _log_file(local)
    with deferred_signals(), log.open("ab") as output:
        daemon = subprocess.Popen(  # noqa: S603 this tool's own module
            [sys.executable, "-m", "flask_on_aws_cli.local_aws.daemon.daemon", str(local.place.folder.parent)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            # glibc keeps what each of many threads once used to itself; two such heaps are enough for this one.
            env={**os.environ, "MALLOC_ARENA_MAX": "2"},
        )
        _write_pid(local, daemon.pid)
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if daemon.poll() is not None:
            raise DaemonError(f"The local AWS ended with {daemon.returncode}. {_tail(log)}")
        if status(local) is not None:
            return
        time.sleep(_POLL_SECONDS)
    _end(local)
    raise DaemonError(f"The local AWS does not answer at {local.place.endpoint} after {_START_SECONDS} s. {_tail(log)}")


def end(local: LocalPlace) -> bool:
    """End the daemon and all that it started, tasks with their stop timeout; whether it ran."""
    with _alone(local):
        return _end(local)


def _end(local: LocalPlace) -> bool:
    process = _process(local)
    if process is not None:
        process.send_signal(signal.SIGTERM)
        until = time.monotonic() + _STOP_SECONDS
        while is_running(local) and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
        if is_running(local):
            process.kill()
    _pid_file(local).unlink(missing_ok=True)  # so that nobody starts it again
    return process is not None


@contextlib.contextmanager
def _alone(local: LocalPlace) -> Generator[None]:
    """Keep other commands, and who starts a killed daemon again, from starting or ending it meanwhile."""
    with FileLock(local.place.folder / "daemon.lock"):
        yield


def status(local: LocalPlace) -> dict[str, Any] | None:
    """What the daemon says of its parts; None if it does not answer.

    Raises:
        DaemonError: if another project's local AWS answers in its place, which must not be taken for this one's.
    """
    try:
        with urllib.request.urlopen(_ask_status(local), timeout=5) as answer:  # noqa: S310 loopback
            told = json.loads(answer.read())
    except (OSError, ValueError, urllib.error.URLError):
        return None
    if told.get("folder") != str(local.place.folder):
        raise DaemonError(
            f"Port {local.place.port} of this project is taken by the local AWS in {told.get('folder')}, maybe that of "
            f"another user. End it, or delete {local.place.folder / 'place.json'} to have other ports chosen."
        )
    return told


def _ask_status(local: LocalPlace) -> urllib.request.Request:
    place = local.place
    return control_request(f"{place.endpoint}{STATUS}", place.access_key, place.region)


def memory(local: LocalPlace) -> int:
    """Bytes that the daemon and all its processes hold, shared pages counted once where the system tells."""
    process = _process(local)
    if process is None:
        return 0
    return sum(_held(one) for one in [process, *process.children(recursive=True)])


def _held(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(full, "pss", 0) or full.rss)


def _process(local: LocalPlace) -> psutil.Process | None:
    """The daemon's process: a number alone may be somebody else's by now."""
    try:
        number, started = _pid_file(local).read_text().split()
        process = psutil.Process(int(number))
        if process.status() == psutil.STATUS_ZOMBIE:  # ended, in a container whose first process takes no note of it
            return None
        return process if abs(process.create_time() - float(started)) < 1 else None
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None


def _write_pid(local: LocalPlace, number: int) -> None:
    started = psutil.Process(number).create_time()
    write_atomically(_pid_file(local), f"{number} {started}")


def _pid_file(local: LocalPlace) -> Path:
    return local.place.folder / "daemon.pid"


def _log_file(local: LocalPlace) -> Path:
    return local.place.folder / "daemon.log"


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
    return "Its log ends with:\n" + "\n".join(lines)

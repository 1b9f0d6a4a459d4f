"""Starts and ends the daemon of a project's local AWS, and reads its status."""

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
from ..shared.process_start import process_start
from .clients import control_request
from .project import STATUS, LocalAws

# moto's services and PostgreSQL need up to ten seconds on a slow machine; after a minute, something hangs.
_START_SECONDS = 60
# The longest stop timeout of a task on Fargate, 120 s, and a few seconds for the databases.
_STOP_SECONDS = 130
_POLL_SECONDS = 0.1
_LAST_LINES = 20


class DaemonError(Exception):
    """A daemon that does not start; the message includes the end of its log."""


def is_running(local_aws: LocalAws) -> bool:
    """Whether the daemon's process is running; it may not respond."""
    return _process(local_aws) is not None


def ensure_started(local_aws: LocalAws) -> bool:
    """Start the daemon unless it responds; return whether it was started.

    Raises:
        DaemonError: if it ends or does not respond in time.
    """
    with _daemon_lock(local_aws):
        current = status(local_aws)
        # A daemon is replaced if it hangs, rejects or does not require the access key, or has the other runtime.
        if current is not None and current.get("protected") and current.get("runtime") == local_aws.runtime:
            return False
        _end(local_aws)
        _start(local_aws)
        return True


def revive(local_aws: LocalAws) -> bool:
    """Start the daemon if it has ended without `end`; return whether it was started.

    Raises:
        DaemonError: if it ends or does not respond in time.
    """
    with _daemon_lock(local_aws):
        if not _pid_file(local_aws).exists() or is_running(local_aws):
            return False
        _start(local_aws)
        return True


def _start(local_aws: LocalAws) -> None:
    log = _log_file(local_aws)
    with deferred_signals(), log.open("ab") as output:
        daemon = subprocess.Popen(  # noqa: S603 a module of this tool
            [sys.executable, "-m", "flask_on_aws_cli.local_aws.daemon.daemon", str(local_aws.location.folder.parent)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            # By default, glibc keeps a heap with freed memory for each of the many threads; two are enough.
            env={**os.environ, "MALLOC_ARENA_MAX": "2"},
        )
        _write_pid(local_aws, daemon.pid)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if daemon.poll() is not None:
            raise DaemonError(f"The local AWS exited with code {daemon.returncode}. {_tail(log)}")
        if status(local_aws) is not None:
            return
        time.sleep(_POLL_SECONDS)
    _end(local_aws)
    raise DaemonError(
        f"The local AWS does not respond at {local_aws.location.endpoint} after {_START_SECONDS} s. {_tail(log)}"
    )


def end(local_aws: LocalAws) -> bool:
    """End the daemon, its databases and its tasks (within their stop timeouts); return whether it was running."""
    with _daemon_lock(local_aws):
        return _end(local_aws)


def _end(local_aws: LocalAws) -> bool:
    process = _process(local_aws)
    if process is not None:
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while is_running(local_aws) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if is_running(local_aws):
            process.kill()
    _pid_file(local_aws).unlink(missing_ok=True)  # so that `revive` does not start it again
    return process is not None


@contextlib.contextmanager
def _daemon_lock(local_aws: LocalAws) -> Generator[None]:
    """Prevent other commands and `revive` from starting or ending the daemon during the block."""
    with FileLock(local_aws.location.folder / "daemon.lock"):
        yield


def status(local_aws: LocalAws) -> dict[str, Any] | None:
    """The status that the daemon reports; None if it does not respond.

    Raises:
        DaemonError: if the local AWS of another project responds on its port.
    """
    try:
        with urllib.request.urlopen(_status_request(local_aws), timeout=5) as response:  # noqa: S310 loopback
            current: dict[str, Any] = json.loads(response.read())
    except (OSError, ValueError, urllib.error.URLError):
        return None
    location = local_aws.location
    if current.get("folder") != str(location.folder):
        raise DaemonError(
            f"Port {location.port} of this project is in use by the local AWS in {current.get('folder')}, possibly "
            f"that of another user. End it, or delete {location.folder / 'place.json'} to have other ports chosen."
        )
    return current


def _status_request(local_aws: LocalAws) -> urllib.request.Request:
    location = local_aws.location
    return control_request(f"{location.endpoint}{STATUS}", location.access_key, location.region)


def memory(local_aws: LocalAws) -> int:
    """Memory of the daemon and all its processes, in bytes; shared pages count once if the system reports them."""
    process = _process(local_aws)
    if process is None:
        return 0
    return sum(_memory_of(member) for member in [process, *process.children(recursive=True)])


def _memory_of(process: psutil.Process) -> int:
    try:
        info = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(info, "pss", 0) or info.rss)


def _process(local_aws: LocalAws) -> psutil.Process | None:
    """The daemon's process, checked by its start time: another process may have its id by now."""
    try:
        process_id, started_at = _pid_file(local_aws).read_text().split()
        process = psutil.Process(int(process_id))
        if process.status() == psutil.STATUS_ZOMBIE:  # ended, in a container whose first process does not reap it
            return None
        return process if process_start(process.pid) == float(started_at) else None
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None


def _write_pid(local_aws: LocalAws, process_id: int) -> None:
    write_atomically(_pid_file(local_aws), f"{process_id} {process_start(process_id)}")


def _pid_file(local_aws: LocalAws) -> Path:
    return local_aws.location.folder / "daemon.pid"


def _log_file(local_aws: LocalAws) -> Path:
    return local_aws.location.folder / "daemon.log"


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
    return "Its log ends with:\n" + "\n".join(lines)

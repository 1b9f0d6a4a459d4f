"""Current failures in the daemon: logged, and shown until they are over; no failure ends a loop."""

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

# Minimum seconds between two log lines about the same activity and subject, however often it fails and recovers.
_LOG_SECONDS = 60.0
_MAX_LOG_TIMES = 1000  # times of log lines to remember; beyond it, old ones are removed
_RESTART_FIX = "If it persists, restart the local AWS with `down` and `up`; .local-aws/daemon.log has the details."
_FIXES = {
    errno.ENOSPC: "Free some space on the disk of {where}.",
    errno.EDQUOT: "Free some space within this user's quota on the disk of {where}.",
    errno.EFBIG: "Raise the limit for file sizes (ulimit -f), then restart the local AWS with `down` and `up`.",
    errno.EMFILE: "Raise the limit for open files (ulimit -n), then restart the local AWS with `down` and `up`.",
    errno.ENFILE: "Close programs or raise the system's limit for open files (sysctl fs.file-max).",
    errno.EACCES: "Make {where} readable and writable for this user.",
    errno.EPERM: "Make {where} readable and writable for this user.",
    errno.EROFS: "Mount the disk of {where} with write access.",
    errno.EAGAIN: "End some processes: this user has reached the limit for processes (ulimit -u).",
    errno.ENOMEM: "End some programs: the machine has no memory left.",
}


@dataclass(frozen=True)
class Fault:
    """A failure that is not over."""

    activity: str
    """What the daemon does, such as `autoscaling`."""
    subject: str
    """What the activity is for, such as a service; empty if the whole activity fails."""
    error: str
    """The latest error."""
    fix: str
    """What the user can do about it, as a sentence."""
    since: float
    """Time of the first failure in seconds since 1970."""
    times: int = 1
    """Number of failures since then, including the first."""
    is_logged: bool = False
    """Whether the failure has been logged."""

    @property
    def title(self) -> str:
        """The activity, with the subject if there is one."""
        return f"{self.activity} ({self.subject})" if self.subject else self.activity


class Faults:
    """All faults of a daemon; every method is thread-safe."""

    def __init__(
        self,
        folder: Path = Path(),
        write_line: Callable[[str], None] | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Start without faults.

        Args:
            folder: the folder of the daemon's files, for messages about full disks.
            write_line: a function that gets each line instead of the log. Default: the log.
            clock: returns seconds since 1970.
        """
        self._folder, self._write_line, self._clock = folder.resolve(), write_line, clock
        self._lock = threading.Lock()
        self._current: dict[tuple[str, str], Fault] = {}
        self._log_times: dict[tuple[str, str], float] = {}

    def current(self) -> list[Fault]:
        """All current faults, the oldest first."""
        with self._lock:
            return sorted(self._current.values(), key=lambda fault: fault.since)

    @contextmanager
    def capture(self, activity: str, subject: str = "", fix: str = _RESTART_FIX) -> Generator[None]:
        """Record an exception raised in the block as a fault, and continue after the block; success clears the fault.

        Args:
            activity: what the block does.
            subject: what the block does it for. Default: the whole activity.
            fix: what the user can do, unless the error itself determines it, such as a full disk.
        """
        try:
            yield
        except Exception as error:
            self.report(activity, subject, error, fix)
        else:
            self.clear(activity, subject)

    def report(self, activity: str, subject: str, error: BaseException | str, fix: str = _RESTART_FIX) -> None:
        """Record a failure, which may be a repeated one."""
        key, message, now = (activity, subject), _message(error), self._clock()
        with self._lock:
            previous = self._current.get(key)
            is_logged = self._may_log(key, now)
            fault = Fault(activity, subject, message, self._fix(error, fix), now, is_logged=is_logged)
            if previous is not None:
                was_logged = previous.is_logged or is_logged
                fault = replace(fault, since=previous.since, times=previous.times + 1, is_logged=was_logged)
            self._current[key] = fault
        if is_logged:
            self._log(
                f"{fault.title} failed{f' {fault.times} times' if previous else ''}: {message}. {fault.fix}",
                error if isinstance(error, BaseException) else None,
            )

    def clear(self, activity: str, subject: str = "") -> None:
        """Note that the activity works: its fault is over."""
        key = (activity, subject)
        if key not in self._current:  # the usual case, which needs no lock
            return
        with self._lock:
            fault = self._current.pop(key, None)
        if fault is not None and fault.is_logged:
            seconds = self._clock() - fault.since
            self._log(f"{fault.title} works again, after {fault.times} failures in {seconds:.0f} s")

    def forget(self, activity: str, remaining: Collection[str]) -> None:
        """Remove the faults of subjects that no longer exist; the fault of the whole activity stays."""
        with self._lock:
            for key in [key for key in self._current if key[0] == activity and key[1] and key[1] not in remaining]:
                del self._current[key]

    def _fix(self, error: BaseException | str, fix: str) -> str:
        """The fix for an error of the operating system; the activity's fix for all others."""
        if not isinstance(error, OSError) or error.errno not in _FIXES:
            return fix
        path = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else None
        if path is None and error.errno in (errno.EACCES, errno.EPERM):  # may concern a process, not a file
            return fix
        return _FIXES[error.errno].format(where=path or self._folder)

    def _may_log(self, key: tuple[str, str], now: float) -> bool:
        if now - self._log_times.get(key, float("-inf")) < _LOG_SECONDS:
            return False
        if len(self._log_times) >= _MAX_LOG_TIMES:
            self._log_times = {logged: at for logged, at in self._log_times.items() if now - at < _LOG_SECONDS}
        self._log_times[key] = now
        return True

    def _log(self, line: str, error: BaseException | None = None) -> None:
        if self._write_line is not None:
            self._write_line(line)
        elif error is not None:
            log.error(line, exc_info=error)
        else:
            log.warning(line)


def fault_as_json(fault: Fault) -> dict[str, Any]:
    """A fault as a JSON object, for `status` and the status page."""
    return {**asdict(fault), "what": fault.title}


def _message(error: BaseException | str) -> str:
    return error if isinstance(error, str) else f"{type(error).__name__}: {error}".removesuffix(": ").rstrip(".")

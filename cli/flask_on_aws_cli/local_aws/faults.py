"""What fails in the daemon at the moment: logged, shown until it works again, and never the end of a loop."""

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

# Seconds between two lines of the log about the same activity and subject, however often it fails and works again.
_LOG_SECONDS = 60.0
_REMEMBERED = 1000  # times of log lines; beyond it the old ones are forgotten
_RESTART = "If it stays, restart the local AWS with `down` and `up`; .local-aws/daemon.log has the details."
_FIXES = {
    errno.ENOSPC: "Free some space on the disk of {where}.",
    errno.EDQUOT: "Free some space within this user's quota on the disk of {where}.",
    errno.EFBIG: "Raise the limit for the size of files (ulimit -f), then restart the local AWS with `down` and `up`.",
    errno.EMFILE: "Raise the limit for open files (ulimit -n), then restart the local AWS with `down` and `up`.",
    errno.ENFILE: "Close programs, or raise the system's limit for open files (sysctl fs.file-max).",
    errno.EACCES: "Make {where} readable and writable for this user.",
    errno.EPERM: "Make {where} readable and writable for this user.",
    errno.EROFS: "Mount the disk of {where} writable.",
    errno.EAGAIN: "End some processes: this user may have no more of them (ulimit -u).",
    errno.ENOMEM: "End some programs: the machine has no memory left.",
}


@dataclass(frozen=True)
class Fault:
    """Something that fails again and again."""

    activity: str
    """What the daemon does, like `autoscaling`."""
    subject: str
    """What it does it for, like a service; empty where it is the activity as a whole."""
    error: str
    """What went wrong the last time."""
    fix: str
    """A sentence: what the user can do about it."""
    since: float
    """Time of the first failure, in seconds since 1970."""
    times: int = 1
    """Failures since then."""
    is_logged: bool = False
    """Whether the log has it."""

    @property
    def what(self) -> str:
        """Activity and subject."""
        return f"{self.activity} ({self.subject})" if self.subject else self.activity


class Faults:
    """All faults of a daemon; every method may be called from any thread."""

    def __init__(
        self,
        folder: Path = Path(),
        say: Callable[[str], None] | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begin without a fault.

        Args:
            folder: where the daemon's files are, for sentences about full disks.
            say: is given each line instead of the log.
            clock: seconds since 1970.
        """
        self._folder, self._say, self._clock = folder.resolve(), say, clock
        self._lock = threading.Lock()
        self._now: dict[tuple[str, str], Fault] = {}
        self._logged: dict[tuple[str, str], float] = {}

    def now(self) -> list[Fault]:
        """What fails, the oldest first."""
        with self._lock:
            return sorted(self._now.values(), key=lambda fault: fault.since)

    @contextmanager
    def kept(self, activity: str, subject: str = "", fix: str = _RESTART) -> Generator[None]:
        """Keep what is raised within as a fault, and go on after it; without an exception the fault is over.

        Args:
            activity: what is done.
            subject: what it is done for.
            fix: what the user can do, unless the error itself says it, as a full disk does.
        """
        try:
            yield
        except Exception as error:
            self.report(activity, subject, error, fix)
        else:
            self.clear(activity, subject)

    def report(self, activity: str, subject: str, error: BaseException | str, fix: str = _RESTART) -> None:
        """Something has failed, maybe once more."""
        key, told, now = (activity, subject), _told(error), self._clock()
        with self._lock:
            known = self._now.get(key)
            is_logged = self._may_log(key, now)
            fault = Fault(activity, subject, told, self._fix(error, fix), now, is_logged=is_logged)
            if known is not None:
                was_logged = known.is_logged or is_logged
                fault = replace(fault, since=known.since, times=known.times + 1, is_logged=was_logged)
            self._now[key] = fault
        if is_logged:
            self._write(
                f"{fault.what} failed{f' {fault.times} times' if known else ''}: {told}. {fault.fix}",
                error if isinstance(error, BaseException) else None,
            )

    def clear(self, activity: str, subject: str = "") -> None:
        """It works."""
        key = (activity, subject)
        if key not in self._now:  # nearly always, and a look needs no lock
            return
        with self._lock:
            fault = self._now.pop(key, None)
        if fault is not None and fault.is_logged:
            seconds = self._clock() - fault.since
            self._write(f"{fault.what} works again, after {fault.times} failures in {seconds:.0f} s")

    def forget(self, activity: str, remaining: Collection[str]) -> None:
        """Drop the faults of subjects that are gone; the activity's own stays."""
        with self._lock:
            for key in [key for key in self._now if key[0] == activity and key[1] and key[1] not in remaining]:
                del self._now[key]

    def _fix(self, error: BaseException | str, fix: str) -> str:
        """The sentence for an error of the system's; the activity's own for all others."""
        if not isinstance(error, OSError) or error.errno not in _FIXES:
            return fix
        file = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else None
        if file is None and error.errno in (errno.EACCES, errno.EPERM):  # a process, perhaps
            return fix
        return _FIXES[error.errno].format(where=file or self._folder)

    def _may_log(self, key: tuple[str, str], now: float) -> bool:
        if now - self._logged.get(key, float("-inf")) < _LOG_SECONDS:
            return False
        if len(self._logged) >= _REMEMBERED:
            self._logged = {one: at for one, at in self._logged.items() if now - at < _LOG_SECONDS}
        self._logged[key] = now
        return True

    def _write(self, line: str, error: BaseException | None = None) -> None:
        if self._say is not None:
            self._say(line)
        elif error is not None:
            log.error(line, exc_info=error)
        else:
            log.warning(line)


def told_fault(fault: Fault) -> dict[str, Any]:
    """A fault as JSON has it, for `status` and the status page."""
    return {**asdict(fault), "what": fault.what}


def _told(error: BaseException | str) -> str:
    return error if isinstance(error, str) else f"{type(error).__name__}: {error}".removesuffix(": ").rstrip(".")

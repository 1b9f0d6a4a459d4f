"""The checks of what an app wrote, or tried to write, to its disk. Pure functions."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from ..check import Cause, Check, Finding, Status, failed, passed, warned
from ..diagnosis.diagnosis import diagnose_disk, diagnose_sqlite
from ..output import Output
from ..running import SqliteFile

DISK, SQLITE = "disk", "SQLite"
# The names that Python's tempfile gives: another one at each start, so that nothing is read after a restart.
_TEMPORARY = re.compile(r"tmp[a-z0-9_]{8}(\.\w+)?")
# Tables of requests-cache, and of diskcache beside its table Cache.
_OF_REQUESTS_CACHE = {"responses", "redirects"}
_BESIDE = {"settings"}


def disk_check(output: Output, others: Sequence[Check]) -> Check:
    """Fails if one of the other checks failed by a refused write; warns of one that the app went on from."""
    finding = diagnose_disk(output)
    if not finding:
        return passed(DISK, "no write was denied")
    return _failure_of(Cause.WRITES_TO_DISK, DISK, others) or warned(DISK, finding)


def sqlite_check(output: Output, files: Sequence[SqliteFile], others: Sequence[Check]) -> Check:
    """Fails if the app has a SQLite database that is lost with the task, or failed by one that it could not write.

    A cache may be lost.
    """
    data = [file.path for file in files if not is_cache(file)]
    if data:
        finding = Finding(
            Cause.SQLITE,
            f"it keeps data in {', '.join(data)}, which disappears with the task and is not shared with other tasks",
            "use the database in DATABASE_URL; if it is a cache, name it so, like /tmp/cache.db",
            tuple(data),
        )
        return failed(SQLITE, finding)
    finding = diagnose_sqlite(output)
    if not finding:
        caches = f", only what a task may lose: {', '.join(file.path for file in files)}" if files else ""
        return passed(SQLITE, f"no database on the scratch disk{caches}")
    return _failure_of(Cause.SQLITE, SQLITE, others) or warned(SQLITE, finding)


def is_cache(file: SqliteFile) -> bool:
    """Whether a database is one that every task can do without: by its name, its random name, or its tables."""
    path = PurePosixPath(file.path)
    if any("cache" in part.lower() or _TEMPORARY.fullmatch(part) for part in path.parts):
        return True
    tables = {name.lower() for name in file.tables}
    return tables == _OF_REQUESTS_CACHE or _are_caches(tables - _BESIDE)


def _are_caches(tables: set[str]) -> bool:
    return bool(tables) and all("cache" in name for name in tables)


def _failure_of(cause: Cause, name: str, others: Sequence[Check]) -> Check | None:
    """The failure of this cause that another check found, as this check's."""
    for check in others:
        if check.status is Status.FAILED and check.cause is cause:
            return failed(name, Finding(cause, check.message, check.fix, check.evidence))
    return None

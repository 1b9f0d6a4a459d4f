"""The checks of what an app wrote, or tried to write, to its disk. Pure functions."""

from collections.abc import Sequence

from ..check import Cause, Check, Finding, Status, failed, passed, warned
from ..diagnosis.diagnosis import diagnose_disk, diagnose_sqlite
from ..output import Output

DISK, SQLITE = "disk", "SQLite"


def disk_check(output: Output, others: Sequence[Check]) -> Check:
    """Fails if one of the other checks failed by a refused write; warns of one that the app went on from."""
    finding = diagnose_disk(output)
    if not finding:
        return passed(DISK, "no write was denied")
    return _failure_of(Cause.WRITES_TO_DISK, DISK, others) or warned(DISK, finding)


def sqlite_check(output: Output, files: Sequence[str], others: Sequence[Check]) -> Check:
    """Fails if the app has a SQLite database that is lost with the task, or failed by one that it could not write."""
    if files:
        finding = Finding(
            Cause.SQLITE,
            f"it keeps data in {', '.join(files)}, which disappears with the task and is not shared with other tasks",
            "use the database in DATABASE_URL",
            tuple(files),
        )
        return failed(SQLITE, finding)
    finding = diagnose_sqlite(output)
    if not finding:
        return passed(SQLITE, "no database on the scratch disk")
    return _failure_of(Cause.SQLITE, SQLITE, others) or warned(SQLITE, finding)


def _failure_of(cause: Cause, name: str, others: Sequence[Check]) -> Check | None:
    """The failure of this cause that another check found, as this check's."""
    for check in others:
        if check.status is Status.FAILED and check.cause is cause:
            return failed(name, Finding(cause, check.message, check.fix, check.evidence))
    return None

"""Results as text, for people. Pure functions."""

from collections.abc import Sequence

from ..check import Check, Status

_MARKS = {Status.PASSED: "ok", Status.WARNING: "WARNING", Status.FAILED: "FAILED", Status.NOT_CHECKED: "-"}
_WIDTH = 18
_INDENT = " " * 9


def check_text(check: Check) -> str:
    """One check: a line, and for a failure or a warning its cause, the lines that show it, and the fix."""
    mark = _MARKS[check.status]
    message = f"not checked: {check.message}" if check.status is Status.NOT_CHECKED else check.message
    cause = f"{check.cause}: " if check.cause else ""
    lines = [f"{mark:<8} {check.name:<{_WIDTH}} {cause}{message}"]
    lines += [f"{_INDENT}  | {line}" for line in check.evidence]
    lines += [f"{_INDENT}  → {check.fix}"] if check.fix else []
    return "\n".join(lines)


def summary(checks: Sequence[Check]) -> str:
    """The last line: the number of checks of each status."""
    counts = {status: sum(check.status is status for check in checks) for status in Status}
    texts = {status: f"{count} {status}" for status, count in counts.items()}
    warnings = counts[Status.WARNING]
    texts[Status.WARNING] = "1 warning" if warnings == 1 else f"{warnings} warnings"
    return ", ".join(text for status, text in texts.items() if warnings or status is not Status.WARNING)

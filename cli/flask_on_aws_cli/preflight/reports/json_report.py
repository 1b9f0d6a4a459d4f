"""Results for programs: pure."""

import json
from collections.abc import Sequence
from typing import Any

from ..check import Check, any_failed
from .text_report import check_text


def as_json(checks: Sequence[Check], app: str, kind: str) -> str:
    """All checks as JSON; `text` is what people read.

    Args:
        checks: in their order.
        app: the app's folder.
        kind: where it ran, `process` or `container`; empty if it did not.
    """
    all_checks = [_as_dict(check) for check in checks]
    report = {"app": app, "ran_as": kind, "passed": not any_failed(checks), "checks": all_checks}
    return json.dumps(report, indent=2, ensure_ascii=False)


def _as_dict(check: Check) -> dict[str, Any]:
    """A check by the names that programs read."""
    return {
        "name": check.name,
        "status": check.status,
        "says": check.message,
        "cause": check.cause,
        "evidence": check.evidence,
        "way_out": check.fix,
        "seconds": check.seconds,
        "text": check_text(check),
    }

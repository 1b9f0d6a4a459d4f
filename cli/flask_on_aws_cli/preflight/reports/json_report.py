"""Results as JSON, for programs. Pure functions."""

import json
from collections.abc import Sequence
from typing import Any

from ..check import Check, any_failed
from .text_report import check_text


def as_json(checks: Sequence[Check], app: str, kind: str) -> str:
    """All checks as JSON; `text` is the form for people.

    Args:
        checks: the checks in order.
        app: the app's folder.
        kind: how it ran, `process` or `container`; empty if it did not run.
    """
    all_checks = [_as_dict(check) for check in checks]
    report = {"app": app, "ran_as": kind, "passed": not any_failed(checks), "checks": all_checks}
    return json.dumps(report, indent=2, ensure_ascii=False)


def _as_dict(check: Check) -> dict[str, Any]:
    """A check under the keys that programs read."""
    return {
        "name": check.name,
        "status": check.status,
        "message": check.message,
        "cause": check.cause,
        "evidence": check.evidence,
        "fix": check.fix,
        "seconds": check.seconds,
        "text": check_text(check),
    }

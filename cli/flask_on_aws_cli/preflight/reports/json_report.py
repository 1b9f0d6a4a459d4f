"""Results for programs: pure."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from ..check import Check, any_failed
from .text_report import check_text


def as_json(checks: Sequence[Check], app: str, kind: str) -> str:
    """All checks; the names are those of `Check`, and `text` is what people read.

    Args:
        checks: in their order.
        app: the app's folder.
        kind: where it ran, `process` or `container`; empty if it did not.
    """
    all_checks = [{**asdict(one), "text": check_text(one)} for one in checks]
    told = {"app": app, "ran_as": kind, "passed": not any_failed(checks), "checks": all_checks}
    return json.dumps(told, indent=2, ensure_ascii=False)

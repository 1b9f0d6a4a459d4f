"""Formats a build plan as text or JSON: pure functions."""

import json
from dataclasses import asdict

from flask_on_aws.build_plan.plan import BuildPlan


def as_text(plan: BuildPlan) -> str:
    """Every decision, with its reason on the line below."""
    width = max(len(decision.subject) for decision in plan.decisions) + 2
    lines: list[str] = []
    for decision in plan.decisions:
        lines += [f"{decision.subject:<{width}}{decision.value}", f"{'':<{width}}  {decision.reason}"]
    return "\n".join(lines)


def as_json(plan: BuildPlan) -> str:
    """The whole plan as JSON; the keys are the fields of `BuildPlan`."""
    return json.dumps(asdict(plan), indent=2)

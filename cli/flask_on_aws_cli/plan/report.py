"""A plan as text: pure functions."""

import json
from dataclasses import asdict

from flask_on_aws.build_plan.plan import BuildPlan


def as_text(plan: BuildPlan) -> str:
    """Every decision with its reason below it."""
    width = max(len(decision.subject) for decision in plan.decisions) + 2
    lines: list[str] = []
    for decision in plan.decisions:
        lines += [f"{decision.subject:<{width}}{decision.value}", f"{'':<{width}}  {decision.reason}"]
    return "\n".join(lines)


def as_json(plan: BuildPlan) -> str:
    """The whole plan; its names are those of `BuildPlan`."""
    return json.dumps(asdict(plan), indent=2)

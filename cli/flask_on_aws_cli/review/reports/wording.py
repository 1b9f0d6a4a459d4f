"""The words that all formats share: the verdict, headings, values and the consent to a loss."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..model import Change, Consent, Effect, Finding, Loss, Operation, Policy, PropertyChange, Report
from .cost_sections import verdict_part

_COUNTED = (
    "replaced",
    "deleted",
    "unknown",
    "with brief downtime",
    "in the maintenance window",
    "restart tasks",
    "in place",
    "renamed",
    "created",
)
"""Groups of the verdict, in its order."""
_GROUPS: Mapping[Effect, str] = {
    Effect.NONE: "in place",
    Effect.IN_PLACE: "in place",
    Effect.RESTARTS_TASKS: "restart tasks",
    Effect.WAITS_FOR_WINDOW: "in the maintenance window",
    Effect.BRIEF_DOWNTIME: "with brief downtime",
    Effect.UNKNOWN: "unknown",
    Effect.REPLACED: "replaced",
    Effect.LOSES_DATA: "in place",
}
_HEADINGS: Mapping[Effect, str] = {
    Effect.LOSES_DATA: "Loses data",
    Effect.REPLACED: "Replaced",
    Effect.UNKNOWN: "Unknown",
    Effect.BRIEF_DOWNTIME: "Brief downtime",
    Effect.WAITS_FOR_WINDOW: "Waits for the maintenance window",
    Effect.RESTARTS_TASKS: "Restarts tasks",
    Effect.IN_PLACE: "In place",
    Effect.NONE: "No change on AWS",
}
_DELETED, _CREATED = "Deleted", "Created"
_CONSENT: Mapping[Consent, str] = {
    Consent.MISSING: "Not accepted: change it back, or add {name} to acceptDataLoss.",
    Consent.GIVEN: "Accepted: acceptDataLoss (accept_data_loss in Python) includes {name}.",
    Consent.IMPOSSIBLE: "This cannot work; `pulumi up` fails.",
    Consent.NOT_NEEDED: "Nothing is lost yet.",
    Consent.NOT_GUARDED: "`pulumi up` does not ask for consent.",
}
_MAX_VALUE = 160  # characters of a value; more are cut in text and comments, not in JSON


def counts(report: Report) -> dict[str, int]:
    """The number of resources in each group of the verdict."""
    groups = [_group(change) for change in report.changes]
    return {name: groups.count(name) for name in _COUNTED if name in groups} | {"unchanged": report.unchanged}


def verdict(report: Report) -> str:
    """One line: `prod: 1 replaced (loses data: app-db), 41 unchanged; +36.50 to 115.67 USD a month; policy: 0 new`."""
    parts: list[str] = []
    for name, count in counts(report).items():
        lost = [
            change.name for change in report.changes if change.effect is Effect.LOSES_DATA and _group(change) == name
        ]
        parts.append(f"{count} {name}{_listed('loses data', lost)}")
    others = list(dict.fromkeys(loss.resource for loss in report.losses if loss.consent is Consent.MISSING))
    rejected = list(dict.fromkeys(loss.resource for loss in report.losses if loss.consent is Consent.IMPOSSIBLE))
    changes = f"{', '.join(parts)}{_listed('loses data', others)}{_listed('cannot work', rejected)}"
    costs = [verdict_part(report.costs)] if report.costs and report.costs.resources else []
    return "; ".join([f"{report.stack}: {changes}", *costs, f"policy: {len(report.policy.new)} new"])


def _listed(title: str, names: Sequence[str]) -> str:
    return f" ({title}: {', '.join(names)})" if names else ""


def _group(change: Change) -> str:
    if change.operation is Operation.CREATE:
        return "created"
    if change.operation is Operation.DELETE:
        return "deleted"
    if change.effect is Effect.LOSES_DATA and change.operation is Operation.REPLACE:
        return "replaced"
    if change.effect is Effect.NONE and change.previous_name and not change.properties:
        return "renamed"
    return _GROUPS[change.effect]


def sections(report: Report) -> dict[str, list[Change]]:
    """The changes by heading, the most severe first."""
    groups: dict[str, list[Change]] = {}
    for name in (*_HEADINGS.values(), _DELETED, _CREATED):
        groups[name] = [change for change in report.changes if heading(change) == name]
    return {name: group for name, group in groups.items() if group}


def heading(change: Change) -> str:
    """The heading of a change: its effect, or that it is created or deleted without losing data."""
    if change.operation is Operation.CREATE:
        return _CREATED
    if change.operation is Operation.DELETE and change.effect is not Effect.LOSES_DATA:
        return _DELETED
    return _HEADINGS[change.effect]


def consent(loss: Loss) -> str:
    """A sentence about the consent to a loss."""
    return _CONSENT[loss.consent].format(name=loss.resource)


def label(change: Change) -> str:
    """`replace app-db (aws:rds/instance:Instance)`."""
    renamed = f", before: {change.previous_name}" if change.previous_name else ""
    return f"{change.operation.value} {change.name} ({change.type}{renamed})"


def value(value: Any) -> str:
    """A value on one line."""
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    text = " ".join(text.split())
    return text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 1]}…"


def property_text(change: PropertyChange) -> str:
    """`username: app → owner`, without the values of a secret."""
    if change.secret:
        verb = "added" if change.before is None else "removed" if change.after is None else "changed"
        return f"{change.path}: secret, {verb}"
    if change.before is None:
        return f"{change.path}: set to {value(change.after)}"
    if change.after is None:
        return f"{change.path}: removed, was {value(change.before)}"
    return f"{change.path}: {value(change.before)} → {value(change.after)}"


def policy_summary(policy: Policy) -> str:
    """`Policy: 1 new, 0 fixed, 2 as before, 30 waived`, or empty if the change has nothing to do with the policy."""
    if not (policy.new or policy.fixed or policy.new_waived or policy.problems):
        return ""
    counts = {
        "new": policy.new,
        "fixed": policy.fixed,
        "as before": policy.unchanged,
        "waived": policy.waived,
    }
    return f"Policy: {', '.join(f'{len(findings)} {name}' for name, findings in counts.items())}"


def finding_title(finding: Finding) -> str:
    """`high db-backups: app-db (Pulumi.prod.yaml:7)`."""
    where = place(finding)
    return f"{finding.severity.label} {finding.rule}: {finding.name}{f' ({where})' if where else ''}"


def place(finding: Finding) -> str:
    """`Pulumi.prod.yaml:7`, or empty."""
    return f"{finding.file}:{finding.line}" if finding.file and finding.line else finding.file

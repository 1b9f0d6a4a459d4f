"""The report for programs; docs/review.md describes it."""

import json
from typing import Any

from ..model import Change, Finding, Loss, Policy, PropertyChange, Report
from .cost_sections import as_object
from .wording import counts, verdict

VERSION = 1
"""Raised when a field is removed or changes its meaning; new fields do not raise it."""


def as_json(report: Report) -> str:
    """The whole report as a JSON object."""
    return json.dumps(as_document(report), indent=2, ensure_ascii=False, default=str)


def as_document(report: Report) -> dict[str, Any]:
    """The whole report as an object of JSON."""
    return {
        "version": VERSION,
        "stack": report.stack,
        "base": report.base,
        "provider": report.provider,
        "verdict": verdict(report),
        "accepted": not report.rejected and not report.budget_problem,
        "counts": counts(report),
        "changes": [_change(change) for change in report.changes],
        "losses": [_loss(loss) for loss in report.losses],
        "cost": as_object(report.costs),
        "policy": _policy(report.policy),
        "notes": list(report.notes),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "urn": change.urn,
        "type": change.type,
        "name": change.name,
        "previousName": change.previous_name or None,
        "operation": change.operation.value,
        "effect": change.effect.label,
        "properties": [_property(difference) for difference in change.properties],
        "losses": [_loss(loss) for loss in change.losses],
        "notices": list(change.notices),
    }


def _property(change: PropertyChange) -> dict[str, Any]:
    return {
        "path": change.path,
        "before": change.before,
        "after": change.after,
        "secret": change.secret,
        "effect": change.effect.label,
    }


def _loss(loss: Loss) -> dict[str, Any]:
    return {
        "resource": loss.resource,
        "property": loss.property,
        "reason": loss.reason,
        "consent": loss.consent.value,
    }


def _policy(policy: Policy) -> dict[str, Any]:
    new_waived = set(map(id, policy.new_waived))
    return {
        "new": [_finding(finding) for finding in policy.new],
        "fixed": [_finding(finding) for finding in policy.fixed],
        "unchanged": [_finding(finding) for finding in policy.unchanged],
        "waived": [{**_finding(finding), "isNew": id(finding) in new_waived} for finding in policy.waived],
        "problems": list(policy.problems),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.label,
        "urn": finding.urn,
        "name": finding.name,
        "property": finding.property,
        "message": finding.message,
        "reason": finding.reason,
        "fix": finding.fix,
        "setting": finding.setting or None,
        "file": finding.file or None,
        "line": finding.line or None,
        "waiver": finding.waiver or None,
    }

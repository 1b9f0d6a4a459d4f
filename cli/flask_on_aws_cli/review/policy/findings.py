"""Evaluates the rules on the resources of a stack, and compares the findings with those before."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from ...pulumi_engine import Resource
from ..model import Finding, Policy
from .locations import Locations
from .rule import Rule, Violation
from .rules import RULES
from .stack import Node, Stack
from .waivers import Waiver, built_in

Key = tuple[str, str, str]
"""What identifies a finding: rule, URN, and property."""


def findings(
    resources: Iterable[Resource], secrets_known: bool = True, rules: Sequence[Rule] = tuple(RULES.values())
) -> list[Finding]:
    """Everything in a stack that does not follow the policy, waived or not; the most severe first.

    Args:
        resources: those of the stack.
        secrets_known: whether secrets are marked; if not, they are not judged. Default: True.
        rules: the rules of the policy. Default: all.
    """
    stack = Stack(resources, secrets_known)
    found = [
        _finding(rule, node, violation)
        for node in stack.nodes
        for rule in rules
        if node.type in rule.types
        for violation in rule.check(node, stack)
    ]
    return sorted(found, key=_order)


def compare(
    before: Mapping[str, Resource],
    after: Sequence[Resource],
    waivers: Sequence[Waiver] = (),
    locations: Locations | None = None,
    today: date | None = None,
) -> Policy:
    """What a change adds to the findings of a stack, and what it fixes.

    Args:
        before: the resources before, by URN.
        after: the resources after.
        waivers: those of the stack. Default: none. The components have theirs in any case.
        locations: finds the line to change. Default: it stays empty.
        today: the date by which waivers expire. Default: that of this machine.
    """
    day = today or date.today()
    names = {urn: resource.urn for resource in after for urn in resource.urns}
    previous = findings(before.values())
    old = {_key(each, names) for each in previous}
    all_waivers = [*waivers, *built_in()]
    current = [_waived(each, all_waivers, day) for each in findings(after)]
    current = [replace(each, **locations.place(each)) for each in current] if locations else current
    keys = {_key(each) for each in current}
    fixed = [each for each in previous if _key(each, names) not in keys]
    is_open = [each for each in current if not each.waiver]
    waived = [each for each in current if each.waiver]
    return Policy(
        new=[each for each in is_open if _key(each) not in old],
        fixed=[each for each in fixed if not _waived(each, all_waivers, day).waiver],
        unchanged=[each for each in is_open if _key(each) in old],
        waived=waived,
        new_waived=[each for each in waived if _key(each) not in old],
        problems=list(_problems(waivers, current, day)),
    )


def _finding(rule: Rule, node: Node, violation: Violation) -> Finding:
    resource = node.resource
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        property=violation.property,
        message=f"{rule.title}: {violation.property} {violation.detail}.",
        reason=rule.reason,
        fix=rule.fix,
        setting=rule.setting,
    )


def _waived(finding: Finding, waivers: Sequence[Waiver], today: date) -> Finding:
    waiver = next((each for each in waivers if each.covers(finding) and not each.has_expired(today)), None)
    return replace(finding, waiver=waiver.reason) if waiver else finding


def _problems(waivers: Sequence[Waiver], current: Sequence[Finding], today: date) -> Iterator[str]:
    """Waivers of the stack that have expired, or that nothing needs."""
    for waiver in waivers:
        if waiver.rule not in RULES:
            yield f"{waiver.label}: there is no rule {waiver.rule}; docs/policy-rules.md lists them."
        elif not any(map(waiver.covers, current)):
            yield f"{waiver.label}: nothing needs this waiver any more; remove it."
        elif waiver.has_expired(today):
            yield f"{waiver.label}: this waiver expired on {waiver.expires}."


def _key(finding: Finding, names: Mapping[str, str] | None = None) -> Key:
    return finding.rule, (names or {}).get(finding.urn, finding.urn), finding.property


def _order(finding: Finding) -> tuple[int, str, str, str]:
    return -finding.severity, finding.rule, finding.name, finding.property

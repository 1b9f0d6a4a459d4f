"""The policy for Pulumi's engine: a policy pack (CrossGuard) with one policy for each rule.

`policy-pack/` in the repository is the pack; it needs `pulumi-policy`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, cast

import pulumi_policy  # pyright: ignore[reportMissingImports]
from pulumi_policy.proxy import UnknownValueError  # pyright: ignore[reportMissingImports, reportUnknownVariableType]

from ...pulumi_engine import Resource
from ...pulumi_engine.model.values import UNKNOWN
from ..model import Severity
from .findings import findings
from .rule import Rule
from .rules import RULES
from .waivers import built_in

# The SDK, which is an environment's own choice.
_sdk = cast(Any, pulumi_policy)
_UnknownValueError = cast(type[Exception], UnknownValueError)
_MANDATORY = (Severity.HIGH, Severity.CRITICAL)
# What Pulumi and its AWS provider add to the properties of a resource.
_ADDED = ("__defaults", "tagsAll")


def policies() -> list[Any]:
    """A policy for each rule. Those of high and critical severity stop an update, the others are warnings.

    The waivers of the components hold. `pulumi policy enable --config` and `--policy-pack-config` change the level of a
    policy, also to `disabled`.
    """
    return [_policy(rule) for rule in RULES.values()]


def _policy(rule: Rule) -> Any:
    def validate(args: Any, report_violation: Callable[[str, str], None]) -> None:
        resources = [_resource(each) for each in args.resources]
        for finding in findings(resources, secrets_known=False, rules=[rule]):
            if not any(waiver.covers(finding) and not waiver.has_expired(date.today()) for waiver in built_in()):
                report_violation(f"{finding.message} {finding.reason} {finding.fix}", finding.urn)

    return _sdk.StackValidationPolicy(
        name=rule.id,
        description=f"{rule.title}.",
        validate=validate,
        enforcement_level=_sdk.EnforcementLevel.MANDATORY
        if rule.severity in _MANDATORY
        else _sdk.EnforcementLevel.ADVISORY,
        severity=_sdk.Severity(rule.severity.label),
        remediation_steps=rule.fix,
        tags=rule.covers.split(),
    )


def _resource(source: Any) -> Resource:
    """A resource of the engine, whose secrets are plain values here."""
    return Resource(
        urn=source.urn,
        type=source.resource_type,
        name=source.name,
        parent="",
        custom=True,
        inputs={key: value for key, value in _values(source.props) if key not in _ADDED},
        property_dependencies={
            key: [target.urn for target in targets] for key, targets in source.property_dependencies.items()
        },
    )


def _values(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The properties without those that are null, as in a program."""
    for key in values:
        try:
            value = _plain(values[key])
        except _UnknownValueError:
            value = UNKNOWN
        if value is not None:
            yield key, value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(_values(cast(Mapping[str, Any], value)))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        items = cast(Sequence[Any], value)
        return [_item(items, index) for index in range(len(items))]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _item(items: Sequence[Any], index: int) -> Any:
    try:
        return _plain(items[index])
    except _UnknownValueError:
        return UNKNOWN

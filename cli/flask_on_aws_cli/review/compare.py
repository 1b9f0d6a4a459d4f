"""Compares two snapshots of a stack: every resource that changes, with the effect of each property."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from ..pulumi_engine import Resource, Secret
from ..pulumi_engine.model.references import references, replace_references
from ..pulumi_engine.model.values import plain
from .effects import data_loss
from .effects.classify import Verdict, classify, ignored
from .effects.data_loss import Acceptance
from .effects.property_rules import DELETED
from .effects.replacement import has_information
from .matching import Pair, pairs
from .model import Change, Consent, Effect, Loss, Operation, PropertyChange
from .values import Difference, differences, shown, unknown_paths

_NEW = " (new)"
_ANY = "\0"  # in no property of a resource
_PROVIDERS = "pulumi:providers:"


@dataclass
class Comparison:
    """The result of `compare`."""

    changes: list[Change] = field(default_factory=list[Change])
    unchanged: int = 0
    losses: list[Loss] = field(default_factory=list[Loss])
    """Those of no resource that changes."""
    unknown: list[str] = field(default_factory=list[str])
    """Properties that are known on neither side, such as `app-web.taskDefinition`: a change of them is not noticed."""


def compare(
    before: Mapping[str, Resource],
    after: Sequence[Resource],
    acceptance: Acceptance,
    secrets_compared: bool = True,
    exists: bool = False,
) -> Comparison:
    """What changes between two snapshots.

    Args:
        before: the resources before, by URN.
        after: the resources after, in the order of the program.
        acceptance: which losses are accepted.
        secrets_compared: whether secrets before are known; otherwise they count as unchanged.
        exists: whether the resources before exist on AWS. Then their values are actual ones, and a reference for which
            the state has no value stands for any of them.
    """
    matched = pairs(before, after)
    custom = [pair for pair in matched if _of(pair).custom and not _of(pair).type.startswith(_PROVIDERS)]
    found = _Differences(custom, secrets_compared, exists)
    components = [(pair.before, pair.after) for pair in matched if pair.before and not _of(pair).custom]
    recorded = data_loss.recorded_names(component for component, _ in components)
    losses = list(data_loss.record_losses(components, acceptance))
    around = {component.urn: component for component, _ in components}
    result = Comparison()
    for pair in custom:
        name = _name_before(pair)
        own = [loss for loss in losses if loss.resource == name and _is_main(pair)]
        is_guarded = name not in recorded and pair.before is not None and data_loss.is_guarded(pair.before, around)
        change = _change(pair, found, replace(acceptance, is_guarded=is_guarded), own, name in recorded)
        if change is None:
            result.unchanged += 1
        else:
            losses = [loss for loss in losses if loss not in own]
            result.changes.append(change)
        if pair.before and pair.after and pair.after.type.startswith("aws:"):
            result.unknown += [
                f"{pair.after.name}.{path}" for path in unknown_paths(pair.before.inputs, pair.after.inputs)
            ]
    result.losses = losses
    result.unknown.sort()
    result.changes.sort(key=_severity)
    return result


class _Differences:
    """The differences of each pair, and which pairs are replaced, with what follows from that for others."""

    def __init__(self, matched: Sequence[Pair], secrets_compared: bool, exists: bool) -> None:
        self._by_urn: dict[str, list[tuple[Difference, Verdict]]] = {}
        self._new: set[tuple[str, str]] = set()
        self._existing = {_reference_key(pair.after) for pair in matched if exists and pair.before and pair.after}
        self._secrets_compared = secrets_compared
        # A replaced resource has new outputs, which change and may replace those that refer to it.
        remaining = True
        while remaining:
            remaining = False
            for pair in matched:
                if pair.before and pair.after and self._compare(pair.before, pair.after):
                    remaining = True

    def of(self, resource: Resource) -> list[tuple[Difference, Verdict]]:
        """The differences of a resource that stays in the program."""
        return self._by_urn.get(resource.urn, [])

    def _compare(self, before: Resource, after: Resource) -> bool:
        """Compare a pair with what is known so far; returns whether it is replaced for the first time."""
        found = [
            (difference, classify(after, difference))
            for difference in differences(dict(before.inputs), self._with_new(dict(after.inputs)))
            if not ignored(after.options, difference.path)
            and (self._secrets_compared or not difference.secret or difference.before is None)
            and not self._is_same_output(difference)
        ]
        self._by_urn[after.urn] = found
        key = _reference_key(after)
        if key in self._new or not any(verdict.replaces for _, verdict in found):
            return False
        self._new.add(key)
        return True

    def _is_same_output(self, difference: Difference) -> bool:
        """Whether the value before can be what references to existing resources stand for."""
        before, after = difference.before, difference.after
        if not isinstance(before, str) or not isinstance(after, str):
            return False
        found = [(each.type, each.name) for each in references(after)]
        pattern = re.escape(replace_references(after, lambda each: _ANY)).replace(re.escape(_ANY), ".+")
        return bool(found) and self._existing.issuperset(found) and re.fullmatch(pattern, before) is not None

    def _with_new(self, value: Any) -> Any:
        """The value with a mark at each reference to a resource that is replaced."""
        if isinstance(value, str):
            if not any((found.type, found.name) in self._new for found in references(value)):
                return value
            return replace_references(
                value,
                lambda found: (
                    f"${{{found.type} {found.name}.{found.output}}}{_NEW}"
                    if (found.type, found.name) in self._new
                    else None
                ),
            )
        if isinstance(value, Secret):
            return Secret(self._with_new(value.value))
        if isinstance(value, Mapping):
            return {key: self._with_new(item) for key, item in cast(Mapping[str, Any], value).items()}
        return [self._with_new(item) for item in cast(list[Any], value)] if isinstance(value, list) else value


def _reference_key(resource: Resource) -> tuple[str, str]:
    """Type and name as in references to the resource."""
    return resource.type.rpartition(":")[2], resource.name


def _change(
    pair: Pair, found: _Differences, acceptance: Acceptance, own: list[Loss], is_recorded: bool
) -> Change | None:
    """The change of a pair, or None if it stays the same."""
    before, after = pair.before, pair.after
    if after is None:
        assert before is not None  # noqa: S101 a pair has at least one
        return _deletion(before, acceptance, own, is_recorded)
    if before is None:
        return _creation(after)
    verdicts = found.of(after)
    losses = [*own, *([] if is_recorded else data_loss.resource_losses(before, after, acceptance))]
    losses += data_loss.weakened(before, after, acceptance, {loss.property for loss in losses})
    cause = next((difference.path[0] for difference, verdict in verdicts if verdict.replaces), "")
    if cause and not any(map(_loses, losses)) and not _is_impossible(losses):
        losses += data_loss.end_losses(before, "replaces", cause, acceptance, _is_protected(before))
    if cause and not _is_impossible(losses):
        losses += data_loss.protected_end(before, "replaces")
    renamed = before.name if before.name != after.name else ""
    if not verdicts and not losses and not renamed:
        return None
    operation = Operation.REPLACE if cause else Operation.UPDATE
    effect = max((verdict.effect for _, verdict in verdicts), default=Effect.NONE)
    return Change(
        urn=after.urn,
        type=after.type,
        name=after.name,
        operation=operation,
        effect=_with_losses(effect, after, operation, losses),
        properties=[_property(difference, verdict) for difference, verdict in verdicts],
        losses=losses,
        notices=_notices([verdict for _, verdict in verdicts]),
        previous_name=renamed,
    )


def _deletion(before: Resource, acceptance: Acceptance, own: list[Loss], is_recorded: bool) -> Change:
    losses = list(own)
    if not is_recorded:
        losses += data_loss.resource_losses(before, None, acceptance)
    if not losses:
        losses += data_loss.end_losses(before, "deletes", "removed", acceptance, _is_protected(before))
    if not _is_impossible(losses):
        losses += data_loss.protected_end(before, "deletes")
    notice = "It stays on AWS, outside of the stack." if before.options.retain_on_delete else DELETED.get(before.type)
    notices = [notice] if notice else []
    effect = _with_losses(Effect.IN_PLACE, before, Operation.DELETE, losses)
    return Change(before.urn, before.type, before.name, Operation.DELETE, effect, losses=losses, notices=notices)


def _creation(after: Resource) -> Change:
    properties = [
        PropertyChange(".".join(difference.path), None, shown(difference.after), Effect.IN_PLACE, difference.secret)
        for difference in differences({}, dict(after.inputs))
    ]
    return Change(after.urn, after.type, after.name, Operation.CREATE, Effect.IN_PLACE, properties)


def _property(difference: Difference, verdict: Verdict) -> PropertyChange:
    path = ".".join(difference.path)
    before, after = shown(difference.before), shown(difference.after)
    return PropertyChange(path, before, after, verdict.effect, difference.secret)


def _notices(verdicts: Sequence[Verdict]) -> list[str]:
    """What users notice; what would happen in place does not happen to a resource that is replaced."""
    replacing = [verdict for verdict in verdicts if verdict.replaces]
    return sorted({verdict.notice for verdict in replacing or verdicts if verdict.notice})


def _severity(change: Change) -> tuple[Any, ...]:
    """The key that sorts the most severe change first, and always in the same order."""
    accepted = all(loss.consent is not Consent.MISSING for loss in change.losses)
    return -change.effect, accepted, change.operation.value, change.type, change.name, change.urn


def _loses(loss: Loss) -> bool:
    """Whether data is lost by this change itself."""
    return loss.consent in (Consent.MISSING, Consent.GIVEN, Consent.NOT_GUARDED)


def _with_losses(effect: Effect, resource: Resource, operation: Operation, losses: Sequence[Loss]) -> Effect:
    """The effect of a change with its losses; that of a change which is rejected is what it would be."""
    ends = operation in (Operation.REPLACE, Operation.DELETE) and resource.type in data_loss.STATEFUL
    return Effect.LOSES_DATA if any(map(_loses, losses)) or (ends and _is_impossible(losses)) else effect


def _is_impossible(losses: Sequence[Loss]) -> bool:
    return any(loss.consent is Consent.IMPOSSIBLE for loss in losses)


def replaced(before: Resource, after: Resource) -> bool:
    """Whether the differences of a resource replace it."""
    return any(
        classify(after, difference).replaces
        for difference in differences(dict(before.inputs), dict(after.inputs))
        if not ignored(after.options, difference.path)
    )


def _is_protected(resource: Resource) -> bool:
    return plain(resource.inputs.get("deletionProtection")) is True


def _of(pair: Pair) -> Resource:
    resource = pair.after or pair.before
    assert resource is not None  # noqa: S101 a pair has at least one
    return resource


def _name_before(pair: Pair) -> str:
    return (pair.before or _of(pair)).name


def _is_main(pair: Pair) -> bool:
    """Whether the resource has the data: others, such as a load balancer, may have the same logical name."""
    return _of(pair).type in data_loss.STATEFUL


def unknown_types(resources: Sequence[Resource]) -> Iterator[str]:
    """The types without information about what replaces them."""
    yield from sorted(
        {resource.type for resource in resources if resource.custom and not has_information(resource.type)}
    )

"""The diagram of a review: the stack after the change, with what the change does to each node."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from ..picture import Diagram, Difference, Mark, diagram
from ..picture import Resource as Drawn
from ..pulumi_engine import UNKNOWN, Resource
from ..pulumi_engine.model.values import plain
from .inputs.snapshot import Snapshot
from .matching import pairs
from .model import Change, Effect, Operation

_MARKS: Mapping[Effect, Mark] = {
    Effect.NONE: Mark.NONE,
    Effect.IN_PLACE: Mark.CHANGED,
    Effect.RESTARTS_TASKS: Mark.RESTARTS,
    Effect.WAITS_FOR_WINDOW: Mark.WAITS,
    Effect.BRIEF_DOWNTIME: Mark.DOWNTIME,
    Effect.UNKNOWN: Mark.UNKNOWN,
    Effect.REPLACED: Mark.REPLACED,
    Effect.LOSES_DATA: Mark.LOSES_DATA,
}
_Outputs = Mapping[str, Mapping[str, Any]]


def stack_diagram(title: str, program: Sequence[Resource], base: Snapshot, changes: Iterable[Change]) -> Diagram:
    """The diagram of a stack, with its changes marked unless all of it is new.

    Args:
        title: what it is a picture of.
        program: the resources of the program.
        base: what the program is compared with.
        changes: what the comparison has found.
    """
    matched = pairs(base.resources, program)
    urns = {pair.before.urn: pair.after.urn for pair in matched if pair.before and pair.after}
    old_urns = {new: old for old, new in urns.items()}
    after = [
        drawn(pair.after, base.outputs.get(old_urns.get(pair.after.urn, ""), {}))
        for pair in matched
        if pair.after and pair.after.custom
    ]
    if not base.resources:
        return diagram(title, after)
    before = [
        drawn(pair.before, base.outputs.get(pair.before.urn, {}), urns)
        for pair in matched
        if pair.before and pair.before.custom
    ]
    return diagram(title, after, Difference(before, {change.urn: _mark(change) for change in changes}))


def drawn(resource: Resource, outputs: Mapping[str, Any], urns: Mapping[str, str] | None = None) -> Drawn:
    """A resource as the picture reads it: with plain values, of which it shows names, sizes and ports alone.

    Args:
        resource: the resource.
        outputs: its actual outputs, if it exists.
        urns: URN → the URN that it has in the picture. Default: the same.
    """
    renamed = urns or {}
    return Drawn(
        renamed.get(resource.urn, resource.urn),
        resource.type,
        resource.name,
        _known(plain(resource.inputs)),
        _known(plain(outputs)),
        {
            name: [renamed.get(urn, urn) for urn in dependencies]
            for name, dependencies in resource.property_dependencies.items()
        },
    )


def _mark(change: Change) -> Mark:
    if change.effect is not Effect.LOSES_DATA:
        if change.operation is Operation.CREATE:
            return Mark.CREATED
        if change.operation is Operation.DELETE:
            return Mark.DELETED
    return _MARKS[change.effect]


def _known(value: Any) -> Any:
    """The value with None in place of what is not known."""
    if value is UNKNOWN:
        return None
    if isinstance(value, Mapping):
        return {key: _known(item) for key, item in cast(Mapping[str, Any], value).items()}
    return [_known(item) for item in cast(list[Any], value)] if isinstance(value, list) else value

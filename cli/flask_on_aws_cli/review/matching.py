"""Pairs the resources of two snapshots: by URN, or by an alias if a resource was renamed or moved."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from ..pulumi_engine import Resource, Secret
from ..pulumi_engine.model.references import Reference, replace_references


@dataclass(frozen=True)
class Pair:
    """A resource before and after; one of them is None if it is created or deleted."""

    before: Resource | None
    after: Resource | None


def pairs(before: Mapping[str, Resource], after: Iterable[Resource]) -> list[Pair]:
    """All resources of both, in the order of the program; deleted ones are last.

    References to a renamed resource have its new name on both sides.
    """
    resources = list(after)
    registered = {resource.urn for resource in resources}
    old_urns: dict[str, str] = {}
    for resource in resources:
        candidates = [urn for urn in resource.urns if urn == resource.urn or urn not in registered]
        found = next((urn for urn in candidates if urn in before and urn not in old_urns.values()), None)
        if found is not None:
            old_urns[resource.urn] = found
    renamed = {
        (_type(before[old]), before[old].name): resource.name
        for resource in resources
        if (old := old_urns.get(resource.urn)) and before[old].name != resource.name
    }
    matched = [Pair(_with_names(before[old_urns[r.urn]], renamed) if r.urn in old_urns else None, r) for r in resources]
    gone = [urn for urn in before if urn not in old_urns.values()]
    return matched + [Pair(before[urn], None) for urn in gone]


def _type(resource: Resource) -> str:
    return resource.type.rpartition(":")[2]


def _with_names(resource: Resource, names: Mapping[tuple[str, str], str]) -> Resource:
    return replace(resource, inputs=_renamed(resource.inputs, names)) if names else resource


def _renamed(value: Any, names: Mapping[tuple[str, str], str]) -> Any:
    def replacement(found: Reference) -> str | None:
        name = names.get((found.type, found.name))
        return None if name is None else f"${{{found.type} {name}.{found.output}}}"

    if isinstance(value, str):
        return replace_references(value, replacement)
    if isinstance(value, Secret):
        return Secret(_renamed(value.value, names))
    if isinstance(value, Mapping):
        return {key: _renamed(item, names) for key, item in cast(Mapping[str, Any], value).items()}
    return [_renamed(item, names) for item in cast(list[Any], value)] if isinstance(value, list) else value

"""The resources that rules look at, with the references between them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, cast

from ...pulumi_engine import Resource, Secret
from ...pulumi_engine.model.references import references
from ...pulumi_engine.model.values import Unknown, plain
from ..effects.terraform_names import canonical_type

_PREFIX = "aws:"


class Node:
    """A resource with its inputs as plain values."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.name = resource.name
        self.type = canonical_type(resource.type).removeprefix(_PREFIX)
        """Such as `rds/instance:Instance`."""

    @cached_property
    def inputs(self) -> Mapping[str, Any]:
        """Inputs, secrets among them as plain values. Values that are not known are `UNKNOWN`."""
        return cast(Mapping[str, Any], plain(self.resource.inputs))

    def at(self, path: str) -> list[Any]:
        """All values at a path, such as `rules.expiration.days`; lists on the way are passed through."""
        return list(values_at(self.inputs, path.split(".")))

    def get(self, path: str) -> Any:
        """The first value at a path, or None."""
        return next(iter(self.at(path)), None)

    def document(self, path: str) -> Any:
        """The object or list that a property has as JSON, or as a value; None if it is not known."""
        value = self.get(path)
        if not isinstance(value, str):
            return cast(Any, value) if isinstance(value, Mapping | list) else None
        try:
            return json.loads(value)
        except ValueError:
            return None

    def is_secret(self, path: str) -> bool:
        """Whether Pulumi encrypts the value of a property in the state."""
        return isinstance(self.resource.inputs.get(path), Secret)


def values_at(value: Any, keys: list[str]) -> Iterator[Any]:
    """All values at a path of keys in mappings and lists."""
    if isinstance(value, list):
        for item in cast(list[Any], value):
            yield from values_at(item, keys)
    elif not keys:
        if value is not None:
            yield value
    elif isinstance(value, Mapping):
        entries = cast(Mapping[str, Any], value)
        if keys[0] in entries:
            yield from values_at(entries[keys[0]], keys[1:])


def is_known(value: Any) -> bool:
    """Whether a value is known before the update."""
    return not isinstance(value, Unknown)


class Stack:
    """The AWS resources of a stack.

    Args:
        resources: all its resources.
        secrets_known: whether secrets are marked. Default: True.
    """

    def __init__(self, resources: Iterable[Resource], secrets_known: bool = True) -> None:
        self.nodes = [Node(each) for each in resources if each.custom and each.type.startswith(_PREFIX)]
        self.secrets_known = secrets_known
        self._by_urn = {node.resource.urn: node for node in self.nodes}
        self._by_reference = {(node.resource.type.rpartition(":")[2], node.name): node for node in self.nodes}

    def of_type(self, *types: str) -> list[Node]:
        """The resources of these types."""
        return [node for node in self.nodes if node.type in types]

    def targets(self, node: Node, property_name: str) -> list[Node]:
        """The resources that a property refers to."""
        value = node.inputs.get(property_name)
        named = [self._by_reference.get((each.type, each.name)) for each in _references(value)]
        if named:
            return [target for target in named if target]
        urns = node.resource.property_dependencies.get(property_name, ())
        return [self._by_urn[urn] for urn in urns if urn in self._by_urn]

    def refers_to_outside(self, node: Node, property_name: str) -> bool:
        """Whether a property has a value that no resource of the stack stands for, such as an ARN in a setting."""
        return node.inputs.get(property_name) is not None and not self.targets(node, property_name)

    def referring(self, target: Node, kind: str, property_name: str) -> list[Node]:
        """The resources of a type that refer to a resource by a property."""
        return [node for node in self.of_type(kind) if target in self.targets(node, property_name)]


def _references(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        yield from references(value)
    elif isinstance(value, Mapping):
        for item in cast(Mapping[str, Any], value).values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in cast(list[Any], value):
            yield from _references(item)

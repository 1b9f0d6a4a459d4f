"""What a program asks for: resources in the order of their registration, and how they depend on each other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Options:
    """A resource's options, as Pulumi's ResourceOptions name them."""

    protect: bool = False
    retain_on_delete: bool = False
    delete_before_replace: bool | None = None
    """None: the type decides."""
    ignore_changes: Sequence[str] = ()
    """Property paths whose changes are not applied."""
    replace_on_changes: Sequence[str] = ()
    """Property paths whose changes replace the resource; `*` is any."""
    aliases: Sequence[str] = ()
    """URNs that the resource had before."""
    deleted_with: str = ""
    """URN of the resource whose deletion takes this one along."""
    import_id: str = ""
    """Id of what exists on AWS and is taken over instead of being created."""
    additional_secret_outputs: Sequence[str] = ()
    hooks: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """`before_create`, `after_create` and so on → names of registered hooks."""


@dataclass(frozen=True)
class Resource:
    """One registration."""

    urn: str
    type: str
    name: str
    parent: str
    """URN of the parent, empty for the stack itself."""
    custom: bool
    """False for components, which have no life of their own."""
    inputs: Mapping[str, Any]
    """Plain values, `Secret`s, and `UNKNOWN` where only an update tells."""
    dependencies: Sequence[str] = ()
    """URNs that must exist before, in all."""
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """Property → the URNs that its value comes from."""
    options: Options = Options()

    @property
    def label(self) -> str:
        """Type and name, as messages call a resource."""
        return f"{self.type} {self.name}"


@dataclass(frozen=True)
class Graph:
    """All that a program registered, and what it exports."""

    resources: Sequence[Resource]
    outputs: Mapping[str, Any]
    """The stack's outputs."""

    def of_type(self, type_token: str) -> list[Resource]:
        """The resources of a type, like `aws:ecs/service:Service`."""
        return [resource for resource in self.resources if resource.type == type_token]

    def custom(self) -> list[Resource]:
        """All but the components."""
        return [resource for resource in self.resources if resource.custom]


def make_urn(stack: str, project: str, parent: str, type_token: str, name: str) -> str:
    """Pulumi's name for a resource: the types of its parents, its own type and its logical name."""
    qualified = type_token
    if parent:
        parent_types = parent.split("::")[2]
        if parent_types != STACK_TYPE:
            qualified = f"{parent_types}${type_token}"
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"


def dependents_first(edges: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """The keys in an order in which each comes before all that it depends on; the last given come first otherwise.

    Args:
        edges: key → the keys that it depends on. Others than the mapping's own keys are left aside.
    """
    waiting = {key: {other for other in others if other in edges and other != key} for key, others in edges.items()}
    while waiting:
        needed = {other for others in waiting.values() for other in others}
        free = [key for key in reversed(waiting) if key not in needed]
        # Parents may point at each other through aliases of old states; then any order is as good.
        for key in free or list(reversed(waiting)):
            yield key
            del waiting[key]

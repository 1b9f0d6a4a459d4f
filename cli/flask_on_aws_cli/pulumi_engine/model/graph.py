"""What a program registers: resources in the order of their registration, and how they depend on each other."""

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
    """URN of the resource whose deletion also deletes this one."""
    import_id: str = ""
    """Id of the existing AWS resource that is imported instead of being created."""
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
    """False for components, which only group other resources."""
    inputs: Mapping[str, Any]
    """Plain values, `Secret`s, and `UNKNOWN` for values that only an update determines."""
    dependencies: Sequence[str] = ()
    """URNs of all resources that must exist before this one."""
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """Property → URNs of the resources that its value comes from."""
    options: Options = Options()
    provider: str = ""
    """URN of its explicit provider; empty for the default one."""
    region: str = ""
    """The region that it is created in; empty for the stack's."""
    calls: Sequence[tuple[str, int]] = field(default=(), compare=False)
    """File and line of each call that led to it, the innermost first; without those in installed packages."""

    @property
    def urns(self) -> Sequence[str]:
        """The URN, and those that the resource had before."""
        return (self.urn, *self.options.aliases)

    @property
    def label(self) -> str:
        """Type and name, as messages call a resource."""
        return f"{self.type} {self.name}"


@dataclass(frozen=True)
class Graph:
    """All resources that a program registered, and its outputs."""

    resources: Sequence[Resource]
    outputs: Mapping[str, Any]
    """The stack's outputs."""

    def of_type(self, type_token: str) -> list[Resource]:
        """The resources of one type, such as `aws:ecs/service:Service`."""
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
    """The keys, each before all that it depends on; otherwise in the reverse order of the mapping.

    Args:
        edges: key → the keys that it depends on. Those that are not keys of the mapping are ignored.
    """
    remaining = {key: {other for other in others if other in edges and other != key} for key, others in edges.items()}
    while remaining:
        required = {other for others in remaining.values() for other in others}
        free = [key for key in reversed(remaining) if key not in required]
        # Aliases in old states can make parents refer to each other; then any order is acceptable.
        for key in free or list(reversed(remaining)):
            yield key
            del remaining[key]

"""A stack at one time: its resources and, if it exists on AWS, their outputs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...pulumi_engine import Resource
from ...pulumi_engine.model.values import plain
from ...pulumi_engine.program.evaluate import DEFAULT_REGION

_PROVIDER = "pulumi:providers:aws"


@dataclass(frozen=True)
class Snapshot:
    """The resources of a stack, by URN."""

    label: str
    """What it was taken from, such as `main (1a2b3c4)`."""
    resources: Mapping[str, Resource] = field(default_factory=dict[str, Resource])
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """The actual outputs and `id` by URN; empty if the resources are those of a program, which has not run."""

    secrets_known: bool = True
    """Whether the values of secrets can be compared; those of an exported state are encrypted."""

    created: frozenset[str] | None = None
    """In a plan, which has only what changes: the URNs of the resources that it creates. Other resources of the program
    that are not in `resources` stay the same. None: all resources are in `resources`."""

    config: Mapping[str, str] | None = None
    """The stack's configuration, as in `Project.config`; None if it is not known."""

    @property
    def region(self) -> str:
        """The region of the stack's default provider; empty if it is not known."""
        if self.config is not None:
            return self.config.get("aws:region", DEFAULT_REGION)
        for resource in self.resources.values():
            region = plain(resource.inputs.get("region"))
            if resource.type == _PROVIDER and resource.name.startswith("default") and isinstance(region, str):
                return region
        return ""

    def completed(self, program: Iterable[Resource]) -> "Snapshot":
        """The snapshot with the resources of a program that a plan does not have because they stay the same."""
        if self.created is None:
            return self
        unchanged = {
            resource.urn: resource
            for resource in program
            if resource.urn not in self.created and self.resources.keys().isdisjoint(resource.urns)
        }
        return replace(self, resources={**self.resources, **unchanged})

    @property
    def is_of_state(self) -> bool:
        """Whether the resources exist on AWS."""
        return bool(self.outputs)

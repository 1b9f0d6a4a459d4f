"""The interfaces between the parts of the local AWS.

moto keeps the API's records. Each part reads the desired state there, brings it about, and writes back the actual
state, so that every client of the API sees it.
"""

from typing import NamedTuple, Protocol

from ..local_project.location import Target


class Part(Protocol):
    """A part of the local AWS that runs its own threads or processes."""

    def start(self) -> None:
        """Start the work, after taking over or ending what a killed daemon left running."""
        ...

    def stop(self) -> None:
        """Stop everything that was started; data is kept."""
        ...


class TargetHealth(NamedTuple):
    """A target's health in DescribeTargetHealth's terms."""

    state: str
    """`initial`, `healthy`, `unhealthy`, `unused` or `draining`."""
    reason: str | None = None
    """A reason code such as `Target.ResponseCodeMismatch`; None if healthy."""
    description: str | None = None


class Targets(Protocol):
    """The targets of the load balancers' target groups, as services use them."""

    def register(self, target_group_arn: str, target: Target) -> None:
        """Start to check the target and, once it is healthy, to route to it."""
        ...

    def deregister(self, target_group_arn: str, target: Target) -> None:
        """Stop routing to the target after a moment, and remove it after the group's deregistration delay."""
        ...

    def health(self, target_group_arn: str, target: Target) -> TargetHealth:
        """The target's state; `unused` if it is not registered."""
        ...

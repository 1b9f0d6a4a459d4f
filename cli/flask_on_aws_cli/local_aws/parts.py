"""What the parts of the local AWS ask of each other.

The API's records are kept by moto. Each part reads what is desired there, makes it so, and writes back what is true, so
that every client of the API is told the truth.
"""

from typing import NamedTuple, Protocol

from ..local_project.location import Target


class Part(Protocol):
    """A piece of the data plane with threads or processes of its own."""

    def start(self) -> None:
        """Take up the work; what was left running by a killed daemon is taken over or ended first."""
        ...

    def stop(self) -> None:
        """End all that was started, the data kept."""
        ...


class TargetHealth(NamedTuple):
    """What DescribeTargetHealth says of a target, in AWS's words."""

    state: str
    """initial, healthy, unhealthy, unused or draining."""
    reason: str | None = None
    """Like Target.ResponseCodeMismatch; None when healthy."""
    description: str | None = None


class Targets(Protocol):
    """The target groups of the load balancers, as the services use them."""

    def register(self, target_group_arn: str, target: Target) -> None:
        """Start to probe and, once it is healthy, to route to the target."""
        ...

    def deregister(self, target_group_arn: str, target: Target) -> None:
        """Send it no new request after a moment, and forget it after the group's deregistration delay."""
        ...

    def health(self, target_group_arn: str, target: Target) -> TargetHealth:
        """The target's state; `unused` when it is not registered."""
        ...

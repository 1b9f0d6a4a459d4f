"""Which nodes a resource belongs to: a listener to its load balancer, a role to the service whose tasks have it."""

from collections.abc import Mapping

from .kinds import OF_USERS, OWNERS, SUBNET, VPC, kind_of
from .resources import Resource, Resources

# Whoever is in a network does not belong to it, and neither does it belong to them.
_NETWORK = (VPC, SUBNET)
# Kinds that only record something about what they refer to, such as a parameter with the ARN of a task definition.
_RECORDS = ("list", "key", "bell", "dns")
_IN_NETWORK = ("ec2/route", "ec2/internetGateway", "ec2/egressOnly", "ec2/flowLog", "ec2/networkAcl", "ec2/defaultS")


class Membership:
    """The nodes and networks of each resource, by URN."""

    def __init__(self, resources: Resources, drawn: Mapping[str, str]) -> None:
        """Remember which resources are drawn.

        Args:
            resources: all resources.
            drawn: URN → id of the node or network of the resources that are drawn themselves.
        """
        self._resources, self._drawn = resources, drawn
        self._found: dict[str, frozenset[str]] = {}

    def of(self, resource: Resource) -> frozenset[str]:
        """The ids of the nodes and networks that a resource belongs to; empty if there are none."""
        if resource.urn in self._drawn:
            return frozenset({self._drawn[resource.urn]})
        if resource.urn not in self._found:
            self._found[resource.urn] = frozenset()  # for resources that refer to each other
            self._found[resource.urn] = frozenset(node for owner in self._owners(resource) for node in self.of(owner))
        return self._found[resource.urn]

    def _owners(self, resource: Resource) -> list[Resource]:
        kind = resource.type.removeprefix("aws:")
        if kind in OF_USERS:
            return [user for user in self._resources.users(resource) if self._is_owner(user, resource)]
        owners = self._resources.referred(resource, *OWNERS.get(kind, ()))
        if kind.startswith(_IN_NETWORK) or kind == SUBNET:
            return owners
        return [owner for owner in owners if not owner.type.endswith(_NETWORK)]

    @staticmethod
    def _is_owner(user: Resource, resource: Resource) -> bool:
        """Whether a resource that refers to another one is its owner, and not one of its parts."""
        name, kind = user.type.removeprefix("aws:"), kind_of(user.type)
        owns = name in OF_USERS if kind is None else kind.id not in _RECORDS
        return owns and user is not resource

"""VPCs, their subnets by availability zone, and which subnets are public."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..model import Network, Place
from .kinds import SUBNET, VPC
from .resources import Resource, Resources

OUTSIDE = "vpc"
"""The id of the network of resources whose VPC is not in the stack."""
_GATEWAY = "ec2/internetGateway:InternetGateway"


@dataclass(frozen=True)
class Position:
    """Where in a network something is."""

    network: str
    place: Place
    zones: Sequence[str] = ()


class Networks:
    """The networks of a stack."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._public = set(_public_subnets(resources))
        self._zones: dict[str, str] = {}
        self.networks = [self._network(vpc) for vpc in sorted(resources.of_type(VPC), key=lambda vpc: vpc.name)]

    def position(self, resource: Resource, subnets: Sequence[Resource], is_public: bool) -> Position:
        """Where a resource is.

        Args:
            resource: the resource.
            subnets: its subnets, as far as they are in the stack.
            is_public: whether it is in public subnets, if its subnets are not in the stack.
        """
        vpcs = [vpc for subnet in subnets for vpc in self._resources.referred(subnet, "vpcId")]
        vpcs += self._vpcs_of(resource)
        network = next((vpc.urn for vpc in vpcs if vpc.type.endswith(VPC)), self._default())
        if not subnets:
            return Position(network, Place.PUBLIC if is_public else Place.PRIVATE)
        place = Place.PUBLIC if all(subnet.urn in self._public for subnet in subnets) else Place.PRIVATE
        zones = sorted({self._zones[subnet.urn] for subnet in subnets if subnet.urn in self._zones})
        known = next((each.zones for each in self.networks if each.id == network), ())
        return Position(network, place, () if set(zones) == set(known) else zones)

    def _default(self) -> str:
        """What is in no network of the stack is in its only one, or in one outside."""
        return self.networks[0].id if len(self.networks) == 1 else OUTSIDE

    def _vpcs_of(self, resource: Resource) -> list[Resource]:
        """The VPCs of its security groups and subnet groups."""
        found: list[Resource] = []
        for each in self._resources.referred(resource):
            found += [each] if each.type.endswith(VPC) else self._resources.referred(each, "vpcId")
        return found

    def _network(self, vpc: Resource) -> Network:
        subnets = [
            subnet
            for subnet in sorted(self._resources.of_type(SUBNET), key=lambda subnet: subnet.name)
            if vpc in self._resources.referred(subnet, "vpcId")
        ]
        blocks: dict[tuple[Place, str], list[str]] = {}
        counts: dict[Place, int] = {}
        for subnet in subnets:
            place = Place.PUBLIC if subnet.urn in self._public else Place.PRIVATE
            counts[place] = counts.get(place, 0) + 1
            # A zone that is only known to AWS: subnets of one kind are in different ones.
            zone = subnet.text("availabilityZone") or f"zone {counts[place]}"
            self._zones[subnet.urn] = zone
            blocks.setdefault((place, zone), []).append(subnet.text("cidrBlock"))
        title = " ".join(filter(None, ("VPC", vpc.name, vpc.text("cidrBlock"))))
        zones = sorted({zone for _, zone in blocks})
        return Network(vpc.urn, title, zones, {key: ", ".join(filter(None, block)) for key, block in blocks.items()})


def _public_subnets(resources: Resources) -> list[str]:
    """The URNs of the subnets with a route to an internet gateway."""
    tables: set[str] = set()
    for route in resources.of_type("ec2/route:Route"):
        if any(each.type.endswith(_GATEWAY) for each in resources.referred(route, "gatewayId")):
            tables |= {table.urn for table in resources.referred(route, "routeTableId")}
    for table in resources.of_type("ec2/routeTable:RouteTable"):
        if any(each.type.endswith(_GATEWAY) for each in resources.referred(table, "routes")):
            tables.add(table.urn)
    public = [subnet.urn for subnet in resources.of_type(SUBNET) if subnet.inputs.get("mapPublicIpOnLaunch") is True]
    for association in resources.of_type("ec2/routeTableAssociation:RouteTableAssociation"):
        if any(table.urn in tables for table in resources.referred(association, "routeTableId")):
            public += [subnet.urn for subnet in resources.referred(association, "subnetId")]
    return public

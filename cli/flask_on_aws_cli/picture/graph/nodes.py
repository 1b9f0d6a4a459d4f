"""The nodes of a picture: one for a resource, or for several of a kind."""

from collections.abc import Iterator
from dataclasses import replace

from ..model import Node, Place
from .details import detail, shared_detail
from .kinds import ENDPOINT, KINDS, NAT_GATEWAY, NOT_DRAWN, OTHER, RECORD, SERVICE, SUBNET, Kind, kind_of
from .networks import Networks
from .resources import Resource, Resources, entries

INTERNET = "internet"
_VPC_PLACES = (Place.PUBLIC, Place.PRIVATE)
# Records by which a certificate is validated, or mail is verified: they are no names of the app.
_PROOF = "_"


def nodes(resources: Resources, networks: Networks) -> Iterator[Node]:
    """The nodes, without their marks."""
    shared: dict[str, list[Resource]] = {}
    others: dict[str, list[Resource]] = {}
    for resource in resources:
        kind = kind_of(resource.type)
        if kind is None:
            if resource.service not in NOT_DRAWN:
                others.setdefault(resource.service, []).append(resource)
        elif not kind.shared:
            yield _node(resource, kind, resources, networks)
        elif not _is_proof(resource):
            key = kind.shared
            if kind is KINDS[ENDPOINT]:
                key += networks.position(resource, [], is_public=False).network
            shared.setdefault(key, []).append(resource)
    for members in shared.values():
        yield _shared_node(members, networks)
    for service, members in others.items():
        text = "1 resource" if len(members) == 1 else f"{len(members)} resources"
        yield Node(f"other:{service}", OTHER.id, service, text, OTHER.place, OTHER.rank, urns=_urns(members))


def internet() -> Node:
    """Everybody outside of AWS."""
    return Node(INTERNET, INTERNET, "Internet", "users and clients", Place.INTERNET)


def _node(resource: Resource, kind: Kind, resources: Resources, networks: Networks) -> Node:
    node = Node(
        resource.urn,
        kind.id,
        resource.name,
        detail(resource, resources),
        kind.place,
        kind.rank,
        urns=(resource.urn,),
    )
    subnets = _subnets(resource, resources)
    if kind.place not in _VPC_PLACES and not (kind.id == "function" and subnets):
        return node
    if kind is KINDS[NAT_GATEWAY]:
        position = networks.position(resource, subnets, is_public=True)
    else:
        position = networks.position(resource, subnets, _is_public(resource))
    return replace(node, place=position.place, network=position.network, zones=position.zones)


def _shared_node(members: list[Resource], networks: Networks) -> Node:
    kind = kind_of(members[0].type)
    assert kind is not None  # noqa: S101 only types with a kind are shared
    node = Node(
        f"shared:{kind.shared}",
        kind.id,
        kind.shared,
        shared_detail(kind, members),
        kind.place,
        kind.rank,
        urns=_urns(members),
    )
    if kind.place not in _VPC_PLACES:
        return node
    position = networks.position(members[0], [], is_public=False)
    return replace(node, id=f"{node.id}:{position.network}", network=position.network)


def _subnets(resource: Resource, resources: Resources) -> list[Resource]:
    """The subnets that a resource names, or its subnet group does."""
    found: dict[str, Resource] = {}
    for each in resources.referred(resource):
        inner = resources.referred(each, "subnetIds") if "ubnetGroup:" in each.type else [each]
        found |= {subnet.urn: subnet for subnet in inner if subnet.type.endswith(SUBNET)}
    return list(found.values())


def _is_public(resource: Resource) -> bool:
    """Whether a resource is in public subnets, as far as its own settings say so."""
    kind = kind_of(resource.type)
    if kind is not None and kind.id == "balancer":
        return resource.inputs.get("internal") is not True
    if resource.type.endswith(SERVICE):
        configurations = entries(resource.inputs.get("networkConfiguration"))
        return any(configuration.get("assignPublicIp") is True for configuration in configurations)
    return resource.inputs.get("publiclyAccessible") is True or resource.inputs.get("associatePublicIpAddress") is True


def _is_proof(resource: Resource) -> bool:
    return resource.type.endswith(RECORD) and (
        resource.text("name").startswith(_PROOF) or resource.text("type") not in ("A", "AAAA", "CNAME")
    )


def _urns(members: list[Resource]) -> tuple[str, ...]:
    return tuple(sorted(member.urn for member in members))

"""The arithmetic of a network: which block each subnet gets, so that a third zone never moves the first two."""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pulumi

from ..validation.problems import Problem
from ..validation.values import cidr_problems

MOST_ZONES = 3
# RFC 1918. Python's is_private also counts loopback, link-local and documentation ranges.
_PRIVATE = [ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
# AWS allows no larger VPC than /16; in a /20 the smallest subnet still has 251 addresses.
_LARGEST_PREFIX, _SMALLEST_PREFIX = 16, 20
# A VPC's IPv6 block is always a /56 and a subnet's a /64, so there are 256 slots. Public subnets take the first ones;
# private ones begin at the 17th, which appears as 10 in the address.
_IPV6_SUBNET_LENGTH = 64
_IPV6_FIRST_SLOT = {"public": 0, "private": 0x10}

# Zones that CloudFront's VPC origins do not reach, by the ids that are the same in every account: "Supported AWS Regions
# for VPC origins", AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html
_WITHOUT_VPC_ORIGINS = {"use1-az3", "usw1-az2", "apne1-az3", "cac1-az3"}


class SubnetBlocks(NamedTuple):
    """Blocks of the public and the private subnets, in the order of their zones."""

    public: list[str]
    private: list[str]


def network_problems(argument: str, value: str) -> Iterator[Problem]:
    """A private IPv4 range that is large enough for three zones."""
    malformed = list(cidr_problems(argument, value))
    if malformed:
        yield from malformed
        return
    network = ipaddress.ip_network(value)
    if not isinstance(network, ipaddress.IPv4Network) or not any(network.subnet_of(block) for block in _PRIVATE):
        yield Problem(argument, f"{value!r} is not private; use a range from {', '.join(map(str, _PRIVATE))}.")
    elif not _LARGEST_PREFIX <= network.prefixlen <= _SMALLEST_PREFIX:
        yield Problem(
            argument, f"{value!r} is a /{network.prefixlen}; use a /{_LARGEST_PREFIX} to a /{_SMALLEST_PREFIX}."
        )


def subnet_blocks(cidr: str, zones: int) -> SubnetBlocks:
    """Split a network into one public and one private block for each zone.

    The network's quarters 0, 1 and 2 are the private blocks of zones 1, 2 and 3. The last quarter holds the public
    blocks, again a quarter each, with one left over. Three zones' blocks are always reserved: with two, the third's stay
    free. 10.0.0.0/16 gives private blocks of /18 (16,379 addresses) and public ones of /20 (4,091); the smallest
    network, a /20, gives /22 (1,019) and /24 (251).
    """
    *private, shared = ipaddress.ip_network(cidr).subnets(prefixlen_diff=2)
    public = list(shared.subnets(prefixlen_diff=2))
    return SubnetBlocks([str(block) for block in public[:zones]], [str(block) for block in private[:zones]])


def ipv6_subnet_block(cidr: str, role: str, index: int) -> str:
    """The IPv6 block of one `public` or `private` subnet, from the /56 that AWS gave the VPC."""
    slot = _IPV6_FIRST_SLOT[role] + index
    first = ipaddress.IPv6Network(cidr).network_address + (slot << (128 - _IPV6_SUBNET_LENGTH))
    return f"{first}/{_IPV6_SUBNET_LENGTH}"


def usable_zones(names: Sequence[str], ids: Sequence[str] | None) -> list[str]:
    """The region's zones, those without VPC origins last: the order decides which of them a new network uses."""
    without = {name for name, zone_id in zip(names, ids or (), strict=False) if zone_id in _WITHOUT_VPC_ORIGINS}
    return sorted(names, key=lambda name: name in without)


def checked_subnets(subnet_ids: Sequence[str], zone_ids: Sequence[str | None]) -> list[str]:
    """The subnets, all of them in zones with VPC origins.

    Raises:
        pulumi.InputPropertyError: naming the subnets in other zones.
    """
    unsupported = [
        f"{subnet} in {zone}" for subnet, zone in zip(subnet_ids, zone_ids, strict=True) if zone in _WITHOUT_VPC_ORIGINS
    ]
    if unsupported:
        raise pulumi.InputPropertyError(
            "cloudfront_origin",
            f"CloudFront has no VPC origins in the zone of {', '.join(unsupported)}; "
            "set cloudfrontOrigin (cloudfront_origin) to 'public'.",
        )
    return list(subnet_ids)


def zone_name(names: Sequence[str], index: int, taken: Sequence[str | None] = ()) -> str:
    """The zone for the subnets with this index: the first that is not taken.

    Raises:
        pulumi.InputPropertyError: if the region has fewer zones.
    """
    free = [name for name in names if name not in taken]
    if index >= len(names) or not free:
        raise pulumi.InputPropertyError(
            "zones", f"This region offers the account {len(names)} zones ({', '.join(names)}); set zones to 2."
        )
    return free[0] if taken else names[index]

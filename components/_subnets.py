"""The arithmetic of a network: which block each subnet gets, so that a third zone never moves the first two."""

import ipaddress
from collections.abc import Sequence
from typing import NamedTuple

import pulumi

MOST_ZONES = 3
# A VPC's IPv6 block is always a /56 and a subnet's a /64: 256 slots. Private subnets start at the 17th.
_IPV6_SUBNET_LENGTH = 64
_IPV6_FIRST_PRIVATE_SLOT = 16


class SubnetBlocks(NamedTuple):
    """Blocks of the public and the private subnets, in the order of their zones."""

    public: list[str]
    private: list[str]


def subnet_blocks(cidr: str, zones: int) -> SubnetBlocks:
    """Split a network into one public and one private block for each zone.

    The network's quarters 0, 1 and 2 are the private blocks of zones 1, 2 and 3. The last quarter holds the public
    blocks, again a quarter each, with one to spare. Three zones' blocks are always reserved: with two, the third's stay
    free. 10.0.0.0/16 gives private blocks of /18 (16,379 addresses) and public ones of /20 (4,091); the smallest
    network, a /20, gives /22 (1,019) and /24 (251).
    """
    *private, shared = ipaddress.ip_network(cidr).subnets(prefixlen_diff=2)
    public = list(shared.subnets(prefixlen_diff=2))
    return SubnetBlocks([str(block) for block in public[:zones]], [str(block) for block in private[:zones]])


def ipv6_subnet_blocks(cidr: str) -> SubnetBlocks:
    """The IPv6 blocks of all three zones' subnets, from the /56 that AWS gave the VPC."""
    network = ipaddress.IPv6Network(cidr)
    size = 1 << (128 - _IPV6_SUBNET_LENGTH)

    def block(slot: int) -> str:
        return f"{network.network_address + slot * size}/{_IPV6_SUBNET_LENGTH}"

    return SubnetBlocks(
        [block(zone) for zone in range(MOST_ZONES)],
        [block(_IPV6_FIRST_PRIVATE_SLOT + zone) for zone in range(MOST_ZONES)],
    )


def zone_name(names: Sequence[str], index: int) -> str:
    """The zone for the subnets with this index.

    Raises:
        pulumi.InputPropertyError: if the region has fewer zones.
    """
    if index >= len(names):
        raise pulumi.InputPropertyError(
            "zones", f"This region offers the account {len(names)} zones ({', '.join(names)}); set zones to 2."
        )
    return names[index]

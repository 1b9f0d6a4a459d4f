"""The guard against removing IPv6 from a network in use.

AWS does not remove the IPv6 block of a subnet in which anything has an address of it, such as a task or a load balancer,
nor that of a VPC with subnets that have blocks. An update changes the VPC first, so it would fail with an error of AWS
that names no setting:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateVpcCidrBlock.html
"""

from collections.abc import Mapping
from typing import Any

import pulumi

from ..hooks import before_updates

_INPUT = "assignGeneratedIpv6CidrBlock"


def reject_removal(args: pulumi.ResourceHookArgs) -> None:
    """Raise if an update would remove the VPC's IPv6 block.

    Raises:
        ValueError: naming the settings and their values.
    """
    if _has_block(args.old_inputs) and not _has_block(args.new_inputs):
        raise ValueError(
            "dualStack (dual_stack): false would remove the IPv6 addresses of a network in use, which AWS rejects; keep it "
            "true, or set it to true where egress was 'ipv6'. To serve visitors over IPv4 alone, set loadBalancerDualStack "
            "(load_balancer_dual_stack) to false."
        )


def _has_block(inputs: Mapping[str, Any] | None) -> bool:
    return bool((inputs or {}).get(_INPUT))


def vpc_guard(name: str) -> pulumi.ResourceHookBinding:
    """The hook for the VPC of the network with this name, at preview and at update."""
    return before_updates(f"{name}-ipv6-guard", reject_removal)

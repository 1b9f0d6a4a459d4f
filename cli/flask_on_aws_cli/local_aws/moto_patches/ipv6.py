"""What moto lacks so that a network gets IPv6 addresses after its creation."""

from typing import Any

from moto.ec2.models.subnets import Subnet
from moto.ec2.responses.vpcs import VPCs

from ._patch import patch


def _subnet_filter(original: Any, self: Any, filter_name: str, method_name: str | None = None) -> Any:
    """moto lacks the filter by which the provider waits for a new IPv6 block of a subnet."""
    if filter_name == "ipv6-cidr-block-association.association-id":
        return [block["associationId"] for block in self.ipv6_cidr_block_association_set]
    return original(self, filter_name, method_name)


def _modify_endpoint(original: Any, self: Any) -> Any:
    """moto ignores a new IP address type of an endpoint."""
    response = original(self)
    if address_type := self._get_param("IpAddressType"):
        self.ec2_backend.vpc_end_points[self._get_param("VpcEndpointId")].ip_address_type = address_type
    return response


def patch_ipv6() -> None:
    """Apply these patches."""
    patch(Subnet, "get_filter_value")(_subnet_filter)
    patch(VPCs, "modify_vpc_endpoint")(_modify_endpoint)

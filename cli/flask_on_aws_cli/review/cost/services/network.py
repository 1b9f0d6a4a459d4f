"""Load balancers, NAT gateways, addresses and endpoints."""

from collections.abc import Iterator
from decimal import Decimal

from ...cost_model import Line
from ..stack import Priced

_WITHOUT_IPV4 = "dualstack-without-public-ipv4"


def load_balancer(balancer: Priced) -> Iterator[Line]:
    """An application load balancer with its public addresses."""
    kind = balancer.get("loadBalancerType") or "application"
    if kind != "application":
        yield balancer.unknown("hours", f"There is no price of a {kind} load balancer.", ("loadBalancerType",))
        return
    yield balancer.fixed("hours", "alb_hour", balancer.hours)
    yield balancer.used("capacity", "alb_lcu", balancer.figure("lcu") * balancer.hours)
    zones = len(balancer.items("subnets") or balancer.items("subnetMappings"))
    is_public = balancer.get("internal") is not True
    has_addresses = is_public and balancer.get("ipAddressType") != _WITHOUT_IPV4
    basis = ("internal", "subnets", "subnetMappings", "ipAddressType")
    if has_addresses and not zones:
        yield balancer.unknown("public IPv4 addresses", "The number of its subnets is not known.", basis)
    else:
        addresses = Decimal(zones if has_addresses else 0)  # one in each zone
        yield balancer.fixed("public IPv4 addresses", "public_ipv4", addresses * balancer.hours, basis)
    if is_public:
        yield balancer.used("data to the internet", "internet_egress", balancer.figure("egressGb"))


def trust_store(store: Priced) -> Iterator[Line]:
    """A trust store for mutual TLS."""
    yield store.fixed("hours", "alb_trust_store", store.hours)


def nat_gateway(gateway: Priced) -> Iterator[Line]:
    """A NAT gateway in one zone; its address is another resource."""
    if gateway.get("availabilityMode") == "regional":
        yield gateway.unknown("hours", "There is no price of a regional NAT gateway.", ("availabilityMode",))
        return
    yield gateway.fixed("hours", "nat_hour", gateway.hours)
    yield gateway.used("data", "nat_gb", gateway.figure("natGb"))


def address(address: Priced) -> Iterator[Line]:
    """A public IPv4 address, in use or not."""
    yield address.fixed("hours", "public_ipv4", address.hours)


def endpoint(endpoint: Priced) -> Iterator[Line]:
    """A VPC endpoint; gateway endpoints are free."""
    kind = endpoint.get("vpcEndpointType") or "Gateway"
    if kind == "Gateway":
        return
    if kind != "Interface":
        yield endpoint.unknown("hours", f"There is no price of a {kind} endpoint.", ("vpcEndpointType",))
        return
    zones = len(endpoint.items("subnetIds") or endpoint.items("subnetConfigurations"))
    basis = ("vpcEndpointType", "subnetIds", "subnetConfigurations")
    if zones:
        yield endpoint.fixed("hours", "vpc_interface_endpoint", Decimal(zones) * endpoint.hours, basis)
    else:
        yield endpoint.unknown("hours", "The number of its subnets is not known.", basis)
    yield endpoint.used("data", "vpc_interface_endpoint_gb", endpoint.figure("endpointGb"))

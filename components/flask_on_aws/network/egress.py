"""A network's routes to the internet: route tables, the internet gateway and NAT gateways."""

from collections.abc import Sequence
from typing import NamedTuple

import pulumi
import pulumi_aws as aws

_EVERYWHERE = "0.0.0.0/0"
_EVERYWHERE_IPV6 = "::/0"


class Routes(NamedTuple):
    """Route tables, and the resources that must exist before traffic from their subnets flows."""

    tables: list[aws.ec2.RouteTable]
    ready: list[pulumi.CustomResource]


def create_public_routes(
    name: str, vpc: aws.ec2.Vpc, subnets: Sequence[aws.ec2.Subnet], dual_stack: bool, opts: pulumi.ResourceOptions
) -> Routes:
    """One route table for all public subnets, with the internet gateway behind it."""
    gateway = aws.ec2.InternetGateway(f"{name}-internet", vpc_id=vpc.id, opts=opts)
    table = aws.ec2.RouteTable(f"{name}-public-routes", vpc_id=vpc.id, opts=opts)
    ready: list[pulumi.CustomResource] = [
        aws.ec2.RouteTableAssociation(
            f"{name}-public-{number}-association", subnet_id=subnet.id, route_table_id=table.id, opts=opts
        )
        for number, subnet in enumerate(subnets, start=1)
    ]
    destinations = {"ipv4": {"destination_cidr_block": _EVERYWHERE}}
    if dual_stack:
        destinations["ipv6"] = {"destination_ipv6_cidr_block": _EVERYWHERE_IPV6}
    for kind, destination in destinations.items():
        route = aws.ec2.Route(
            f"{name}-public-{kind}", route_table_id=table.id, gateway_id=gateway.id, **destination, opts=opts
        )
        ready.append(route)
    return Routes([table], ready)


def create_private_routes(
    name: str, vpc: aws.ec2.Vpc, subnets: Sequence[aws.ec2.Subnet], opts: pulumi.ResourceOptions
) -> Routes:
    """A route table for each private subnet, without a route to the internet yet.

    There is one for each subnet even where they are alike, so that a change of egress changes routes and nothing else.
    """
    tables: list[aws.ec2.RouteTable] = []
    ready: list[pulumi.CustomResource] = []
    for number, subnet in enumerate(subnets, start=1):
        table = aws.ec2.RouteTable(f"{name}-private-{number}-routes", vpc_id=vpc.id, opts=opts)
        association = aws.ec2.RouteTableAssociation(
            f"{name}-private-{number}-association", subnet_id=subnet.id, route_table_id=table.id, opts=opts
        )
        tables.append(table)
        ready.append(association)
    return Routes(tables, ready)


def add_nat_routes(
    name: str, private: Routes, public: Routes, public_subnets: Sequence[aws.ec2.Subnet], opts: pulumi.ResourceOptions
) -> None:
    """A NAT gateway in each of these public subnets, with the private subnets' routes spread across them."""
    gateways: list[aws.ec2.NatGateway] = []
    for number, subnet in enumerate(public_subnets, start=1):
        address = aws.ec2.Eip(f"{name}-nat-{number}-address", domain="vpc", opts=opts)
        gateway = aws.ec2.NatGateway(
            f"{name}-nat-{number}",
            subnet_id=subnet.id,
            allocation_id=address.id,
            # AWS rejects a NAT gateway in a VPC without an internet gateway.
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=public.ready)),
        )
        gateways.append(gateway)
    for index, table in enumerate(private.tables):
        route = aws.ec2.Route(
            f"{name}-private-{index + 1}-ipv4",
            route_table_id=table.id,
            destination_cidr_block=_EVERYWHERE,
            nat_gateway_id=gateways[index % len(gateways)].id,
            opts=opts,
        )
        private.ready.append(route)


def add_ipv6_routes(name: str, vpc: aws.ec2.Vpc, private: Routes, opts: pulumi.ResourceOptions) -> None:
    """An egress-only internet gateway, which is free, and the private subnets' routes to it."""
    gateway = aws.ec2.EgressOnlyInternetGateway(f"{name}-ipv6-out", vpc_id=vpc.id, opts=opts)
    for number, table in enumerate(private.tables, start=1):
        route = aws.ec2.Route(
            f"{name}-private-{number}-ipv6",
            route_table_id=table.id,
            destination_ipv6_cidr_block=_EVERYWHERE_IPV6,
            egress_only_gateway_id=gateway.id,
            opts=opts,
        )
        private.ready.append(route)

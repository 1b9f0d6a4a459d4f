"""Ways out of a network: route tables, internet gateways and NAT gateways."""

from collections.abc import Sequence
from typing import NamedTuple

import pulumi
import pulumi_aws as aws

EVERYWHERE = "0.0.0.0/0"
EVERYWHERE_IPV6 = "::/0"


class Routes(NamedTuple):
    """Route tables by id, and the ids of what must exist before their subnets' traffic flows."""

    tables: list[pulumi.Output[str]]
    ready: list[pulumi.Output[str]]


def create_public_routes(
    name: str, vpc: aws.ec2.Vpc, subnets: Sequence[aws.ec2.Subnet], dual_stack: bool, opts: pulumi.ResourceOptions
) -> Routes:
    """One route table for all public subnets, with the internet gateway behind it."""
    gateway = aws.ec2.InternetGateway(f"{name}-internet", vpc_id=vpc.id, opts=opts)
    table = aws.ec2.RouteTable(f"{name}-public-routes", vpc_id=vpc.id, opts=opts)
    ready = _associate(f"{name}-public", table, subnets, opts)
    routes = [
        aws.ec2.Route(
            f"{name}-public-default",
            route_table_id=table.id,
            destination_cidr_block=EVERYWHERE,
            gateway_id=gateway.id,
            opts=opts,
        )
    ]
    if dual_stack:
        routes.append(
            aws.ec2.Route(
                f"{name}-public-ipv6",
                route_table_id=table.id,
                destination_ipv6_cidr_block=EVERYWHERE_IPV6,
                gateway_id=gateway.id,
                opts=opts,
            )
        )
    return Routes([table.id], [*ready, *(route.id for route in routes)])


def create_private_routes(
    name: str, vpc: aws.ec2.Vpc, subnets: Sequence[aws.ec2.Subnet], opts: pulumi.ResourceOptions
) -> Routes:
    """A route table for each private subnet, with no way out yet.

    Each has its own even where they are alike, so that a change of egress changes routes and nothing else.
    """
    tables: list[pulumi.Output[str]] = []
    ready: list[pulumi.Output[str]] = []
    for number, subnet in enumerate(subnets, start=1):
        table = aws.ec2.RouteTable(f"{name}-private-{number}-routes", vpc_id=vpc.id, opts=opts)
        tables.append(table.id)
        association = aws.ec2.RouteTableAssociation(
            f"{name}-private-{number}-association", subnet_id=subnet.id, route_table_id=table.id, opts=opts
        )
        ready.append(association.id)
    return Routes(tables, ready)


def create_nat_routes(
    name: str,
    private: Routes,
    public: Routes,
    public_subnets: Sequence[aws.ec2.Subnet],
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Output[str]]:
    """A NAT gateway in each given public subnet, and default routes from the private subnets spread over them."""
    gateways: list[aws.ec2.NatGateway] = []
    for number, subnet in enumerate(public_subnets, start=1):
        address = aws.ec2.Eip(f"{name}-nat-{number}-address", domain="vpc", opts=opts)
        gateway = aws.ec2.NatGateway(
            f"{name}-nat-{number}",
            allocation_id=address.id,
            # AWS refuses a NAT gateway whose VPC has no internet gateway yet.
            subnet_id=after(subnet.id, public.ready),
            opts=opts,
        )
        gateways.append(gateway)
    return [
        aws.ec2.Route(
            f"{name}-private-{number}-default",
            route_table_id=table,
            destination_cidr_block=EVERYWHERE,
            nat_gateway_id=gateways[(number - 1) % len(gateways)].id,
            opts=opts,
        ).id
        for number, table in enumerate(private.tables, start=1)
    ]


def create_ipv6_routes(
    name: str, vpc: aws.ec2.Vpc, private: Routes, opts: pulumi.ResourceOptions
) -> list[pulumi.Output[str]]:
    """An egress-only internet gateway, which is free, and the private subnets' routes to it."""
    gateway = aws.ec2.EgressOnlyInternetGateway(f"{name}-ipv6-out", vpc_id=vpc.id, opts=opts)
    return [
        aws.ec2.Route(
            f"{name}-private-{number}-ipv6",
            route_table_id=table,
            destination_ipv6_cidr_block=EVERYWHERE_IPV6,
            egress_only_gateway_id=gateway.id,
            opts=opts,
        ).id
        for number, table in enumerate(private.tables, start=1)
    ]

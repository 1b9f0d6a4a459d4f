"""The network that everything runs in: public and private subnets in two or three zones, and the way out for tasks."""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from ._checks import choice_problems, cidr_problems, range_problems, retention_problems
from ._component import Component, Problem, refuse, settle
from ._endpoints import create_interface_endpoints, create_s3_endpoint
from ._flow_logs import create_flow_logs
from ._subnets import MOST_ZONES, SubnetBlocks, ipv6_subnet_blocks, subnet_blocks, zone_name


class NetworkArgs(TypedDict, total=False):
    cidr_block: str
    """Private IPv4 range of the network, from /16 to /20. Default: 10.0.0.0/16."""
    zones: int
    """Availability zones to spread over, 2 or 3; a third may be added later. Default: 2."""
    egress: str
    """How tasks reach the outside: `public` (public addresses, nothing may call in), `ipv6` (experimental: private, IPv6 out only), `nat` (private, one NAT gateway), `nat-per-zone`, or `endpoints` (private, AWS services but no internet). Default: public."""
    flow_logs: bool
    """Whether the network's traffic is logged in CloudWatch. Default: false."""
    flow_log_retention_days: int
    """Days for which flow logs are kept, one of the values that CloudWatch knows. Default: 30."""
    vpc_id: pulumi.Input[str]
    """ID of an existing VPC to use; then nothing is created. Default: none, a VPC is created."""
    public_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """IDs of the existing VPC's public subnets, in two zones or more. Required with `vpc_id`. Default: none."""
    private_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """IDs of the existing VPC's private subnets. Required with `vpc_id` unless egress is `public`. Default: none."""


_DEFAULTS: NetworkArgs = {
    "cidr_block": "10.0.0.0/16",
    "zones": 2,
    "egress": "public",
    "flow_logs": False,
    "flow_log_retention_days": 30,
}
_EGRESS = ["public", "ipv6", "nat", "nat-per-zone", "endpoints"]
# RFC 1918. Python's is_private also counts loopback, link-local and documentation ranges.
_PRIVATE = [ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
# /16 is the largest VPC that AWS allows; in a /20 the smallest subnet still has 251 addresses.
_LARGEST_PREFIX, _SMALLEST_PREFIX = 16, 20


def problems(args: NetworkArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    settled = settle(args, _DEFAULTS)
    yield from choice_problems("egress", settled["egress"], _EGRESS)
    yield from retention_problems("flow_log_retention_days", settled["flow_log_retention_days"])
    if "vpc_id" in settled:
        yield from _existing_problems(args, settled)
        return
    for argument in ("public_subnet_ids", "private_subnet_ids"):
        if argument in settled:
            yield Problem(argument, "Subnets are given without vpc_id; give the VPC that they are in, or leave them out.")
    yield from _private_range_problems("cidr_block", settled["cidr_block"])
    yield from range_problems("zones", settled["zones"], 2, MOST_ZONES)


def _existing_problems(args: NetworkArgs, settled: NetworkArgs) -> Iterator[Problem]:
    for argument in ("cidr_block", "zones"):
        value = args.get(argument)
        if value is not None:
            yield Problem(argument, f"{value!r} has no effect on an existing VPC; leave out {argument} or vpc_id.")
    if settled["flow_logs"]:
        yield Problem("flow_logs", "True has no effect on an existing VPC; set it to false or leave out vpc_id.")
    if "public_subnet_ids" not in settled:
        yield Problem("public_subnet_ids", "vpc_id is given without public subnets; the load balancer needs two.")
    if settled["egress"] != "public" and "private_subnet_ids" not in settled:
        yield Problem(
            "private_subnet_ids",
            f"Egress {settled['egress']!r} runs tasks in private subnets, and none are given; "
            "add them or set egress to 'public'.",
        )


def _private_range_problems(argument: str, value: str) -> Iterator[Problem]:
    malformed = list(cidr_problems(argument, value))
    if malformed:
        yield from malformed
        return
    network = ipaddress.ip_network(value)
    if not isinstance(network, ipaddress.IPv4Network) or not any(network.subnet_of(block) for block in _PRIVATE):
        yield Problem(argument, f"{value!r} is not private; take it from {', '.join(str(block) for block in _PRIVATE)}.")
    elif not _LARGEST_PREFIX <= network.prefixlen <= _SMALLEST_PREFIX:
        yield Problem(argument, f"{value!r} must be a /{_LARGEST_PREFIX} to a /{_SMALLEST_PREFIX}.")


class Network(Component):
    """A VPC with public and private subnets, or an existing one under the same outputs.

    The load balancer lives in the public subnets and the database in the private ones; where tasks live is up to
    `egress`. S3 is always reached by its free gateway endpoint.
    """

    vpc_id: pulumi.Output[str]
    """ID of the VPC."""
    public_subnet_ids: pulumi.Output[Sequence[str]]
    """IDs of the public subnets; known once they have their way to the internet."""
    private_subnet_ids: pulumi.Output[Sequence[str]]
    """IDs of the private subnets; empty if an existing VPC was given without any."""
    task_subnet_ids: pulumi.Output[Sequence[str]]
    """IDs of the subnets for tasks; known once tasks there can pull their image."""
    assign_public_ip: pulumi.Output[bool]
    """Whether tasks need a public address."""
    dual_stack: pulumi.Output[bool]
    """Whether tasks go out over IPv6 alone, and so must use AWS's dual-stack host names."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse(problems(args))
        super().__init__(name, opts)
        self._args = settle(args, _DEFAULTS)
        self._dual_stack = self._args["egress"] == "ipv6"
        if "vpc_id" in self._args:
            self._use_existing()
        else:
            self._create_vpc()
            self._create_subnets()
            self._open_public_subnets()
            self._open_private_subnets()
            self._create_endpoints()
            self._create_flow_logs()
            self._show_created()
        in_public = self._args["egress"] == "public"
        self.assign_public_ip = pulumi.Output.from_input(in_public)
        self.dual_stack = pulumi.Output.from_input(self._dual_stack)
        self._register()

    def _use_existing(self) -> None:
        self.vpc_id = pulumi.Output.from_input(self._args["vpc_id"])
        self.public_subnet_ids = pulumi.Output.from_input(self._args["public_subnet_ids"])
        self.private_subnet_ids = pulumi.Output.from_input(self._args.get("private_subnet_ids", []))
        public = self._args["egress"] == "public"
        self.task_subnet_ids = self.public_subnet_ids if public else self.private_subnet_ids

    def _create_vpc(self) -> None:
        self._vpc = aws.ec2.Vpc(
            self._name,
            cidr_block=self._args["cidr_block"],
            assign_generated_ipv6_cidr_block=self._dual_stack,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": self._name},
            opts=self._child(),
        )
        # Without rules, so that what is put in no group of its own can speak to nobody.
        aws.ec2.DefaultSecurityGroup(
            f"{self._name}-default", vpc_id=self._vpc.id, ingress=[], egress=[], opts=self._child()
        )

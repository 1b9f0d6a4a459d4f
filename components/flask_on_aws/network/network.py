"""The network that everything runs in: public and private subnets in two or three zones, and the tasks' egress."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict, cast

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..validation.argument_types import typed
from ..validation.choices import Egress
from ..validation.problems import Problem, raise_problems
from ..validation.references import id_problems, kms_key_problems
from ..validation.values import range_problems, repeated_problems, retention_problems
from .egress import add_ipv6_routes, add_nat_routes, create_private_routes, create_public_routes
from .flow_logs import create_flow_logs
from .ipv6_guard import vpc_guard
from .subnets import (
    MOST_ZONES,
    checked_subnets,
    ipv6_subnet_block,
    network_problems,
    subnet_blocks,
    usable_zones,
    zone_name,
)
from .vpc_endpoints import create_interface_endpoints, create_s3_endpoint


class NetworkArgs(TypedDict, total=False):
    cidr_block: str
    """Private IPv4 range of the network, from /16 to /20. Default: 10.0.0.0/16."""
    zones: int
    """Availability zones to spread over, 2 or 3; a third may be added later. Default: 2."""
    egress: Egress
    """How tasks reach the internet: `public` (public addresses, no inbound connections), `ipv6` (experimental: private, outbound IPv6 only), `nat` (private, one NAT gateway), `nat-per-zone`, or `endpoints` (private, AWS services but no internet). Default: public."""
    ipv6: bool
    """Whether VPC and subnets have IPv6 addresses too. Public subnets, and with a NAT gateway private ones, get routes to the internet over IPv6; from private subnets it only leads out. It cannot be turned off again. An existing VPC is left as it is. Default: false; egress `ipv6` always has them."""
    flow_logs: bool
    """Whether the network's traffic is logged in CloudWatch; an existing VPC is left as it is. Default: false."""
    flow_log_retention_days: int
    """Days for which flow logs are kept, one of the values that CloudWatch accepts. Default: 30."""
    flow_log_kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the flow logs; its policy must allow CloudWatch Logs, as that of a KmsKey does. Default: CloudWatch's key."""
    permissions_boundary: pulumi.Input[str]
    """ARN of the permissions boundary of the flow logs' role. Default: none."""
    vpc_id: pulumi.Input[str]
    """ID of an existing VPC to use, in which nothing is created. Default: none, a VPC is created."""
    public_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """IDs of the existing VPC's public subnets, in two zones or more. Required with `vpc_id`. Default: none."""
    private_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """IDs of the existing VPC's private subnets. Required with `vpc_id` unless egress is `public`. Default: none."""
    endpoint_services: Sequence[str]
    """More AWS services for which egress `endpoints` creates an interface endpoint, by the last part of the endpoint's name, such as sqs. Default: none."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


DEFAULTS: NetworkArgs = {
    "cidr_block": "10.0.0.0/16",
    "zones": 2,
    "egress": "public",
    "ipv6": False,
    "flow_logs": False,
    "flow_log_retention_days": 30,
    "endpoint_services": [],
}
_SUBNETS = ("public_subnet_ids", "private_subnet_ids")
# A load balancer and a database need two zones, and a subnet is in exactly one.
_FEWEST_SUBNETS = 2
# com.amazonaws.REGION.SERVICE: https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


@typed(NetworkArgs)
def problems(args: NetworkArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    ignored = {key: args.get(key) for key in ("cidr_block", "zones")}
    args = with_defaults(args, DEFAULTS)
    yield from retention_problems("flow_log_retention_days", args["flow_log_retention_days"])
    yield from kms_key_problems("flow_log_kms_key_id", args.get("flow_log_kms_key_id"))
    for service in args["endpoint_services"]:
        if not _SERVICE.fullmatch(service):
            yield Problem(
                "endpoint_services", f"{service!r} is not the end of an endpoint's name, like sqs or ecr.api."
            )
    if "vpc_id" in args:
        yield from _existing_problems(args, ignored)
        return
    for argument in _SUBNETS:
        if argument in args:
            yield Problem(
                argument, "Subnets are given without vpc_id; give the VPC that they are in, or leave them out."
            )
    yield from network_problems("cidr_block", args["cidr_block"])
    yield from range_problems("zones", args["zones"], 2, MOST_ZONES)


def _existing_problems(args: NetworkArgs, ignored: Mapping[str, Any]) -> Iterator[Problem]:
    for argument, value in ignored.items():
        if value is not None:
            yield Problem(argument, f"{value!r} has no effect on an existing VPC; leave out {argument} or vpc_id.")
    if "public_subnet_ids" not in args:
        yield Problem("public_subnet_ids", "vpc_id is given without public subnets; the load balancer needs two.")
    if args["egress"] != "public" and "private_subnet_ids" not in args:
        yield Problem(
            "private_subnet_ids",
            f"Egress {args['egress']!r} runs tasks in private subnets, and none are given; "
            "add them or set egress to 'public'.",
        )
    yield from id_problems("vpc_id", args.get("vpc_id"), "vpc", "a VPC")
    for argument in _SUBNETS:
        ids = args.get(argument)
        if isinstance(ids, Sequence):
            yield from _subnet_problems(argument, cast(Sequence[Any], ids))


def _subnet_problems(argument: str, ids: Sequence[Any]) -> Iterator[Problem]:
    for subnet in ids:
        yield from id_problems(argument, subnet, "subnet", "a subnet")
    if len(ids) < _FEWEST_SUBNETS:
        yield Problem(argument, f"{list(ids)!r} must be at least two subnets, in different zones.")
    if all(isinstance(subnet, str) for subnet in ids):
        yield from repeated_problems(argument, ids)


class Network(Component):
    """A VPC with public and private subnets, or an existing one under the same outputs.

    The load balancer is in the public subnets and the database in the private ones; `egress` decides where tasks run. S3 is
    always reached through its free gateway endpoint.
    """

    vpc_id: pulumi.Output[str]
    """ID of the VPC."""
    public_subnet_ids: pulumi.Output[Sequence[str]]
    """IDs of the public subnets; known once they have a route to the internet."""
    private_subnet_ids: pulumi.Output[Sequence[str]]
    """IDs of the private subnets; empty for an existing VPC without any."""
    task_subnet_ids: pulumi.Output[Sequence[str]]
    """IDs of the subnets for tasks; known once tasks there can pull their image."""
    assign_public_ip: pulumi.Output[bool]
    """Whether tasks need a public address."""
    dual_stack: pulumi.Output[bool]
    """Whether tasks connect out only over IPv6, and so must use AWS's dual-stack host names."""
    endpoint_security_group_id: pulumi.Output[str]
    """Security group of the interface endpoints; empty if there are none."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, DEFAULTS)
        self._egress = self._args["egress"]
        self._has_ipv6 = self._args["ipv6"] or self._egress == "ipv6"
        self.endpoint_security_group_id = pulumi.Output.from_input("")
        if "vpc_id" in self._args:
            self._use_existing()
        else:
            self._create_vpc()
            self._create_subnets()
            self._create_routes()
            self._create_endpoints()
            self._create_flow_logs()
            self._set_outputs()
        self.assign_public_ip = pulumi.Output.from_input(self._egress == "public")
        self.dual_stack = pulumi.Output.from_input(self._egress == "ipv6")
        self._register()

    def _use_existing(self) -> None:
        self.vpc_id = pulumi.Output.from_input(self._args["vpc_id"])
        self.public_subnet_ids = _resolved(self._args["public_subnet_ids"])
        self.private_subnet_ids = _resolved(self._args.get("private_subnet_ids", []))
        self.task_subnet_ids = self.public_subnet_ids if self._egress == "public" else self.private_subnet_ids

    def _create_vpc(self) -> None:
        self._vpc = aws.ec2.Vpc(
            self._name,
            cidr_block=self._args["cidr_block"],
            assign_generated_ipv6_cidr_block=self._has_ipv6,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": self._name},
            opts=self._child(hooks=None if self._has_ipv6 else vpc_guard(self._name)),
        )
        # Without rules, so that a resource without an explicit security group cannot connect to anything.
        aws.ec2.DefaultSecurityGroup(
            f"{self._name}-default", vpc_id=self._vpc.id, ingress=[], egress=[], opts=self._child()
        )

    def _create_subnets(self) -> None:
        zones = aws.get_availability_zones_output(
            state="available",
            # Excludes local and wavelength zones, which lack Fargate or RDS.
            filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
            opts=pulumi.InvokeOptions(parent=self),
        )
        self._zone_names = pulumi.Output.all(zones.names, zones.zone_ids).apply(lambda values: usable_zones(*values))
        blocks = subnet_blocks(self._args["cidr_block"], self._args["zones"])
        self._public: list[aws.ec2.Subnet] = []
        self._private: list[aws.ec2.Subnet] = []
        for role, subnets in (("public", self._public), ("private", self._private)):
            for index, block in enumerate(getattr(blocks, role)):
                subnets.append(self._create_subnet(role, index, block))

    def _create_subnet(self, role: str, index: int, block: str) -> aws.ec2.Subnet:
        name = f"{self._name}-{role}-{index + 1}"
        ipv6_block = None
        if self._has_ipv6:
            ipv6_block = self._vpc.ipv6_cidr_block.apply(lambda cidr: ipv6_subnet_block(cidr, role, index))
        return aws.ec2.Subnet(
            name,
            vpc_id=self._vpc.id,
            availability_zone=self._zone_of(role, index),
            cidr_block=block,
            ipv6_cidr_block=ipv6_block,
            # Load balancers and Fargate assign their own addresses. With egress ipv6, other resources have no other way out.
            assign_ipv6_address_on_creation=self._egress == "ipv6" and role == "private",
            map_public_ip_on_launch=False,  # Fargate assigns its tasks public addresses itself
            tags={"Name": name},
            # The list of zones shifts when AWS adds one, and a subnet that changes zone is replaced with everything in it.
            opts=self._child(ignore_changes=["availability_zone"]),
        )

    def _zone_of(self, role: str, index: int) -> pulumi.Output[str]:
        """The zone of a new subnet, different from those of its siblings, which may predate the current list of zones."""
        siblings = getattr(self, f"_{role}")
        taken = pulumi.Output.all(*(sibling.availability_zone for sibling in siblings))
        return pulumi.Output.all(self._zone_names, taken).apply(lambda values: zone_name(values[0], index, values[1]))

    def _create_routes(self) -> None:
        opts = self._child()
        self._public_routes = create_public_routes(self._name, self._vpc, self._public, self._has_ipv6, opts)
        self._private_routes = create_private_routes(self._name, self._vpc, self._private, opts)
        has_nat = self._egress in ("nat", "nat-per-zone")
        # With egress public or endpoints, private subnets have no route to the internet, over IPv6 neither.
        if self._has_ipv6 and (has_nat or self._egress == "ipv6"):
            add_ipv6_routes(self._name, self._vpc, self._private_routes, opts)
        if has_nat:
            nat_subnets = self._public if self._egress == "nat-per-zone" else self._public[:1]
            add_nat_routes(self._name, self._private_routes, self._public_routes, nat_subnets, opts)

    def _create_endpoints(self) -> None:
        tables = [table.id for table in (*self._public_routes.tables, *self._private_routes.tables)]
        s3 = create_s3_endpoint(self._name, self._vpc, tables, self._has_ipv6, self._child())
        if self._egress == "endpoints":
            subnet_ids = [subnet.id for subnet in self._private]
            endpoints, group_id = create_interface_endpoints(
                self._name, self._vpc, subnet_ids, self._args["endpoint_services"], self._child()
            )
            self.endpoint_security_group_id = group_id
            # Without them tasks cannot pull an image, whose layers come from S3.
            self._private_routes.ready.extend([s3, *endpoints])

    def vpc_origin_subnet_ids(self) -> pulumi.Output[Sequence[str]]:
        """IDs of the private subnets, for a load balancer behind a CloudFront VPC origin.

        Raises, when they are known:
            pulumi.InputPropertyError: if one of them is in a zone where CloudFront has no VPC origins.
        """
        if "vpc_id" in self._args:
            return self.private_subnet_ids
        zone_ids = pulumi.Output.all(*(subnet.availability_zone_id for subnet in self._private))
        return pulumi.Output.all(self.private_subnet_ids, zone_ids).apply(lambda values: checked_subnets(*values))

    def _create_flow_logs(self) -> None:
        if self._args["flow_logs"]:
            boundary = self._args.get("permissions_boundary")
            days, key = self._args["flow_log_retention_days"], self._args.get("flow_log_kms_key_id")
            create_flow_logs(self._name, self._vpc, days, boundary, self._child(), key)

    def _set_outputs(self) -> None:
        self.vpc_id = self._vpc.id
        self.public_subnet_ids = _ids_after(self._public, self._public_routes.ready)
        # The database needs no route to the internet, so it does not wait for one.
        self.private_subnet_ids = _ids_after(self._private, [])
        public = self._egress == "public"
        self.task_subnet_ids = (
            self.public_subnet_ids if public else _ids_after(self._private, self._private_routes.ready)
        )


def _resolved(ids: pulumi.Input[Sequence[pulumi.Input[str]]]) -> pulumi.Output[Sequence[str]]:
    """The ids with every output among them resolved."""
    return pulumi.Output.from_input(ids).apply(lambda items: [str(item) for item in items])


def _ids_after(
    subnets: Sequence[aws.ec2.Subnet], ready: Sequence[pulumi.CustomResource]
) -> pulumi.Output[Sequence[str]]:
    """The subnets' ids, known once everything that their traffic needs exists."""
    ids = pulumi.Output.all(*(resource.id for resource in (*subnets, *ready)))
    return ids.apply(lambda values: values[: len(subnets)])

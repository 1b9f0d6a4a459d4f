"""Who may reach a load balancer: its security group, open on 80 and 443, to CloudFront alone, or not at all."""

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Required, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..validation.argument_types import typed
from ..validation.choices import BalancerMode
from ..validation.problems import Problem, raise_problems
from ..validation.values import client_range_problems


class PublicAccessArgs(TypedDict, total=False):
    vpc_id: Required[pulumi.Input[str]]
    """Id of the VPC. Required."""
    mode: BalancerMode
    """`https` (ports 80 and 443), `cloudfront` (port 80 for CloudFront's addresses alone) or `internal` (no access until a VpcOrigin adds its rule). Default: https."""
    allowed_cidrs: Sequence[str]
    """Address ranges that may connect in mode https. Default: everyone."""
    dual_stack: bool
    """Whether there are IPv6 addresses to connect to. Default: false."""


_DEFAULTS: Mapping[str, Any] = {"mode": "https", "dual_stack": False}
# The addresses from which CloudFront connects to origins. It counts as 55 of a security group's 60 rules, so a second
# port does not fit.
CLOUDFRONT_PREFIX_LIST = "com.amazonaws.global.cloudfront.origin-facing"
_EVERYONE = {"0.0.0.0/0": "ipv4", "::/0": "ipv6"}
_PORTS = {"http": 80, "https": 443}
_DESCRIPTIONS = {"internal": "Access to the internal load balancer"}


@typed(PublicAccessArgs)
def problems(args: PublicAccessArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    if "allowed_cidrs" in args:
        yield from _range_problems(args)


def _range_problems(args: PublicAccessArgs) -> Iterator[Problem]:
    cidrs = args["allowed_cidrs"]
    if args["mode"] != "https":
        yield Problem(
            "allowed_cidrs",
            f"In mode {args['mode']} only CloudFront may connect; leave allowed_cidrs out, or set mode to https.",
        )
    if not cidrs:
        yield Problem("allowed_cidrs", "An empty list allows no connections; leave allowed_cidrs out to allow all.")
    for cidr in sorted(set(cidrs)):
        malformed = list(client_range_problems("allowed_cidrs", cidr))
        yield from malformed
        if not malformed and ipaddress.ip_network(cidr).version == 6 and not args["dual_stack"]:
            yield Problem(
                "allowed_cidrs",
                f"{cidr!r} is a range of IPv6 addresses, and the load balancer has none without dual_stack; leave it out.",
            )
        if cidrs.count(cidr) > 1:
            yield Problem("allowed_cidrs", f"{cidr!r} is named more than once; name it once.")


class PublicAccess(Component):
    """The security group of a load balancer.

    Its rules are separate resources, so that a change of mode replaces rules and not the group. It allows nothing out.
    """

    security_group_id: pulumi.Output[str]
    """Id of the security group."""

    def __init__(self, name: str, args: PublicAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        self._create_group()
        if self._args["mode"] == "cloudfront":
            self._allow_cloudfront()
        elif self._args["mode"] == "https":
            self._allow_ranges()
        self.security_group_id = self._group.id
        self._register()

    def _create_group(self) -> None:
        self._group = aws.ec2.SecurityGroup(
            self._name,
            # A changed description would replace the group, and with it every rule that refers to it.
            description=_DESCRIPTIONS.get(self._args["mode"], "Public access to the load balancer"),
            vpc_id=self._args["vpc_id"],
            opts=self._child(),
        )

    def _allow_ranges(self) -> None:
        everyone = list(_EVERYONE)[: 2 if self._args["dual_stack"] else 1]
        for cidr in self._args.get("allowed_cidrs", everyone):
            for role, port in _PORTS.items():
                self._allow(role, port, cidr)

    def _allow(self, role: str, port: int, cidr: str) -> None:
        version = ipaddress.ip_network(cidr).version
        source = _EVERYONE.get(cidr, re.sub(r"[^0-9a-z]", "-", cidr.lower()))
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-{role}-{source}",
            security_group_id=self._group.id,
            description=f"{role.upper()} from {cidr}",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4=cidr if version == 4 else None,
            cidr_ipv6=cidr if version == 6 else None,
            opts=self._child(),
        )

    def _allow_cloudfront(self) -> None:
        prefix_list = aws.ec2.get_managed_prefix_list_output(
            name=CLOUDFRONT_PREFIX_LIST, opts=pulumi.InvokeOutputOptions(parent=self)
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-http-cloudfront",
            security_group_id=self._group.id,
            description="HTTP from CloudFront",
            ip_protocol="tcp",
            from_port=80,
            to_port=80,
            prefix_list_id=prefix_list.id,
            opts=self._child(),
        )

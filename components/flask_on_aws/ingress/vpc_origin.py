"""CloudFront's private connection to an internal load balancer: a VPC origin, and the rule that allows it."""

from collections.abc import Mapping, Sequence
from typing import Required, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from .public_access import CLOUDFRONT_PREFIX_LIST


class VpcOriginArgs(TypedDict, total=False):
    vpc_id: Required[pulumi.Input[str]]
    """Id of the load balancer's VPC, known once an internet gateway is attached to it, which CloudFront requires although no request passes through it. Required."""
    load_balancer_arn: Required[pulumi.Input[str]]
    """ARN of the internal load balancer, in subnets with a free IPv4 address. Required."""
    load_balancer_name: Required[pulumi.Input[str]]
    """Name of the load balancer, which the VPC origin uses as its name. Required."""
    load_balancer_security_group_id: Required[pulumi.Input[str]]
    """Id of the load balancer's security group, which gets a rule for CloudFront. Required."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


# CloudFront creates it with the VPC's first origin; CloudFront's interfaces in the VPC belong to it.
_CLOUDFRONT_GROUP = "CloudFront-VPCOrigins-Service-SG"
_HTTP = 80
# Twice the "up to 15 minutes" of CloudFront's developer guide, where the provider's timeout ends by default.
_TIMEOUT = "30m"


class VpcOrigin(Component):
    """A CloudFront VPC origin for an internal application load balancer, which then needs no public address.

    Requests travel from CloudFront to the load balancer inside AWS's network, over HTTP on port 80, and only distributions of
    this account can send any. Creating one takes CloudFront up to 15 minutes.
    """

    vpc_origin_id: pulumi.Output[str]
    """Id of the VPC origin, known once the load balancer accepts connections from CloudFront."""

    def __init__(self, name: str, args: VpcOriginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = with_defaults(args, {})
        self._create_origin()
        rule = self._allow_cloudfront()
        self.vpc_origin_id = pulumi.Output.all(self._origin.id, rule.id).apply(lambda values: str(values[0]))
        self._register()

    def _create_origin(self) -> None:
        # CloudFront rejects a VPC without an internet gateway, so the origin waits for the VPC's id.
        arn = pulumi.Output.all(self._args["load_balancer_arn"], self._args["vpc_id"]).apply(
            lambda values: str(values[0])
        )
        self._origin = aws.cloudfront.VpcOrigin(
            self._name,
            vpc_origin_endpoint_config={
                # CloudFront requires unique names, and the load balancer's is unique.
                "name": self._args["load_balancer_name"],
                "arn": arn,
                "http_port": _HTTP,
                "https_port": 443,  # required, but unused for http-only
                # The load balancer has no certificate that CloudFront would accept.
                "origin_protocol_policy": "http-only",
                "origin_ssl_protocols": {"items": ["TLSv1.2"], "quantity": 1},
            },
            # CloudFront rejects changes to an origin that a distribution uses: a new one is created beside it, the
            # distribution moves over, and the old one is deleted.
            opts=self._child(
                replace_on_changes=["vpcOriginEndpointConfig"],
                custom_timeouts=pulumi.CustomTimeouts(create=_TIMEOUT, delete=_TIMEOUT),
            ),
        )

    def _allow_cloudfront(self) -> aws.vpc.SecurityGroupIngressRule:
        """From CloudFront's security group, or from its addresses until CloudFront has created that group."""
        invoke = pulumi.InvokeOutputOptions(parent=self)
        vpc_id = pulumi.Output.all(self._origin.id, self._args["vpc_id"]).apply(lambda values: str(values[1]))
        groups = aws.ec2.get_security_groups_output(filters=vpc_id.apply(_cloudfront_group), opts=invoke).ids
        prefix_list = aws.ec2.get_managed_prefix_list_output(name=CLOUDFRONT_PREFIX_LIST, opts=invoke).id
        source = pulumi.Output.all(groups, prefix_list)
        return aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-http",
            security_group_id=self._args["load_balancer_security_group_id"],
            description="HTTP from CloudFront's VPC origins",
            ip_protocol="tcp",
            from_port=_HTTP,
            to_port=_HTTP,
            referenced_security_group_id=source.apply(lambda ids: ids[0][0] if ids[0] else None),
            prefix_list_id=source.apply(lambda ids: None if ids[0] else ids[1]),
            opts=self._child(),
        )


def _cloudfront_group(vpc_id: str) -> Sequence[aws.ec2.GetSecurityGroupsFilterArgsDict]:
    return [{"name": "group-name", "values": [_CLOUDFRONT_GROUP]}, {"name": "vpc-id", "values": [vpc_id]}]

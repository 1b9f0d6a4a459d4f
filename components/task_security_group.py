"""The security group of a service's tasks."""

from collections.abc import Mapping, Sequence
from typing import Any, Required, TypedDict

import pulumi
import pulumi_aws as aws

from ._component import Component, settle


class TaskSecurityGroupArgs(TypedDict, total=False):
    vpc_id: Required[pulumi.Input[str]]
    """The VPC. Required."""
    port: int
    """Port that the load balancer connects to. Default: 8080."""
    load_balancer_security_group_id: pulumi.Input[str]
    """Security group of the load balancer, the only one that may connect. Default: none, nobody may."""
    outbound_ports: Sequence[int]
    """TCP ports to which tasks may connect anywhere. Default: all ports and protocols."""


_DEFAULTS: Mapping[str, Any] = {"port": 8080}


class TaskSecurityGroup(Component):
    """In from the load balancer alone; out to anywhere, or to a few ports."""

    security_group_id: pulumi.Output[str]
    """Id of the security group, known once its rules exist, so that no task starts without them."""

    def __init__(self, name: str, args: TaskSecurityGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = settle(args, _DEFAULTS)
        self._group = aws.ec2.SecurityGroup(
            f"{name}-tasks",
            vpc_id=self._args["vpc_id"],
            description="Tasks of the service: in from the load balancer alone",
            opts=self._child(),
        )
        rules = [*self._allow_outbound(), *self._allow_load_balancer()]
        self.security_group_id = pulumi.Output.all(self._group.id, *rules).apply(lambda ids: str(ids[0]))
        self._register()

    def _allow_outbound(self) -> list[pulumi.Output[str]]:
        return [
            aws.vpc.SecurityGroupEgressRule(
                f"{self._name}-to-{port or 'anywhere'}-{family}",
                security_group_id=self._group.id,
                description=f"To {f'port {port}' if port else 'any service'} that the app uses, over {family}",
                ip_protocol="tcp" if port else "-1",
                from_port=port,
                to_port=port,
                cidr_ipv4="0.0.0.0/0" if family == "ipv4" else None,
                cidr_ipv6="::/0" if family == "ipv6" else None,
                opts=self._child(),
            ).id
            for port in self._args.get("outbound_ports", [None])
            for family in ("ipv4", "ipv6")
        ]

    def _allow_load_balancer(self) -> list[pulumi.Output[str]]:
        """Both ends: into the tasks, and out of the load balancer, whose own group lets nothing out."""
        if "load_balancer_security_group_id" not in self._args:
            return []
        balancer, port = self._args["load_balancer_security_group_id"], self._args["port"]
        inward = aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-from-load-balancer",
            security_group_id=self._group.id,
            referenced_security_group_id=balancer,
            description="From the load balancer to the app",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self._child(),
        )
        outward = aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-from-load-balancer",
            security_group_id=balancer,
            referenced_security_group_id=self._group.id,
            description="From the load balancer to the app",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self._child(),
        )
        return [inward.id, outward.id]

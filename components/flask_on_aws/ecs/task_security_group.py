"""The security group of a service's tasks."""

from collections.abc import Mapping, Sequence
from typing import Any, Required, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..network.security_group_rules import allow_group


class TaskSecurityGroupArgs(TypedDict, total=False):
    vpc_id: Required[pulumi.Input[str]]
    """The VPC. Required."""
    port: int
    """Port that the load balancer connects to. Default: 8080."""
    load_balancer_security_group_id: pulumi.Input[str]
    """Security group of the load balancer, the only one from which tasks accept connections. Default: none, nothing may connect."""
    internal_load_balancer_security_group_id: pulumi.Input[str]
    """Security group of an internal load balancer, which may connect as well. Default: none."""
    outbound_ports: Sequence[int]
    """TCP ports on which tasks may connect to any address. Default: all ports and protocols."""
    endpoint_security_group_id: pulumi.Input[str]
    """Security group of the VPC's interface endpoints. With `outbound_ports`, tasks may reach these and S3's gateway endpoint on 443, whatever the ports are. Default: none."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_HTTPS = 443
_DEFAULTS: Mapping[str, Any] = {"port": 8080}


class TaskSecurityGroup(Component):
    """Allows connections in only from the load balancer, and out to anywhere, or to certain ports and the stack's own resources.

    AWS's DNS resolver, the task metadata and the task role's credentials need no rule: security groups do not filter
    them (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html).
    """

    security_group_id: pulumi.Output[str]
    """Id of the security group, known once its rules exist, so that no task starts without them."""

    def __init__(self, name: str, args: TaskSecurityGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        self._group = aws.ec2.SecurityGroup(
            f"{name}-tasks",
            vpc_id=self._args["vpc_id"],
            description="Tasks of the service: in from the load balancer alone",
            opts=self._child(),
        )
        rules = [*self._allow_outbound(), *self._allow_endpoints(), *self._allow_load_balancer()]
        self.security_group_id = pulumi.Output.all(self._group.id, *rules).apply(lambda ids: str(ids[0]))
        self._register()

    def allow_connection_from(self, client: str, security_group_id: pulumi.Input[str]) -> None:
        """Let members of another security group connect to the tasks' port, bypassing the load balancer.

        Args:
            client: the name of the client, the last part of the rule's logical name; different for each client.
            security_group_id: its security group, whose rules must allow outbound connections to that port.
        """
        self._allow_inbound(client, security_group_id, f"From {client} to the app")

    def _allow_inbound(
        self, client: str, security_group_id: pulumi.Input[str], description: str
    ) -> aws.vpc.SecurityGroupIngressRule:
        name, port = f"{self._name}-from-{client}", self._args["port"]
        return allow_group(name, self._group.id, security_group_id, port, description, self._child())

    def allow_group(self, role: str, security_group_id: pulumi.Input[str], port: pulumi.Input[int]) -> None:
        """Let tasks connect to a TCP port of another security group, whose rules must allow them in.

        Without `outbound_ports` nothing is needed for that, and nothing is created. From then on `security_group_id` is
        known once this rule exists too.

        Args:
            role: the role of the other group, as the last part of the rule's name.
            security_group_id: the other group.
            port: its port.
        """
        if "outbound_ports" in self._args:
            rule = self._allow(role, port, group=security_group_id)
            self.security_group_id = pulumi.Output.all(self.security_group_id, rule).apply(lambda ids: str(ids[0]))

    def _allow(
        self,
        role: str,
        port: pulumi.Input[int],
        group: pulumi.Input[str] | None = None,
        prefix_list: pulumi.Input[str] | None = None,
    ) -> pulumi.Output[str]:
        return aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-to-{role}",
            security_group_id=self._group.id,
            description=f"To the {role.replace('-', ' ')} that the stack itself connects",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            referenced_security_group_id=group,
            prefix_list_id=prefix_list,
            opts=self._child(),
        ).id

    def _allow_endpoints(self) -> list[pulumi.Output[str]]:
        """To image, logs and secrets without the internet: a task that cannot reach them never starts."""
        if "outbound_ports" not in self._args or "endpoint_security_group_id" not in self._args:
            return []
        region = aws.get_region_output(opts=pulumi.InvokeOptions(parent=self)).region
        # AWS's prefix list of S3's addresses, which a gateway endpoint serves; it counts as one rule.
        s3 = aws.ec2.get_managed_prefix_list_output(
            name=pulumi.Output.format("com.amazonaws.{region}.s3", region=region),
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        endpoints = self._args["endpoint_security_group_id"]
        return [
            self._allow("endpoints", _HTTPS, group=endpoints),
            self._allow("s3", _HTTPS, prefix_list=s3.id),
        ]

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
        """Both ends: into the tasks, and out of the load balancer, whose group otherwise allows nothing out."""
        args, rules = self._args, list[pulumi.Output[str]]()
        if "load_balancer_security_group_id" in args:
            rules += self._allow_from("load-balancer", args["load_balancer_security_group_id"])
        if "internal_load_balancer_security_group_id" in args:
            rules += self._allow_from("internal-load-balancer", args["internal_load_balancer_security_group_id"])
        return rules

    def _allow_from(self, role: str, balancer: pulumi.Input[str]) -> list[pulumi.Output[str]]:
        port = self._args["port"]
        inward = self._allow_inbound(role, balancer, "From the load balancer to the app")
        outward = aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-from-{role}",
            security_group_id=balancer,
            referenced_security_group_id=self._group.id,
            description="From the load balancer to the app",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self._child(),
        )
        return [inward.id, outward.id]

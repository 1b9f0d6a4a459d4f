"""A rule that allows connections from one security group to another."""

import pulumi
import pulumi_aws as aws


def allow_group(
    name: str,
    security_group_id: pulumi.Input[str],
    source_group_id: pulumi.Input[str],
    port: pulumi.Input[int],
    description: str,
    opts: pulumi.ResourceOptions,
) -> aws.vpc.SecurityGroupIngressRule:
    """Allow members of the source group to connect to one TCP port of members of the other."""
    return aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=security_group_id,
        referenced_security_group_id=source_group_id,
        description=description,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        opts=opts,
    )

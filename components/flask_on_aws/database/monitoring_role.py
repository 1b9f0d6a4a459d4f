"""The role with which RDS writes a database's operating system metrics to CloudWatch."""

import pulumi
import pulumi_aws as aws

from ..iam import service_trust

_SERVICE = "monitoring.rds.amazonaws.com"


def monitoring_role_arn(
    name: str, permissions_boundary: pulumi.Input[str] | None, parent: pulumi.Resource
) -> pulumi.Output[str]:
    """Create the role `{name}-monitoring` with AWS's policy for it, and return its ARN."""
    opts = pulumi.ResourceOptions(parent=parent)
    account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=parent)).account_id
    role = aws.iam.Role(
        f"{name}-monitoring",
        assume_role_policy=account.apply(lambda account_id: service_trust(_SERVICE, account_id)),
        permissions_boundary=permissions_boundary,
        opts=opts,
    )
    partition = aws.get_partition_output(opts=pulumi.InvokeOutputOptions(parent=parent)).partition
    attachment = aws.iam.RolePolicyAttachment(
        f"{name}-monitoring-policy",
        role=role.name,
        policy_arn=pulumi.Output.format(
            "arn:{partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole", partition=partition
        ),
        opts=opts,
    )
    # RDS checks the role's permissions when it is set, so its ARN is known only once the policy is attached.
    return pulumi.Output.all(role.arn, attachment.id).apply(lambda values: str(values[0]))

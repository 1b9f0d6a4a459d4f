"""A VPC's flow logs in CloudWatch."""

import pulumi
import pulumi_aws as aws

from ..iam import policy_json, service_trust

_SERVICE = "vpc-flow-logs.amazonaws.com"


def create_flow_logs(
    name: str,
    vpc: aws.ec2.Vpc,
    retention_days: int,
    permissions_boundary: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
    kms_key_id: pulumi.Input[str] | None = None,
) -> None:
    """Log the VPC's traffic, both accepted and rejected."""
    group = aws.cloudwatch.LogGroup(
        f"{name}-flow-log-group", retention_in_days=retention_days, kms_key_id=kms_key_id, opts=opts
    )
    account = aws.get_caller_identity_output(opts=pulumi.InvokeOptions(parent=opts.parent)).account_id
    role = aws.iam.Role(
        f"{name}-flow-log-role",
        description="Lets the VPC's flow logs write to their log group",
        assume_role_policy=account.apply(lambda account_id: service_trust(_SERVICE, account_id)),
        permissions_boundary=permissions_boundary,
        opts=opts,
    )
    aws.iam.RolePolicy(f"{name}-flow-log-policy", role=role.name, policy=group.arn.apply(write_policy), opts=opts)
    aws.ec2.FlowLog(
        f"{name}-flow-log",
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        opts=opts,
    )


def write_policy(log_group_arn: str) -> str:
    """Write to the streams of exactly this log group."""
    actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": f"{log_group_arn}:*"}
    return policy_json([statement])

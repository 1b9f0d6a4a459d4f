"""A policy that lets a role, whoever created it, use a component's resources."""

import pulumi
import pulumi_aws as aws


def grant(
    owner: str, client: str, role: pulumi.Input[str], policy: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> None:
    """Add an inline policy to a role.

    Args:
        owner: logical name of the component that grants.
        client: the owner of the role, the last part of the policy's logical name.
        role: name or ARN of the role.
        policy: the policy document as JSON.
        opts: the options of the policy.
    """
    name = pulumi.Output.from_input(role).apply(role_name)
    aws.iam.RolePolicy(f"{owner}-grant-{client}", role=name, policy=policy, opts=opts)


def role_name(role: str) -> str:
    """The name of a role from its name or ARN: names contain no slash, and a path precedes the last one."""
    return role.rpartition("/")[2]

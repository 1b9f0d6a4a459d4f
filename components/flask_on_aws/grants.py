"""A policy that lets a role, whoever made it, use what a component has."""

import pulumi
import pulumi_aws as aws


def grant(
    owner: str, client: str, role: pulumi.Input[str], policy: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> None:
    """Add an inline policy to a role.

    Args:
        owner: logical name of the component that grants.
        client: whose role it is, as the last part of the policy's logical name.
        role: name or ARN of the role.
        policy: the policy document as JSON.
        opts: the options of the policy.
    """
    name = pulumi.Output.from_input(role).apply(role_name)
    aws.iam.RolePolicy(f"{owner}-grant-{client}", role=name, policy=policy, opts=opts)


def role_name(role: str) -> str:
    """The name of a role that is given by name or ARN: names have no slash, and paths are left of it."""
    return role.rpartition("/")[2]

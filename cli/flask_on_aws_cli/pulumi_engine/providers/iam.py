"""IAM roles and their policies."""

from collections.abc import Mapping
from typing import Any

from .base import Call, Json, Provider, find_by, key_values, name_of, none_if_missing, present

_NOT_FOUND = ("NoSuchEntity",)


def _client(call: Call) -> Any:
    return call.aws.client("iam")


def create_role(call: Call) -> str:
    inputs = call.inputs
    _client(call).create_role(
        RoleName=call.name,
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        Tags=key_values(call.tags),
        **present(
            Path=inputs.get("path"),
            Description=inputs.get("description"),
            MaxSessionDuration=inputs.get("maxSessionDuration"),
            PermissionsBoundary=inputs.get("permissionsBoundary"),
        ),
    )
    return call.name


def read_role(call: Call) -> Json | None:
    role = none_if_missing(_NOT_FOUND, lambda: _client(call).get_role(RoleName=call.id)["Role"])
    return role and {"id": call.id, "name": call.id, "arn": role["Arn"], "uniqueId": role["RoleId"]}


def update_role(call: Call) -> None:
    iam, inputs = _client(call), call.inputs
    iam.update_assume_role_policy(RoleName=call.id, PolicyDocument=inputs["assumeRolePolicy"])
    if call.changed("description", "maxSessionDuration"):
        settings = present(Description=inputs.get("description"), MaxSessionDuration=inputs.get("maxSessionDuration"))
        iam.update_role(RoleName=call.id, **settings)
    if call.changed("permissionsBoundary"):
        boundary = inputs.get("permissionsBoundary")
        if boundary:
            iam.put_role_permissions_boundary(RoleName=call.id, PermissionsBoundary=boundary)
        else:
            iam.delete_role_permissions_boundary(RoleName=call.id)
    if call.removed_tags:
        iam.untag_role(RoleName=call.id, TagKeys=call.removed_tags)
    iam.tag_role(RoleName=call.id, Tags=key_values(call.tags))


def delete_role(call: Call) -> None:
    none_if_missing(_NOT_FOUND, lambda: _client(call).delete_role(RoleName=call.id))


def put_policy(call: Call) -> None:
    name = call.id.partition(":")[2] or call.name
    _client(call).put_role_policy(RoleName=call.inputs["role"], PolicyName=name, PolicyDocument=call.inputs["policy"])


def create_policy(call: Call) -> str:
    put_policy(call)
    return _policy_id(call)


def _policy_id(call: Call) -> str:
    return f"{call.inputs['role']}:{call.name}"  # the AWS provider's format


def read_policy(call: Call) -> Json | None:
    role, _, name = call.id.partition(":")
    policy = none_if_missing(_NOT_FOUND, lambda: _client(call).get_role_policy(RoleName=role, PolicyName=name))
    return policy and {"id": call.id, "name": name}


def delete_policy(call: Call) -> None:
    role, _, name = call.id.partition(":")
    none_if_missing(_NOT_FOUND, lambda: _client(call).delete_role_policy(RoleName=role, PolicyName=name))


def attach(call: Call) -> str:
    role, policy = call.inputs["role"], call.inputs["policyArn"]
    _client(call).attach_role_policy(RoleName=role, PolicyArn=policy)
    return f"{role}/{policy}"


def read_attachment(call: Call) -> Json | None:
    role = call.inputs["role"]
    response: Any = none_if_missing(_NOT_FOUND, lambda: _client(call).list_attached_role_policies(RoleName=role))
    arns = [policy["PolicyArn"] for policy in response["AttachedPolicies"]] if response else []
    return {"id": call.id} if call.inputs["policyArn"] in arns else None


def detach(call: Call) -> None:
    role, policy = call.inputs["role"], call.inputs["policyArn"]
    none_if_missing(_NOT_FOUND, lambda: _client(call).detach_role_policy(RoleName=role, PolicyArn=policy))


PROVIDERS: Mapping[str, Provider] = {
    "aws:iam/role:Role": Provider(
        create=create_role,
        read=read_role,
        update=update_role,
        delete=delete_role,
        find=find_by(name_of, read_role),
        replace_on=frozenset({"name", "path"}),
        tagged=True,
    ),
    "aws:iam/rolePolicy:RolePolicy": Provider(
        create=create_policy,
        read=read_policy,
        update=put_policy,
        delete=delete_policy,
        find=find_by(_policy_id, read_policy),
        replace_on=frozenset({"name", "role"}),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Provider(attach, read_attachment, detach),
}

"""Roles and their policies."""

from collections.abc import Mapping
from typing import Any

from .base import Call, Json, Provider, find_by, key_values, name_of, present, unless_gone

_GONE = ("NoSuchEntity",)


def _client(call: Call) -> Any:
    return call.aws.client("iam")


def create_role(call: Call) -> str:
    given = call.inputs
    _client(call).create_role(
        RoleName=call.name,
        AssumeRolePolicyDocument=given["assumeRolePolicy"],
        Tags=key_values(call.tags),
        **present(
            Path=given.get("path"),
            Description=given.get("description"),
            MaxSessionDuration=given.get("maxSessionDuration"),
            PermissionsBoundary=given.get("permissionsBoundary"),
        ),
    )
    return call.name


def read_role(call: Call) -> Json | None:
    found = unless_gone(_GONE, lambda: _client(call).get_role(RoleName=call.id)["Role"])
    return found and {"id": call.id, "name": call.id, "arn": found["Arn"], "uniqueId": found["RoleId"]}


def update_role(call: Call) -> None:
    iam, given = _client(call), call.inputs
    iam.update_assume_role_policy(RoleName=call.id, PolicyDocument=given["assumeRolePolicy"])
    if call.changed("description", "maxSessionDuration"):
        settings = present(Description=given.get("description"), MaxSessionDuration=given.get("maxSessionDuration"))
        iam.update_role(RoleName=call.id, **settings)
    if call.changed("permissionsBoundary"):
        boundary = given.get("permissionsBoundary")
        if boundary:
            iam.put_role_permissions_boundary(RoleName=call.id, PermissionsBoundary=boundary)
        else:
            iam.delete_role_permissions_boundary(RoleName=call.id)
    gone = sorted(call.old.get("tagsAll", {}).keys() - call.tags.keys())
    if gone:
        iam.untag_role(RoleName=call.id, TagKeys=gone)
    iam.tag_role(RoleName=call.id, Tags=key_values(call.tags))


def delete_role(call: Call) -> None:
    unless_gone(_GONE, lambda: _client(call).delete_role(RoleName=call.id))


def put_policy(call: Call) -> None:
    name = call.id.partition(":")[2] or call.name
    _client(call).put_role_policy(RoleName=call.inputs["role"], PolicyName=name, PolicyDocument=call.inputs["policy"])


def create_policy(call: Call) -> str:
    put_policy(call)
    return _policy_id(call)


def _policy_id(call: Call) -> str:
    return f"{call.inputs['role']}:{call.name}"  # as the AWS provider writes it


def read_policy(call: Call) -> Json | None:
    role, _, name = call.id.partition(":")
    found = unless_gone(_GONE, lambda: _client(call).get_role_policy(RoleName=role, PolicyName=name))
    return found and {"id": call.id, "name": name}


def delete_policy(call: Call) -> None:
    role, _, name = call.id.partition(":")
    unless_gone(_GONE, lambda: _client(call).delete_role_policy(RoleName=role, PolicyName=name))


def attach(call: Call) -> str:
    role, policy = call.inputs["role"], call.inputs["policyArn"]
    _client(call).attach_role_policy(RoleName=role, PolicyArn=policy)
    return f"{role}/{policy}"


def read_attachment(call: Call) -> Json | None:
    found: Any = unless_gone(_GONE, lambda: _client(call).list_attached_role_policies(RoleName=call.inputs["role"]))
    arns = [policy["PolicyArn"] for policy in found["AttachedPolicies"]] if found else []
    return {"id": call.id} if call.inputs["policyArn"] in arns else None


def detach(call: Call) -> None:
    role, policy = call.inputs["role"], call.inputs["policyArn"]
    unless_gone(_GONE, lambda: _client(call).detach_role_policy(RoleName=role, PolicyArn=policy))


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

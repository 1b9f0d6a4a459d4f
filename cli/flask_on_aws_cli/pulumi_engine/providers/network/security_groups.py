"""Security groups and their rules, as records."""

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from ..base import Call, Json, Provider, none_if_missing, present
from .ec2 import NOT_FOUND, arn, client, delete_with, find_by_mark, tag_specifications, update_tags


def create_group(call: Call) -> str:
    response = client(call).create_security_group(
        GroupName=call.name,
        Description=call.inputs.get("description", "Managed by Pulumi"),
        VpcId=call.inputs["vpcId"],
        TagSpecifications=tag_specifications(call, "security-group"),
    )
    group = response["GroupId"]
    # AWS adds a rule that allows all egress; Pulumi's groups have only the rules that the program defines.
    description = client(call).describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    if description["IpPermissionsEgress"]:
        client(call).revoke_security_group_egress(GroupId=group, IpPermissions=description["IpPermissionsEgress"])
    return group


def read_group(call: Call) -> Json | None:
    response = none_if_missing(NOT_FOUND, lambda: client(call).describe_security_groups(GroupIds=[call.id]))
    if not response or not response["SecurityGroups"]:
        return None
    group = response["SecurityGroups"][0]
    names = {"name": group["GroupName"], "description": group["Description"]}
    return {"id": call.id, "arn": arn(call, "security-group"), "ownerId": call.aws.account_id, **names}


def _permission(inputs: Mapping[str, Any]) -> dict[str, Any]:
    description = present(Description=inputs.get("description"))
    sources = {
        "IpRanges": ("cidrIpv4", "CidrIp"),
        "Ipv6Ranges": ("cidrIpv6", "CidrIpv6"),
        "PrefixListIds": ("prefixListId", "PrefixListId"),
        "UserIdGroupPairs": ("referencedSecurityGroupId", "GroupId"),
    }
    ranges = {
        key: [{name: inputs[source], **description}] for key, (source, name) in sources.items() if source in inputs
    }
    ports = present(FromPort=inputs.get("fromPort"), ToPort=inputs.get("toPort"))
    return {"IpProtocol": inputs["ipProtocol"], **ports, **ranges}


def create_rule(call: Call, *, direction: str) -> str:
    authorize = getattr(client(call), f"authorize_security_group_{direction}")
    response = authorize(
        GroupId=call.inputs["securityGroupId"],
        IpPermissions=[_permission(call.inputs)],
        TagSpecifications=tag_specifications(call, "security-group-rule"),
    )
    return response["SecurityGroupRules"][0]["SecurityGroupRuleId"]


def _rules(call: Call) -> list[dict[str, Any]]:
    filters = [{"Name": "group-id", "Values": [call.inputs["securityGroupId"]]}]
    return client(call).describe_security_group_rules(Filters=filters)["SecurityGroupRules"]


def read_rule(call: Call) -> Json | None:
    rules: list[Any] = none_if_missing(NOT_FOUND, lambda: _rules(call)) or []
    if not any(rule["SecurityGroupRuleId"] == call.id for rule in rules):
        return None
    return {"id": call.id, "securityGroupRuleId": call.id, "arn": arn(call, "security-group-rule")}


def find_rule(call: Call, *, direction: str) -> str | None:
    """By the rule's content, since AWS rejects a second rule with the same content."""
    permission = _permission(call.inputs)
    group = none_if_missing(
        NOT_FOUND, lambda: client(call).describe_security_groups(GroupIds=[call.inputs["securityGroupId"]])
    )
    if group is None:
        return None
    for rule in _rules(call):
        if rule["IsEgress"] == (direction == "egress") and _matches(rule, permission):
            return rule["SecurityGroupRuleId"]
    return None


def _matches(rule: Mapping[str, Any], permission: Mapping[str, Any]) -> bool:
    ranges = [cast(Any, entry)[0] for entry in permission.values() if isinstance(entry, list)]
    sources = {value for entry in ranges for value in entry.values()}
    referenced_group = rule.get("ReferencedGroupInfo", {}).get("GroupId")
    rule_sources = {rule.get("CidrIpv4"), rule.get("CidrIpv6"), rule.get("PrefixListId"), referenced_group} - {None}
    same_ports = all(rule.get(key, -1) == permission.get(key, -1) for key in ("FromPort", "ToPort"))
    return rule["IpProtocol"] == permission["IpProtocol"] and same_ports and bool(rule_sources & sources)


def delete_rule(call: Call, *, direction: str) -> None:
    revoke = getattr(client(call), f"revoke_security_group_{direction}")
    group = call.inputs["securityGroupId"]
    codes = (*NOT_FOUND, "InvalidPermission.NotFound")
    none_if_missing(codes, lambda: revoke(GroupId=group, SecurityGroupRuleIds=[call.id]))


def _rule(direction: str) -> Provider:
    return Provider(
        create=partial(create_rule, direction=direction),
        read=read_rule,
        update=update_tags,
        delete=partial(delete_rule, direction=direction),
        find=partial(find_rule, direction=direction),
        only_tags_change=True,
        tagged=True,
        delete_first=True,  # AWS rejects a second rule with the same content
    )


PROVIDERS: Mapping[str, Provider] = {
    "aws:ec2/securityGroup:SecurityGroup": Provider(
        create=create_group,
        read=read_group,
        update=update_tags,
        delete=delete_with("delete_security_group", "GroupId"),
        find=partial(find_by_mark, kind="security-group"),
        replace_on=frozenset({"name", "vpcId", "description"}),
        tagged=True,
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule("ingress"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule("egress"),
}

"""Security groups and their rules, as records."""

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from ..base import Call, Json, Provider, present, unless_gone
from .ec2 import GONE, arn, client, deletion, find_marked, retag, tagged


def create_group(call: Call) -> str:
    made = client(call).create_security_group(
        GroupName=call.name,
        Description=call.inputs.get("description", "Managed by Pulumi"),
        VpcId=call.inputs["vpcId"],
        TagSpecifications=tagged(call, "security-group"),
    )
    group = made["GroupId"]
    # AWS lets everything out by itself; Pulumi's groups have the rules that the program gives, and no others.
    found = client(call).describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    if found["IpPermissionsEgress"]:
        client(call).revoke_security_group_egress(GroupId=group, IpPermissions=found["IpPermissionsEgress"])
    return group


def read_group(call: Call) -> Json | None:
    found = unless_gone(GONE, lambda: client(call).describe_security_groups(GroupIds=[call.id])["SecurityGroups"])
    if not found:
        return None
    name = {"name": found[0]["GroupName"], "description": found[0]["Description"]}
    return {"id": call.id, "arn": arn(call, "security-group"), "ownerId": call.aws.account_id, **name}


def _permission(given: Mapping[str, Any]) -> dict[str, Any]:
    note = present(Description=given.get("description"))
    sources = {
        "IpRanges": ("cidrIpv4", "CidrIp"),
        "Ipv6Ranges": ("cidrIpv6", "CidrIpv6"),
        "PrefixListIds": ("prefixListId", "PrefixListId"),
        "UserIdGroupPairs": ("referencedSecurityGroupId", "GroupId"),
    }
    ranges = {key: [{name: given[source], **note}] for key, (source, name) in sources.items() if source in given}
    ports = present(FromPort=given.get("fromPort"), ToPort=given.get("toPort"))
    return {"IpProtocol": given["ipProtocol"], **ports, **ranges}


def create_rule(call: Call, *, way: str) -> str:
    authorize = getattr(client(call), f"authorize_security_group_{way}")
    made = authorize(
        GroupId=call.inputs["securityGroupId"],
        IpPermissions=[_permission(call.inputs)],
        TagSpecifications=tagged(call, "security-group-rule"),
    )
    return made["SecurityGroupRules"][0]["SecurityGroupRuleId"]


def _rules(call: Call) -> list[dict[str, Any]]:
    filters = [{"Name": "group-id", "Values": [call.inputs["securityGroupId"]]}]
    return client(call).describe_security_group_rules(Filters=filters)["SecurityGroupRules"]


def read_rule(call: Call) -> Json | None:
    found: list[Any] = unless_gone(GONE, lambda: _rules(call)) or []
    if not any(rule["SecurityGroupRuleId"] == call.id for rule in found):
        return None
    return {"id": call.id, "securityGroupRuleId": call.id, "arn": arn(call, "security-group-rule")}


def find_rule(call: Call, *, way: str) -> str | None:
    """Of two rules that say the same AWS takes only one, so a rule is known by what it says."""
    wanted = _permission(call.inputs)
    group = unless_gone(GONE, lambda: client(call).describe_security_groups(GroupIds=[call.inputs["securityGroupId"]]))
    if group is None:
        return None
    for rule in _rules(call):
        if rule["IsEgress"] == (way == "egress") and _says(rule, wanted):
            return rule["SecurityGroupRuleId"]
    return None


def _says(rule: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    sources = {value for entry in wanted.values() if isinstance(entry, list) for value in cast(Any, entry)[0].values()}
    referenced = rule.get("ReferencedGroupInfo", {}).get("GroupId")
    given = {rule.get("CidrIpv4"), rule.get("CidrIpv6"), rule.get("PrefixListId"), referenced} - {None}
    same_ports = all(rule.get(key, -1) == wanted.get(key, -1) for key in ("FromPort", "ToPort"))
    return rule["IpProtocol"] == wanted["IpProtocol"] and same_ports and bool(given & sources)


def delete_rule(call: Call, *, way: str) -> None:
    revoke = getattr(client(call), f"revoke_security_group_{way}")
    group = call.inputs["securityGroupId"]
    unless_gone((*GONE, "InvalidPermission.NotFound"), lambda: revoke(GroupId=group, SecurityGroupRuleIds=[call.id]))


def _rule(way: str) -> Provider:
    return Provider(
        create=partial(create_rule, way=way),
        read=read_rule,
        update=retag,
        delete=partial(delete_rule, way=way),
        find=partial(find_rule, way=way),
        only_tags_change=True,
        tagged=True,
        delete_first=True,  # AWS takes no second rule that says the same
    )


PROVIDERS: Mapping[str, Provider] = {
    "aws:ec2/securityGroup:SecurityGroup": Provider(
        create=create_group,
        read=read_group,
        update=retag,
        delete=deletion("delete_security_group", "GroupId"),
        find=partial(find_marked, kind="security-group"),
        replace_on=frozenset({"name", "vpcId", "description"}),
        tagged=True,
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule("ingress"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule("egress"),
}

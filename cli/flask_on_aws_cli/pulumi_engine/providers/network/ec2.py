"""Networks: records of the VPC and its subnets, for the services that refer to them."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..base import MARK, Call, Json, Provider, key_values, present, unless_gone

GONE = (
    "InvalidVpcID.NotFound",
    "InvalidSubnetID.NotFound",
    "InvalidGroup.NotFound",
    "InvalidGroupId.NotFound",
    "InvalidSecurityGroupRuleId.NotFound",
)


def client(call: Call) -> Any:
    """The client of EC2."""
    return call.aws.client("ec2")


def tagged(call: Call, kind: str) -> list[dict[str, Any]]:
    """The tags of what is created, its mark among them."""
    return [{"ResourceType": kind, "Tags": key_values({**call.tags, MARK: call.name})}]


def find_marked(call: Call, *, kind: str) -> str | None:
    """The id of what was created with the mark of this creation."""
    wanted = {"key": MARK, "value": call.name, "resource-type": kind}
    filters = [{"Name": name, "Values": [value]} for name, value in wanted.items()]
    tags = client(call).describe_tags(Filters=filters)["Tags"]
    return tags[0]["ResourceId"] if tags else None


def retag(call: Call) -> None:
    """Bring the tags from the old ones to the new ones."""
    before = {key: str(value) for key, value in call.old.get("tagsAll", {}).items()}
    gone = before.keys() - call.tags.keys()
    if gone:
        client(call).delete_tags(Resources=[call.id], Tags=[{"Key": key} for key in sorted(gone)])
    if call.tags:
        client(call).create_tags(Resources=[call.id], Tags=key_values(call.tags))


def arn(call: Call, kind: str) -> str:
    """The resource's ARN."""
    return call.aws.arn("ec2", f"{kind}/{call.id}")


def create_vpc(call: Call) -> str:
    given = call.inputs
    ipv6 = True if given.get("assignGeneratedIpv6CidrBlock") else None
    made = client(call).create_vpc(
        CidrBlock=given["cidrBlock"],
        TagSpecifications=tagged(call, "vpc"),
        **present(AmazonProvidedIpv6CidrBlock=ipv6, InstanceTenancy=given.get("instanceTenancy")),
    )
    vpc = made["Vpc"]["VpcId"]
    _set_dns(call, vpc)
    return vpc


def _set_dns(call: Call, vpc: str) -> None:
    for key, attribute in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
        if key in call.inputs:  # each has a call of its own
            client(call).modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": call.inputs[key]}})


def read_vpc(call: Call) -> Json | None:
    found = unless_gone(GONE, lambda: client(call).describe_vpcs(VpcIds=[call.id])["Vpcs"])
    if not found:
        return None
    blocks = [entry["Ipv6CidrBlock"] for entry in found[0].get("Ipv6CidrBlockAssociationSet", [])]
    return {
        "id": call.id,
        "arn": arn(call, "vpc"),
        "ownerId": call.aws.account_id,
        "ipv6CidrBlock": blocks[0] if blocks else "",
        "defaultSecurityGroupId": _default_group(call),
    }


def _default_group(call: Call) -> str:
    filters = [{"Name": "vpc-id", "Values": [call.id]}, {"Name": "group-name", "Values": ["default"]}]
    groups = client(call).describe_security_groups(Filters=filters)["SecurityGroups"]
    return groups[0]["GroupId"] if groups else ""


def update_vpc(call: Call) -> None:
    _set_dns(call, call.id)
    retag(call)


def create_subnet(call: Call) -> str:
    given = call.inputs
    made = client(call).create_subnet(
        VpcId=given["vpcId"],
        CidrBlock=given["cidrBlock"],
        TagSpecifications=tagged(call, "subnet"),
        **present(AvailabilityZone=given.get("availabilityZone"), Ipv6CidrBlock=given.get("ipv6CidrBlock")),
    )
    subnet = made["Subnet"]["SubnetId"]
    _set_public(call, subnet)
    return subnet


def _set_public(call: Call, subnet: str) -> None:
    if "mapPublicIpOnLaunch" in call.inputs:
        public = {"Value": call.inputs["mapPublicIpOnLaunch"]}
        client(call).modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch=public)


def read_subnet(call: Call) -> Json | None:
    found = unless_gone(GONE, lambda: client(call).describe_subnets(SubnetIds=[call.id])["Subnets"])
    if not found:
        return None
    zone, zone_id = found[0]["AvailabilityZone"], found[0]["AvailabilityZoneId"]
    return {"id": call.id, "arn": arn(call, "subnet"), "availabilityZone": zone, "availabilityZoneId": zone_id}


def update_subnet(call: Call) -> None:
    _set_public(call, call.id)
    retag(call)


def deletion(method: str, argument: str) -> Any:
    """A `delete` by one of the API's operations."""

    def delete(call: Call) -> None:
        unless_gone(GONE, lambda: getattr(client(call), method)(**{argument: call.id}))

    return delete


PROVIDERS: Mapping[str, Provider] = {
    "aws:ec2/vpc:Vpc": Provider(
        create=create_vpc,
        read=read_vpc,
        update=update_vpc,
        delete=deletion("delete_vpc", "VpcId"),
        find=partial(find_marked, kind="vpc"),
        replace_on=frozenset({"cidrBlock", "instanceTenancy", "assignGeneratedIpv6CidrBlock"}),
        tagged=True,
    ),
    "aws:ec2/subnet:Subnet": Provider(
        create=create_subnet,
        read=read_subnet,
        update=update_subnet,
        delete=deletion("delete_subnet", "SubnetId"),
        find=partial(find_marked, kind="subnet"),
        replace_on=frozenset({"vpcId", "cidrBlock", "availabilityZone", "ipv6CidrBlock"}),
        delete_first=True,  # two subnets cannot have one block
        tagged=True,
    ),
}

"""VPCs and their subnets, as records for the services that refer to them."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..base import MARK, Call, Json, Provider, key_values, none_if_missing, present

NOT_FOUND = (
    "InvalidVpcID.NotFound",
    "InvalidSubnetID.NotFound",
    "InvalidGroup.NotFound",
    "InvalidGroupId.NotFound",
    "InvalidSecurityGroupRuleId.NotFound",
)


def client(call: Call) -> Any:
    """The EC2 client."""
    return call.aws.client("ec2")


def tag_specifications(call: Call, kind: str) -> list[dict[str, Any]]:
    """The tags of a new resource of an EC2 resource type, including `MARK`."""
    return [{"ResourceType": kind, "Tags": key_values({**call.tags, MARK: call.name})}]


def find_by_mark(call: Call, *, kind: str) -> str | None:
    """The id of the resource that has the creation's name in its tag `MARK`."""
    criteria = {"key": MARK, "value": call.name, "resource-type": kind}
    filters = [{"Name": name, "Values": [value]} for name, value in criteria.items()]
    tags = client(call).describe_tags(Filters=filters)["Tags"]
    return tags[0]["ResourceId"] if tags else None


def update_tags(call: Call) -> None:
    """Remove the tags that the resource no longer has, and set the others."""
    if call.removed_tags:
        client(call).delete_tags(Resources=[call.id], Tags=[{"Key": key} for key in call.removed_tags])
    if call.tags:
        client(call).create_tags(Resources=[call.id], Tags=key_values(call.tags))


def arn(call: Call, kind: str) -> str:
    """The resource's ARN."""
    return call.aws.arn("ec2", f"{kind}/{call.id}")


def create_vpc(call: Call) -> str:
    inputs = call.inputs
    ipv6 = True if inputs.get("assignGeneratedIpv6CidrBlock") else None
    response = client(call).create_vpc(
        CidrBlock=inputs["cidrBlock"],
        TagSpecifications=tag_specifications(call, "vpc"),
        **present(AmazonProvidedIpv6CidrBlock=ipv6, InstanceTenancy=inputs.get("instanceTenancy")),
    )
    vpc = response["Vpc"]["VpcId"]
    _set_dns(call, vpc)
    return vpc


def _set_dns(call: Call, vpc: str) -> None:
    for key, attribute in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
        if key in call.inputs:  # one request can change only one attribute
            client(call).modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": call.inputs[key]}})


def read_vpc(call: Call) -> Json | None:
    vpcs = none_if_missing(NOT_FOUND, lambda: client(call).describe_vpcs(VpcIds=[call.id])["Vpcs"])
    if not vpcs:
        return None
    blocks = [entry["Ipv6CidrBlock"] for entry in vpcs[0].get("Ipv6CidrBlockAssociationSet", [])]
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
    if call.changed("assignGeneratedIpv6CidrBlock") and call.inputs.get("assignGeneratedIpv6CidrBlock"):
        client(call).associate_vpc_cidr_block(VpcId=call.id, AmazonProvidedIpv6CidrBlock=True)
    update_tags(call)


def create_subnet(call: Call) -> str:
    inputs = call.inputs
    response = client(call).create_subnet(
        VpcId=inputs["vpcId"],
        CidrBlock=inputs["cidrBlock"],
        TagSpecifications=tag_specifications(call, "subnet"),
        **present(AvailabilityZone=inputs.get("availabilityZone"), Ipv6CidrBlock=inputs.get("ipv6CidrBlock")),
    )
    subnet = response["Subnet"]["SubnetId"]
    _set_public_ip(call, subnet)
    return subnet


def _set_public_ip(call: Call, subnet: str) -> None:
    if "mapPublicIpOnLaunch" in call.inputs:
        public = {"Value": call.inputs["mapPublicIpOnLaunch"]}
        client(call).modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch=public)


def read_subnet(call: Call) -> Json | None:
    subnets = none_if_missing(NOT_FOUND, lambda: client(call).describe_subnets(SubnetIds=[call.id])["Subnets"])
    if not subnets:
        return None
    zone, zone_id = subnets[0]["AvailabilityZone"], subnets[0]["AvailabilityZoneId"]
    return {"id": call.id, "arn": arn(call, "subnet"), "availabilityZone": zone, "availabilityZoneId": zone_id}


def update_subnet(call: Call) -> None:
    _set_public_ip(call, call.id)
    if call.changed("ipv6CidrBlock"):
        _replace_ipv6_block(call)
    update_tags(call)


def _replace_ipv6_block(call: Call) -> None:
    (subnet,) = client(call).describe_subnets(SubnetIds=[call.id])["Subnets"]
    for association in subnet.get("Ipv6CidrBlockAssociationSet", []):
        client(call).disassociate_subnet_cidr_block(AssociationId=association["AssociationId"])
    if block := call.inputs.get("ipv6CidrBlock"):
        client(call).associate_subnet_cidr_block(SubnetId=call.id, Ipv6CidrBlock=block)


def delete_with(method: str, argument: str) -> Any:
    """A `delete` that calls a method of the EC2 client with the resource's id."""

    def delete(call: Call) -> None:
        none_if_missing(NOT_FOUND, lambda: getattr(client(call), method)(**{argument: call.id}))

    return delete


PROVIDERS: Mapping[str, Provider] = {
    "aws:ec2/vpc:Vpc": Provider(
        create=create_vpc,
        read=read_vpc,
        update=update_vpc,
        delete=delete_with("delete_vpc", "VpcId"),
        find=partial(find_by_mark, kind="vpc"),
        replace_on=frozenset({"cidrBlock", "instanceTenancy"}),
        tagged=True,
    ),
    "aws:ec2/subnet:Subnet": Provider(
        create=create_subnet,
        read=read_subnet,
        update=update_subnet,
        delete=delete_with("delete_subnet", "SubnetId"),
        find=partial(find_by_mark, kind="subnet"),
        replace_on=frozenset({"vpcId", "cidrBlock", "availabilityZone"}),
        delete_first=True,  # two subnets cannot have the same CIDR block
        tagged=True,
    ),
}

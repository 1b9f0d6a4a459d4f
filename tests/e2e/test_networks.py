"""Test of every egress mode with the real engine."""

import pytest

from tests.e2e.stacks import Stack, use_this_environment

pytestmark = pytest.mark.engine

MODES = ("public", "ipv6", "nat", "nat-per-zone", "endpoints")
PROGRAM = f"""
import pulumi
import pulumi_aws as aws
from flask_on_aws import Cluster, Network, Service, TaskSecurityGroup

for index, egress in enumerate({MODES!r}):
    network = Network(egress, {{"egress": egress, "cidr_block": f"10.{{index}}.0.0/16", "flow_logs": True}})
    pulumi.export(egress, network.vpc_id)
    if egress == "public":
        public = network

# No ports are open except those that the stack itself needs.
endpoints = {{"endpoint_security_group_id": network.endpoint_security_group_id}}
closed = TaskSecurityGroup("closed", {{"vpc_id": network.vpc_id, "outbound_ports": [], **endpoints}})
pulumi.export("closed", closed.security_group_id)

# Services with explicit providers: one of the component itself, and one of its parent component.
tags = {{"tags": {{"owner": "ops"}}}}
plain = aws.Provider("plain", region="us-east-1", default_tags=tags)
role = aws.iam.Role("deploy", assume_role_policy=pulumi.Output.json_dumps({{"Version": "2012-10-17", "Statement": []}}))
secret = pulumi.Output.secret("us-east-1")
wrapped = aws.Provider("wrapped", region=secret, assume_roles=[{{"role_arn": role.arn}}])


class Parent(pulumi.ComponentResource):
    def __init__(self, name, opts):
        super().__init__("networks:index:Parent", name, {{}}, opts)
        service(f"{{name}}-web", pulumi.ResourceOptions(parent=self))


def service(name, opts):
    args = {{
        "cluster_arn": Cluster(f"{{name}}-cluster", {{}}, opts).cluster_arn,
        "vpc_id": public.vpc_id,
        "subnet_ids": public.task_subnet_ids,
        "assign_public_ip": True,
        "image_uri": "public.ecr.aws/docker/library/python:3.13-slim",
        "release_command": "true",
    }}
    Service(name, args, opts)


service("plain-web", pulumi.ResourceOptions(provider=plain))
Parent("parent", pulumi.ResourceOptions(providers=[wrapped]))
"""


@pytest.fixture
def networks(pulumi_command, emulator, tmp_path) -> Stack:
    folder = tmp_path / "networks"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(
        "name: networks\nruntime: {name: python, options: {toolchain: pip,\n virtualenv: .venv\n}}\n"
    )
    use_this_environment(folder / "Pulumi.yaml")
    (folder / "__main__.py").write_text(PROGRAM)
    return Stack(pulumi_command, folder, emulator, "dev")


def test_every_egress_mode_is_created_and_removed_completely(networks):
    """Only this test proves that the real provider creates and deletes all resources of each egress mode."""
    networks.up()
    assert networks.changes() == {}
    ec2 = networks.aws("ec2")
    outputs = networks.outputs()
    vpcs = {mode: outputs[mode] for mode in MODES}
    in_vpcs = [{"Name": "vpc-id", "Values": list(vpcs.values())}]
    gateways = [nat["VpcId"] for nat in ec2.describe_nat_gateways()["NatGateways"] if nat["State"] == "available"]
    assert sorted(map(gateways.count, vpcs.values())) == [0, 0, 0, 1, 2]
    mode_of = {vpcs[mode]: mode for mode in MODES}
    endpoints = [
        (mode_of[endpoint["VpcId"]], endpoint["VpcEndpointType"])
        for endpoint in ec2.describe_vpc_endpoints(Filters=in_vpcs)["VpcEndpoints"]
    ]
    assert {mode for mode, kind in endpoints if kind == "Gateway"} == set(MODES)  # the gateway endpoint of S3 is free
    assert {mode for mode, kind in endpoints if kind == "Interface"} == {"endpoints"}
    groups = [{"Name": "group-id", "Values": [outputs["closed"]]}]
    rules = ec2.describe_security_group_rules(Filters=groups)["SecurityGroupRules"]
    egress = [rule for rule in rules if rule["IsEgress"]]
    assert {(rule["FromPort"], rule["ToPort"]) for rule in egress} == {(443, 443)}
    (prefix_list_id,) = [rule["PrefixListId"] for rule in egress if rule.get("PrefixListId")]
    (prefix_list,) = ec2.describe_managed_prefix_lists(PrefixListIds=[prefix_list_id])["PrefixLists"]
    assert prefix_list["PrefixListName"] == "com.amazonaws.us-east-1.s3"
    networks.run("destroy", "--yes", "--skip-preview")
    assert ec2.describe_vpcs(Filters=in_vpcs)["Vpcs"] == []

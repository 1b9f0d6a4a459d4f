"""Every way out of the network, made and removed by the real engine."""

import shutil

import pytest

from tests.e2e.stacks import ROOT, Stack, use_this_environment

pytestmark = pytest.mark.engine

MODES = ("public", "ipv6", "nat", "nat-per-zone", "endpoints")
PROGRAM = f"""
import pulumi
from components import Network

for index, egress in enumerate({MODES!r}):
    network = Network(egress, {{"egress": egress, "cidr_block": f"10.{{index}}.0.0/16", "flow_logs": True}})
    pulumi.export(egress, network.vpc_id)
"""


@pytest.fixture
def networks(pulumi_command, emulator, tmp_path) -> Stack:
    folder = tmp_path / "networks"
    shutil.copytree(ROOT / "components", folder / "components", ignore=shutil.ignore_patterns("__pycache__", "venv"))
    (folder / "Pulumi.yaml").write_text(
        "name: networks\nruntime: {name: python, options: {toolchain: pip,\n virtualenv: .venv\n}}\n"
    )
    use_this_environment(folder / "Pulumi.yaml")
    (folder / "__main__.py").write_text(PROGRAM)
    return Stack(pulumi_command, folder, emulator, "dev")


def test_every_egress_mode_is_made_whole_and_removed_whole(networks):
    """Alone proves that the real provider accepts, and removes, what each egress mode is made of."""
    networks.up()
    assert networks.changes() == {}
    ec2 = networks.aws("ec2")
    vpcs = networks.outputs()
    assert set(vpcs) == set(MODES)
    own = [{"Name": "vpc-id", "Values": list(vpcs.values())}]
    gateways = [nat["VpcId"] for nat in ec2.describe_nat_gateways()["NatGateways"] if nat["State"] == "available"]
    assert sorted(map(gateways.count, vpcs.values())) == [0, 0, 0, 1, 2]
    kinds = {vpcs[mode]: mode for mode in MODES}
    endpoints = [
        (kinds[e["VpcId"]], e["VpcEndpointType"]) for e in ec2.describe_vpc_endpoints(Filters=own)["VpcEndpoints"]
    ]
    assert {mode for mode, kind in endpoints if kind == "Gateway"} == set(MODES)  # S3's is free
    assert {mode for mode, kind in endpoints if kind == "Interface"} == {"endpoints"}
    networks.run("destroy", "--yes", "--skip-preview")
    assert ec2.describe_vpcs(Filters=own)["Vpcs"] == []

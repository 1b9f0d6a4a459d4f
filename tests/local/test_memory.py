"""Tests that the daemon does not load data and modules that it does not need, about 100 MB of memory."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json
import sys
from botocore.session import Session
from moto.backends import get_backend
from flask_on_aws_cli.local_aws.daemon import daemon
from flask_on_aws_cli.local_aws.moto_patches import apply_patches
from flask_on_aws_cli.local_project.location import ACCOUNT_ID
from moto.ec2.models import instance_types

apply_patches()
iam, ec2 = get_backend("iam")[ACCOUNT_ID], get_backend("ec2")[ACCOUNT_ID]["us-east-1"]
offered = instance_types.INSTANCE_TYPE_OFFERINGS.values()
print(json.dumps({
    "policies": {partition: len(iam[partition].managed_policies) for partition in ("aws", "aws-cn", "aws-us-gov")},
    "instance types": len(instance_types.INSTANCE_TYPES)
    + sum(len(types) for zones in offered for types in zones.values()),
    "machine images": len(ec2.amis),
    "descriptions": len({id(Session().get_data("endpoints")) for _ in range(3)}),
    "pulumi": sorted(name for name in sys.modules if name.partition(".")[0] in ("pulumi", "pulumi_aws", "grpc")),
}))
"""


@cache
def facts() -> dict[str, Any]:
    """What a separate process has loaded, because the tests' process has imported more."""
    result = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def test_managed_policies_are_only_loaded_for_one_partition() -> None:
    policies = facts()["policies"]
    assert policies.pop("aws") > 1000
    assert set(policies.values()) == {0}


def test_instance_types_and_machine_images_are_not_loaded() -> None:
    assert (facts()["instance types"], facts()["machine images"]) == (0, 0)


def test_the_description_of_an_api_is_loaded_once() -> None:
    assert facts()["descriptions"] == 1


def test_the_daemon_does_not_import_the_components_and_pulumi() -> None:
    assert facts()["pulumi"] == []


def test_a_command_does_not_import_the_daemon_s_packages() -> None:
    """They take two seconds to import."""
    program = "import sys, flask_on_aws_cli.local_aws.commands.command; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"moto", "aiohttp", "granian", "docker"} & set(result.stdout.split()) == set()

"""What a daemon leaves out or has once: a hundred megabytes of lists and of Python modules that nobody here needs."""

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
    "machines": len(instance_types.INSTANCE_TYPES) + sum(len(types) for zones in offered for types in zones.values()),
    "machine images": len(ec2.amis),
    "descriptions": len({id(Session().get_data("endpoints")) for _ in range(3)}),
    "pulumi": sorted(name for name in sys.modules if name.partition(".")[0] in ("pulumi", "pulumi_aws", "grpc")),
}))
"""


@cache
def facts() -> dict[str, Any]:
    """Of a process of its own, since a test's has imported more."""
    told = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(told.stdout)


def test_managed_policies_are_those_of_the_one_partition() -> None:
    policies = facts()["policies"]
    assert policies.pop("aws") > 1000
    assert set(policies.values()) == {0}


def test_there_are_no_machines_and_no_images_of_them() -> None:
    assert (facts()["machines"], facts()["machine images"]) == (0, 0)


def test_the_description_of_an_api_is_read_once() -> None:
    assert facts()["descriptions"] == 1


def test_a_daemon_is_without_the_components_and_their_sdk() -> None:
    assert facts()["pulumi"] == []

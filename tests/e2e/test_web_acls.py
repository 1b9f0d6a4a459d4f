"""Test of web ACLs with the real provider: the region of their requests, and changes in place."""

import json
import re

import pytest

from tests.e2e.stacks import Stack, use_this_environment
from tests.emulator import emulated_aws
from tests.request_recorder import read_requests, recorded
from tests.request_validation import violations

pytestmark = pytest.mark.engine

REGION = "eu-west-1"
PROGRAM = """
import pulumi
from flask_on_aws import WebAcl

config = pulumi.Config()
args = {"mode": config.require("mode"), "allowed_cidrs": config.require_object("cidrs"), "logs": True}
for scope in ("CLOUDFRONT", "REGIONAL"):
    pulumi.export(scope, WebAcl(scope.lower(), {**args, "scope": scope}).web_acl_arn)
"""


@pytest.fixture
def stack(pulumi_command, tmp_path):
    folder = tmp_path / "web-acls"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(
        "name: web-acls\nruntime: {name: python, options: {toolchain: pip,\n virtualenv: .venv\n}}\n"
    )
    use_this_environment(folder / "Pulumi.yaml")
    (folder / "__main__.py").write_text(PROGRAM)
    with (
        emulated_aws(tmp_path / "emulator.log") as endpoint,
        recorded(endpoint, tmp_path / "requests.jsonl") as recorder,
    ):
        stack = Stack(pulumi_command, folder, recorder, "dev")
        stack.environment["AWS_REGION"] = REGION
        yield stack


def test_cloudfront_s_web_acl_is_in_us_east_1_and_changes_in_place(stack, tmp_path):
    """Only this test proves what the real provider makes of the rules and of the region."""
    stack.configure(mode="count", cidrs=json.dumps(["198.51.100.0/24", "2001:db8::/32"]))
    stack.up()
    arns = stack.outputs()
    stack.configure(mode="block", cidrs=json.dumps(["198.51.100.7/32"]))
    stack.up()
    assert stack.outputs() == arns
    stack.run("destroy", "--yes", "--skip-preview")

    requests = [request for request in read_requests(tmp_path / "requests.jsonl") if operation(request)]
    regions = {"CLOUDFRONT": set(), "REGIONAL": set()}
    for request in requests:
        for scope, found in regions.items():
            if f'"{scope}"' in request.body.decode() or f"/{arns[scope].split('/')[-2]}/" in request.body.decode():
                found.add(region(request))
    assert regions == {"CLOUDFRONT": {"us-east-1"}, "REGIONAL": {REGION}}
    for name, token in (("CreateLogGroup", "cloudfront-"), ("PutLoggingConfiguration", "/cloudfront-")):
        bodies = {region(r): r.body.decode() for r in requests if operation(r) == name}
        assert set(bodies) == {"us-east-1", REGION}
        assert token in bodies["us-east-1"]
    created, updated = (
        [json.loads(r.body) for r in requests if operation(r) == f"{verb}WebACL"] for verb in ("Create", "Update")
    )
    assert [rule["Name"] for rule in created[0]["Rules"]][:2] == ["allowed-addresses", "rate-limit"]
    assert {json.dumps(acl["Rules"][1]["Action"]) for acl in created} == {'{"Count": {}}'}
    assert {json.dumps(acl["Rules"][1]["Action"]) for acl in updated} == {'{"Block": {}}'}
    invalid, _ = violations(requests)
    assert not invalid


def operation(request) -> str:
    """The operation of a request to AWS WAF or CloudWatch Logs; empty for those to other services."""
    service, _, name = request.headers.get("x-amz-target", "").partition(".")
    return name if service.startswith(("AWSWAF", "Logs_")) else ""


def region(request) -> str:
    """The region for which a request is signed."""
    match = re.search(r"Credential=[^/]+/\d+/([^/]+)/", request.headers["authorization"])
    assert match
    return match[1]

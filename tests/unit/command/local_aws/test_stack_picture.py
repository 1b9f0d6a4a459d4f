"""The picture of the local AWS's console: drawn from the state of the stack, without its secrets."""

import os
import xml.etree.ElementTree as ET

import pytest
from flask_on_aws_cli.local_aws.page.stack_picture import StackPicture
from flask_on_aws_cli.pulumi_engine import Secret
from flask_on_aws_cli.pulumi_engine.state import Record, State

PREFIX = "urn:pulumi:local::app::"


def record(kind, name, inputs=None, **fields):
    outputs = {"id": f"{name}-0a1b", "arn": f"arn:aws:it:us-east-1:1:{name}"}
    return Record(
        f"{PREFIX}{kind}::{name}", kind, name, True, id=outputs["id"], inputs=inputs or {}, outputs=outputs, **fields
    )


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "stack-local.json")


@pytest.fixture
def picture(tmp_path):
    return StackPicture("Stack", tmp_path / "stack-local.json")


def test_without_a_deployment_there_is_no_picture(state, picture):
    assert picture.current().version == ""
    state.export({"serviceName": "web"})
    assert picture.current().version == ""


def test_the_picture_follows_the_state(state, picture, tmp_path):
    state.put(record("aws:s3/bucket:Bucket", "media"))
    first = picture.current()
    assert ">media<" in first.svg
    state.put(record("aws:sqs/queue:Queue", "jobs"))
    os.utime(tmp_path / "stack-local.json", ns=(1, 1))  # another time, however fast the test is
    second = picture.current()
    assert first.version != second.version
    assert "jobs: SQS queue." in second.text
    assert picture.current() is second
    ET.fromstring(second.svg)


def test_what_is_only_planned_and_what_is_secret_is_not_in_it(state, picture):
    group, other = "aws:ec2/securityGroup:SecurityGroup", "aws:cloudfront/distribution:Distribution"
    rule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    state.put(record(group, "group"))
    inputs = {"vpcSecurityGroupIds": ["group-0a1b"], "engine": Secret("hunter2"), "engineVersion": "17"}
    state.put(record("aws:rds/instance:Instance", "db", inputs))
    rule_inputs = {"securityGroupId": "group-0a1b", "cidrIpv4": "0.0.0.0/0", "fromPort": 5432, "toPort": 5432}
    state.put(record(rule, "in", rule_inputs))
    state.put(record(other, "cdn", planned=True))
    found = picture.current()
    assert "Internet connects to db (5432)." in found.text
    assert "hunter2" not in found.svg
    assert "cdn" not in found.svg

"""The check of requests against AWS's models sees what botocore and emulators let through, in every protocol."""

import json

import boto3
import pytest
from botocore.config import Config

from tests.request_recorder import Recorded
from tests.request_validation import Violation, violations

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "*"}]}


class Sent(Exception):
    """In place of an answer."""


def sent(service: str, operation: str, members: dict) -> Recorded:
    """A request as botocore writes it, without its own checks."""
    client = boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=False),
    )
    found = []

    def keep(request, **_):
        body = request.body or b""
        headers = {
            name.lower(): value if isinstance(value, str) else value.decode() for name, value in request.headers.items()
        }
        target = request.url.removeprefix("http://127.0.0.1:1") or "/"
        found.append(Recorded(request.method, target, headers, body.encode() if isinstance(body, str) else body))
        raise Sent

    client.meta.events.register_first("before-send", keep)
    with pytest.raises(Sent):
        getattr(client, operation)(**members)
    return found[0]


@pytest.mark.parametrize(
    ("service", "operation", "members", "expected"),
    [
        # JSON
        ("ecs", "create_cluster", {"clusterName": "app"}, None),
        ("ecs", "update_service", {"service": "app", "propagateTags": "ALL"}, ("propagateTags", "'ALL' is not one of")),
        ("logs", "create_log_group", {"logGroupName": "a b"}, ("logGroupName", "does not match")),
        ("logs", "put_retention_policy", {"logGroupName": "app"}, ("retentionInDays", "is required")),
        ("secretsmanager", "create_secret", {"Name": "x" * 513}, ("Name", "513 characters is more than 512")),
        ("application-autoscaling", "describe_scalable_targets", {}, ("ServiceNamespace", "is required")),
        # query
        ("elbv2", "create_load_balancer", {"Name": "app", "Scheme": "public"}, ("Scheme", "'public' is not one of")),
        # ruff: noqa: E501 a row is a line
        ("elbv2", "create_rule", {"ListenerArn": "a", "Conditions": [], "Actions": [], "Priority": 60000}, ("Priority", "60000  is more than 50000")),
        ("iam", "create_role", {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"}, ("RoleName", "does not match")),
        ("cloudwatch", "put_metric_alarm", {"AlarmName": "x", "EvaluationPeriods": 0, "ComparisonOperator": "Less"}, ("EvaluationPeriods", "is less than 1")),
        # EC2
        ("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "shared"}, ("InstanceTenancy", "'shared' is not one of")),
        # REST with XML
        ("s3", "put_bucket_versioning", {"Bucket": "app", "VersioningConfiguration": {"Status": "On"}}, ("VersioningConfiguration.Status", "'On' is not one of")),
        # An IAM document
        ("iam", "put_role_policy", {"RoleName": "a", "PolicyName": "a", "PolicyDocument": json.dumps(POLICY)}, ("PolicyDocument", "UNKNOWN_ACTION")),
    ],
)  # fmt: skip
def test_what_aws_would_refuse_is_found(service, operation, members, expected):
    found, operations = violations([sent(service, operation, members)])
    assert len(operations) == 1
    if expected is None:
        assert not found
        return
    member, reason = expected
    assert any(each.member == member and reason in each.reason for each in found), found
    assert all(isinstance(each, Violation) for each in found)


def test_what_belongs_to_the_emulator_is_left_out():
    found, operations = violations([Recorded("POST", "/moto-api/reset", {"host": "127.0.0.1"}, b"")])
    assert (found, operations) == (set(), set())

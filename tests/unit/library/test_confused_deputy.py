"""No AWS service may act with the stack's roles and resources on behalf of another account."""

import inspect
import json

import flask_on_aws
import pytest
from flask_on_aws import Database, EdgeRedirect, FlaskApp, GitHubDeployRole
from flask_on_aws.component import Component

from tests.unit.library.flask_app.test_flask_app import APP, COMPUTED, VARIANTS

ACCOUNT = "123456789012"
# The condition keys that name whose request it is; one of them must hold this account's number. CloudWatch Logs names
# the log group: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
# SNS names the topic: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
SOURCE_KEYS = {
    "aws:SourceAccount",
    "aws:SourceArn",
    "kms:EncryptionContext:aws:logs:arn",
    "kms:EncryptionContext:aws:sns:topicArn",
}
# Statements for service principals that send none of them, by their Sid, each with AWS's page that says so.
EXCEPTIONS = {
    "EventRulesPublish": "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions"
}
PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
REPOSITORY = {"repository": "acme/shop"}
PROGRAMS = {
    **{f"app-{variant}": lambda args=args: FlaskApp("app", {"app": APP, **args}) for variant, args in VARIANTS.items()},
    "monitored-database": lambda: Database("db", {**PLACE, "monitoring_interval": 60}),
    "deploy-role": lambda: GitHubDeployRole("deploy", {**REPOSITORY, "branches": ["main"]}),
    "redirect": lambda: EdgeRedirect("redirect", {"hosts": ["www.example.com"], "target_host": "example.com"}),
    "preview-role": lambda: GitHubDeployRole("preview", {**REPOSITORY, "read_only": True}),
}


@pytest.fixture
def run(deploy_once, mocks):
    mocks.computed |= COMPUTED
    return lambda name: deploy_once(name, PROGRAMS[name])


def statements(value):
    """Every statement of every policy document in a resource's inputs, however it is nested or encoded."""
    if isinstance(value, str) and '"Statement"' in value:
        value = json.loads(value)
    if isinstance(value, dict):
        if "Statement" in value:
            found = value["Statement"]
            # The rules of a web ACL have statements too, which are not of a policy.
            yield from (each for each in (found if isinstance(found, list) else [found]) if "Effect" in each)
        for item in value.values():
            yield from statements(item)
    elif isinstance(value, list):
        for item in value:
            yield from statements(item)


def services(statement):
    """The service principals that a statement lets in."""
    principal = statement.get("Principal")
    if statement["Effect"] != "Allow" or not isinstance(principal, dict):
        return set()
    names = principal.get("Service", [])
    return {names} if isinstance(names, str) else set(names)


def is_bound(statement):
    """Whether a condition that a request without the key fails holds the statement to this account."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            texts = [values] if isinstance(values, str) else values
            exact = operator in ("StringEquals", "StringLike", "ArnLike", "ArnEquals")
            if exact and key in SOURCE_KEYS and all(ACCOUNT in text for text in texts):
                return True
    return False


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_service_acts_for_this_account_alone(run, name):
    deployed = run(name)
    unbound = {
        f"{resource.typ} {resource.name}: {service}"
        for resource in deployed.resources
        for statement in statements(resource.inputs)
        for service in services(statement)
        if not is_bound(statement) and statement.get("Sid") not in EXCEPTIONS
    }
    assert not unbound


def test_every_component_of_the_library_is_among_the_programs(run):
    public = {getattr(flask_on_aws, name) for name in flask_on_aws.COMPONENTS}
    components = {component.__name__ for component in public if inspect.isclass(component)}
    assert all(issubclass(component, Component) for component in public)
    registered = {
        resource.typ.rpartition(":")[2]
        for name in PROGRAMS
        for resource in run(name).resources
        if resource.typ.startswith("flask-on-aws:")
    }
    missing = components - registered
    assert not missing, f"Create {sorted(missing)} in a variant of test_flask_app.py, or in a program above."


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, False),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, True),
        ({"StringEquals": {"aws:SourceAccount": [ACCOUNT, "210987654321"]}}, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}, False),
        ({"StringNotEquals": {"aws:SourceAccount": ACCOUNT}}, False),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:rds:*:{ACCOUNT}:db:*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:rds:*:*:db:*"}}, False),
        (
            {"StringLike": {"kms:EncryptionContext:aws:logs:arn": [f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:*"]}},
            True,
        ),
        ({"StringLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:*:log-group:*"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
    ],
)
def test_what_counts_as_a_condition(condition, expected):
    statement = {"Effect": "Allow", "Principal": {"Service": ["rds.amazonaws.com"]}, "Condition": condition}
    assert services(statement) == {"rds.amazonaws.com"}
    assert is_bound(statement) is expected

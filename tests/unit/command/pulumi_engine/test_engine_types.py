"""The pure functions of resource types: names, random values, conversions to the form of AWS's APIs."""

import re
import string

import pytest
from flask_on_aws_cli.pulumi_engine.diff import Step, decide
from flask_on_aws_cli.pulumi_engine.model import naming
from flask_on_aws_cli.pulumi_engine.model.graph import Resource
from flask_on_aws_cli.pulumi_engine.providers import PROVIDERS
from flask_on_aws_cli.pulumi_engine.providers.base import pascal
from flask_on_aws_cli.pulumi_engine.providers.ecs.services import is_rolled_out
from flask_on_aws_cli.pulumi_engine.providers.load_balancing.listeners import actions, conditions
from flask_on_aws_cli.pulumi_engine.providers.randoms import password
from hypothesis import given
from hypothesis import strategies as st


def resource(type_token, logical, **inputs):
    return Resource(f"urn:pulumi:local::shop::{type_token}::{logical}", type_token, logical, "", True, inputs)


@given(st.sampled_from(sorted(naming.NAMING_RULES)), st.from_regex(r"[a-z][a-z0-9-]{0,80}", fullmatch=True))
def test_automatic_names_fit_and_differ(type_token, name):
    first, second = (naming.physical_name(resource(type_token, name)) for _ in range(2))
    assert first != second
    assert len(first) <= naming.NAMING_RULES[type_token].max_length
    assert re.fullmatch(r"[a-z][a-z0-9-]*-[0-9a-f]{7}", first)


def test_a_preview_has_a_stable_name_and_the_program_s_own_takes_precedence():
    automatic = resource("aws:lb/loadBalancer:LoadBalancer", "app-alb")
    assert naming.preview(automatic) == naming.preview(automatic)
    assert re.fullmatch("app-alb-[0-9a-f]{7}", naming.preview(automatic)["name"])
    explicit = resource("aws:lb/loadBalancer:LoadBalancer", "app-alb", name="mine")
    assert naming.preview(explicit) == {}
    assert naming.physical_name(explicit) == "mine"
    assert naming.has_explicit_name(explicit)
    assert not naming.has_explicit_name(automatic)


def test_a_new_name_replaces_a_resource_of_every_named_type():
    named = {token: naming.NAMING_RULES[token].property for token in PROVIDERS if token in naming.NAMING_RULES}
    assert named, "there are such types"
    assert {token for token, name in named.items() if name not in PROVIDERS[token].replace_on} == set()


@pytest.mark.parametrize("token", sorted(token for token in PROVIDERS if PROVIDERS[token].tagged))
def test_tags_of_every_type_change_in_place(token):
    """New tags create neither a new revision of a task definition nor a new rule of a security group."""
    immutable = PROVIDERS[token].immutable_inputs({"tags", "tagsAll", "name"})
    before, after = {"name": "web", "tags": {"team": "a"}}, {"name": "web", "tags": {"team": "b"}}
    assert decide(before, after, replace_on=immutable, updatable=PROVIDERS[token].update is not None) is Step.UPDATE


def test_a_type_that_can_change_only_its_tags_is_replaced_for_other_changes():
    for token in ("aws:ecs/taskDefinition:TaskDefinition", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
        immutable = PROVIDERS[token].immutable_inputs({"tags", "tagsAll", "cpu"})
        assert decide({"cpu": 1, "tags": {"a": "b"}}, {"cpu": 2}, replace_on=immutable) is Step.REPLACE


@given(st.integers(8, 60), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2))
def test_passwords_have_the_length_and_character_classes(length, upper, lower, numeric, special):
    value = password(
        {
            "length": length,
            "minUpper": upper,
            "minLower": lower,
            "minNumeric": numeric,
            "minSpecial": special,
            "overrideSpecial": "-_",
        }
    )
    assert len(value) == length
    assert sum(c in string.ascii_uppercase for c in value) >= upper
    assert sum(c in string.ascii_lowercase for c in value) >= lower
    assert sum(c in string.digits for c in value) >= numeric
    assert sum(c in "-_" for c in value) >= special
    assert set(value) <= {*string.ascii_letters, *string.digits, "-", "_"}


def test_disabled_character_classes_do_not_appear():
    value = password({"length": 500, "special": False, "upper": False, "numeric": False})
    assert set(value) <= set(string.ascii_lowercase)
    with pytest.raises(ValueError, match="at least one class"):
        password({"length": 5, "special": False, "upper": False, "numeric": False, "lower": False})


def test_passwords_differ():
    assert len({password({"length": 32}) for _ in range(100)}) == 100


def test_keys_are_converted_at_every_depth_and_null_is_left_out():
    assert pascal({"aB": [{"cD": None, "eF": 1}], "g": None}) == {"AB": [{"EF": 1}]}


def test_conditions_of_rules():
    inputs = [
        {"hostHeader": {"values": ["a.example"]}, "pathPattern": None},
        {"httpHeader": {"httpHeaderName": "X-Origin-Verify", "values": ["secret"]}},
        {"queryStrings": [{"key": "v", "value": "1"}]},
    ]
    assert conditions(inputs) == [
        {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example"]}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Origin-Verify", "Values": ["secret"]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "1"}]}},
    ]


def test_actions_of_listeners():
    inputs = [
        {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}},
        {"type": "forward", "targetGroupArn": "arn:tg"},
        {
            "type": "forward",
            "forward": {
                "targetGroups": [{"arn": "arn:a", "weight": 9}, {"arn": "arn:b"}],
                "stickiness": {"enabled": True, "duration": 60},
            },
        },
    ]
    assert actions(inputs) == [
        {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}},
        {"Type": "forward", "TargetGroupArn": "arn:tg"},
        {
            "Type": "forward",
            "ForwardConfig": {
                "TargetGroups": [{"TargetGroupArn": "arn:a", "Weight": 9}, {"TargetGroupArn": "arn:b"}],
                "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60},
            },
        },
    ]


def described(*deployments, definition="web:2", events=()):
    """A service as in DescribeServices; each deployment is status, task definition, running count, rollout state."""
    keys = ("status", "taskDefinition", "runningCount", "rolloutState")
    entries = [{**dict(zip(keys, values, strict=True)), "desiredCount": 2} for values in deployments]
    return {"taskDefinition": definition, "deployments": entries, "events": [{"message": text} for text in events]}


@pytest.mark.parametrize(
    ("deployments", "is_complete"),
    [
        ([("PRIMARY", "web:2", 2, "COMPLETED")], True),
        ([("PRIMARY", "web:2", 1, "COMPLETED")], False),
        ([("PRIMARY", "web:2", 2, "IN_PROGRESS")], False),
        ([("PRIMARY", "web:2", 2, "COMPLETED"), ("ACTIVE", "web:1", 1, "COMPLETED")], False),
    ],
)
def test_a_rollout_is_complete_when_only_the_new_version_runs(deployments, is_complete):
    assert is_rolled_out(described(*deployments), "web:2") is is_complete


def test_a_failed_or_rolled_back_rollout_is_reported_with_ecs_s_reason():
    failed = described(("PRIMARY", "web:1", 2, "IN_PROGRESS"), ("ACTIVE", "web:2", 0, "FAILED"), definition="web:1")
    failed["deployments"][1]["rolloutStateReason"] = "ECS deployment circuit breaker: tasks failed to start."
    with pytest.raises(ValueError, match="its rollout failed: ECS deployment circuit breaker: tasks failed to start"):
        is_rolled_out(failed, "web:2")
    rolled_back = described(
        ("PRIMARY", "web:1", 2, "COMPLETED"), definition="web:1", events=["(service web) rolled back"]
    )
    with pytest.raises(ValueError, match=r"rolled back to web:1: \(service web\) rolled back"):
        is_rolled_out(rolled_back, "web:2")
    with pytest.raises(ValueError, match="it disappeared"):
        is_rolled_out(None, "web:2")

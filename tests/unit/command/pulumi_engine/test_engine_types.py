"""Pure parts of the types: names, random values, translations to AWS's words."""

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


def test_a_preview_tells_a_stable_name_and_the_programs_own_comes_first():
    automatic = resource("aws:lb/loadBalancer:LoadBalancer", "app-alb")
    assert naming.preview(automatic) == naming.preview(automatic)
    assert re.fullmatch("app-alb-[0-9a-f]{7}", naming.preview(automatic)["name"])
    given_name = resource("aws:lb/loadBalancer:LoadBalancer", "app-alb", name="mine")
    assert naming.preview(given_name) == {}
    assert naming.physical_name(given_name) == "mine"
    assert naming.has_explicit_name(given_name)
    assert not naming.has_explicit_name(automatic)


def test_every_named_type_that_is_created_is_replaced_by_another_name():
    named = {token: naming.NAMING_RULES[token].property for token in PROVIDERS if token in naming.NAMING_RULES}
    assert named, "there are such types"
    assert {token for token, name in named.items() if name not in PROVIDERS[token].replace_on} == set()


@pytest.mark.parametrize("token", sorted(token for token in PROVIDERS if PROVIDERS[token].tagged))
def test_tags_of_every_type_change_in_place(token):
    """New tags make no new revision of a task definition, and no new rule of a security group."""
    immutable = PROVIDERS[token].immutable_inputs({"tags", "tagsAll", "name"})
    before, after = {"name": "web", "tags": {"team": "a"}}, {"name": "web", "tags": {"team": "b"}}
    assert decide(before, after, replace_on=immutable, updatable=PROVIDERS[token].update is not None) is Step.UPDATE


def test_what_can_change_its_tags_alone_is_replaced_for_anything_else():
    for token in ("aws:ecs/taskDefinition:TaskDefinition", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
        immutable = PROVIDERS[token].immutable_inputs({"tags", "tagsAll", "cpu"})
        assert decide({"cpu": 1, "tags": {"a": "b"}}, {"cpu": 2}, replace_on=immutable) is Step.REPLACE


@given(st.integers(8, 60), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2))
def test_passwords_have_their_length_and_kinds(length, upper, lower, numeric, special):
    made = password(
        {
            "length": length,
            "minUpper": upper,
            "minLower": lower,
            "minNumeric": numeric,
            "minSpecial": special,
            "overrideSpecial": "-_",
        }
    )
    assert len(made) == length
    assert sum(c in string.ascii_uppercase for c in made) >= upper
    assert sum(c in string.ascii_lowercase for c in made) >= lower
    assert sum(c in string.digits for c in made) >= numeric
    assert sum(c in "-_" for c in made) >= special
    assert set(made) <= {*string.ascii_letters, *string.digits, "-", "_"}


def test_kinds_that_are_switched_off_do_not_appear():
    made = password({"length": 500, "special": False, "upper": False, "numeric": False})
    assert set(made) <= set(string.ascii_lowercase)
    with pytest.raises(ValueError, match="at least one class"):
        password({"length": 5, "special": False, "upper": False, "numeric": False, "lower": False})


def test_passwords_differ():
    assert len({password({"length": 32}) for _ in range(100)}) == 100


def test_keys_are_translated_at_every_depth_and_null_is_left_out():
    assert pascal({"aB": [{"cD": None, "eF": 1}], "g": None}) == {"AB": [{"EF": 1}]}


def test_conditions_of_rules():
    given_conditions = [
        {"hostHeader": {"values": ["a.example"]}, "pathPattern": None},
        {"httpHeader": {"httpHeaderName": "X-Origin-Verify", "values": ["secret"]}},
        {"queryStrings": [{"key": "v", "value": "1"}]},
    ]
    assert conditions(given_conditions) == [
        {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example"]}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Origin-Verify", "Values": ["secret"]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "1"}]}},
    ]


def test_actions_of_listeners():
    given_actions = [
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
    assert actions(given_actions) == [
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
    """A service as DescribeServices tells it; each deployment is status, task definition, running, rollout state."""
    keys = ("status", "taskDefinition", "runningCount", "rolloutState")
    found = [{**dict(zip(keys, entry, strict=True)), "desiredCount": 2} for entry in deployments]
    return {"taskDefinition": definition, "deployments": found, "events": [{"message": text} for text in events]}


@pytest.mark.parametrize(
    ("deployments", "steady"),
    [
        ([("PRIMARY", "web:2", 2, "COMPLETED")], True),
        ([("PRIMARY", "web:2", 1, "COMPLETED")], False),
        ([("PRIMARY", "web:2", 2, "IN_PROGRESS")], False),
        ([("PRIMARY", "web:2", 2, "COMPLETED"), ("ACTIVE", "web:1", 1, "COMPLETED")], False),
    ],
)
def test_a_rollout_is_complete_when_the_new_version_runs_alone(deployments, steady):
    assert is_rolled_out(described(*deployments), "web:2") is steady


def test_a_rollout_that_failed_or_was_rolled_back_is_told_with_ecss_reason():
    failed = described(("PRIMARY", "web:1", 2, "IN_PROGRESS"), ("ACTIVE", "web:2", 0, "FAILED"), definition="web:1")
    failed["deployments"][1]["rolloutStateReason"] = "ECS deployment circuit breaker: tasks failed to start."
    with pytest.raises(ValueError, match="its rollout failed: ECS deployment circuit breaker: tasks failed to start"):
        is_rolled_out(failed, "web:2")
    back = described(("PRIMARY", "web:1", 2, "COMPLETED"), definition="web:1", events=["(service web) rolled back"])
    with pytest.raises(ValueError, match=r"rolled back to web:1: \(service web\) rolled back"):
        is_rolled_out(back, "web:2")
    with pytest.raises(ValueError, match="it disappeared"):
        is_rolled_out(None, "web:2")

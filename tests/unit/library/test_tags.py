"""Tags reach every resource that takes any, and what AWS would reject of them is reported before."""

import importlib
import inspect
import unicodedata

import botocore.session
import flask_on_aws
import pulumi
import pytest
from flask_on_aws import FlaskApp
from flask_on_aws.data_loss.rules import IDENTITY
from flask_on_aws.tags import MOST_TAGS, tag_problems, with_tags
from flask_on_aws.validation.argument_names import args_type
from flask_on_aws.validation.problems import ArgumentsError
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.library.flask_app.test_flask_app import APP, COMPUTED, VARIANTS

TAGS = {"team": "shop", "cost center": "4711/a"}


@pytest.fixture
def app(deploy, mocks):
    mocks.computed |= COMPUTED
    mocks.answers["aws:ecr/getAuthorizationToken:getAuthorizationToken"] = {"userName": "AWS", "password": "token"}

    def run(transform=None, opts=None, **args):
        return deploy(lambda: FlaskApp("app", {"app": APP, **args}, opts, transform=transform))

    return run


@pytest.mark.parametrize("variant", VARIANTS)
def test_everything_that_takes_tags_has_them(app, variant):
    deployed = app(**VARIANTS[variant], tags=TAGS)
    ours = [resource for resource in deployed.resources if resource.typ.startswith("aws:")]
    missing = {r.typ for r in ours if not TAGS.items() <= r.inputs.get("tags", {}).items()}
    assert missing == {r.typ for r in ours if not takes_tags(r.typ)}
    others = [resource for resource in deployed.resources if not resource.typ.startswith("aws:")]
    assert [r.name for r in others if isinstance(r.inputs.get("tags"), dict)] == []  # an image's tags are names


def takes_tags(token):
    """Whether a type such as aws:sqs/queue:Queue has an argument `tags`."""
    module, _, name = token.removeprefix("aws:").partition(":")
    resource = getattr(importlib.import_module(f"pulumi_aws.{module.partition('/')[0]}"), name)
    return "tags" in inspect.signature(resource._internal_init).parameters


def test_types_with_and_without_tags_are_distinguished():
    assert takes_tags("aws:sqs/queue:Queue")
    assert not takes_tags("aws:sqs/queuePolicy:QueuePolicy")


@pytest.mark.parametrize("variant", ["production", "workers"])
def test_without_tags_nothing_changes(app, variant):
    deployed = app(**VARIANTS[variant])
    aws = [resource for resource in deployed.resources if resource.typ.startswith("aws:")]
    keys = {key for resource in aws for key in resource.inputs.get("tags") or ()}
    assert {key for key in keys if not key.startswith("flask-on-aws:")} == {"Name"}


def test_tasks_have_the_tags_of_their_service(app):
    deployed = app(**VARIANTS["workers"], tags=TAGS)
    services = deployed.of_type("ecs/service:Service")
    assert {name: service["propagateTags"] for name, service in services.items()} == {
        "app-web": "SERVICE",
        "app-mail": "SERVICE",
    }


def test_the_librarys_own_tags_and_those_of_a_transform_win(app):
    def retag(inputs, opts, name):
        inputs.tags = {"team": "data"}

    deployed = app(transform={"bucket": retag, "database": retag}, tags=TAGS)
    assert deployed.named("app-media")["tags"] == {"team": "data", "cost center": "4711/a"}
    assert deployed.of_type("rds/instance:Instance")["app-db"]["tags"]["team"] == "data"
    (subnets,) = deployed.of_type("rds/subnetGroup:SubnetGroup").values()
    assert subnets["tags"].items() > TAGS.items()
    (distribution,) = deployed.of_type("distribution:Distribution").values()
    assert distribution["tags"] == {**TAGS, "flask-on-aws:load-balancers": "internal"}


def test_the_callers_transformations_see_the_tags(app):
    seen = {}

    def look(args):
        seen[args.name] = args.props.get("tags")

    app(opts=pulumi.ResourceOptions(transformations=[look]), tags=TAGS)
    assert seen["app-media"] is None  # they come first, so what they set wins


def test_every_component_takes_tags():
    kinds = {name: args_type(getattr(flask_on_aws, name)).__annotations__ for name in flask_on_aws.COMPONENTS}
    # Records in Route 53 have no tags; the role's own `tags` are Git's.
    assert {name for name, declared in kinds.items() if "tags" not in declared} == {"AliasRecords"}
    assert "resource_tags" in kinds["GitHubDeployRole"]


ALONE = {
    "MediaBucket": {},
    "Cluster": {},
    "Network": {"flow_logs": True},
    "AppSecret": {"values": {"TOKEN": "t0ken"}},
    "LoadBalancer": {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1"], "mode": "internal", "access_logs": True},
}


@pytest.mark.parametrize("kind", ALONE)
def test_a_component_alone_tags_what_is_in_it(deploy, mocks, kind):
    mocks.computed |= COMPUTED
    deployed = deploy(lambda: getattr(flask_on_aws, kind)("one", {**ALONE[kind], "tags": TAGS}))
    ours = [resource for resource in deployed.resources if resource.typ.startswith("aws:")]
    tagged = {r.typ for r in ours if TAGS.items() <= r.inputs.get("tags", {}).items()}
    assert tagged == {r.typ for r in ours if takes_tags(r.typ)}
    assert tagged


def test_a_role_for_github_has_tags_beside_gits(deploy, mocks):
    args = {"repository": "owner/shop", "tags": ["v1"], "resource_tags": TAGS}
    deployed = deploy(lambda: flask_on_aws.GitHubDeployRole("deploy", args))
    assert deployed.named("deploy")["tags"] == TAGS
    with pytest.raises(ArgumentsError, match=r"resource_tags\.aws:x: the key 'aws:x' starts with 'aws:'"):
        flask_on_aws.GitHubDeployRole("deploy", {**args, "resource_tags": {"aws:x": "y"}})


def test_a_component_inside_another_has_the_tags_of_both_and_its_own_win(deploy, mocks):
    class Platform(pulumi.ComponentResource):
        def __init__(self):
            super().__init__("test:index:Platform", "platform", {}, with_tags(None, {"team": "data", "stage": "prod"}))

    def program():
        args = {"tags": {"team": "shop"}}
        flask_on_aws.MediaBucket("media", args, pulumi.ResourceOptions(parent=Platform()))

    assert deploy(program).named("media")["tags"] == {"team": "shop", "stage": "prod"}


def test_tags_are_plain_since_the_guards_read_those_beside_them(deploy):
    with pytest.raises(ArgumentsError, match=r"tags\.team: needs a plain value, not an Output"):
        flask_on_aws.MediaBucket("media", {"tags": {"team": pulumi.Output.from_input("shop")}})


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        (
            {"aws:team": "a"},
            "tags.aws:team: the key 'aws:team' starts with 'aws:', which is reserved; choose another key.",
        ),
        ({"AWS:x": "a"}, "the key 'AWS:x' starts with 'aws:', which is reserved"),
        ({"rds:x": "a"}, "the key 'rds:x' starts with 'rds:', which is reserved"),
        ({"flask-on-aws:name": "a"}, "starts with 'flask-on-aws:', which is reserved"),
        (
            {"team": "aws:a"},
            "tags.team: the value 'aws:a' starts with 'aws:', which is reserved; choose another value.",
        ),
        ({"team!": "a"}, "'!' is not allowed in the key 'team!'; use letters, digits, spaces and any of +-=._:/@."),
        ({"team": "a,b"}, "',' is not allowed in the value 'a,b'"),
        ({"team": "a\tb"}, "is not allowed in the value"),
        ({"": "a"}, "the key '' is empty; give it a name."),
        ({" ": "a"}, "the key ' ' starts or ends with a space; remove it."),
        ({"team": "a "}, "the value 'a ' starts or ends with a space; remove it."),
        ({"k" * 129: "a"}, "has 129 characters; AWS allows 128, so shorten it."),
        ({"team": "v" * 257}, "has 257 characters; AWS allows 256, so shorten it."),
        ({"Team": "a", "team": "b"}, "'team' differs from 'Team' only in case, which IAM does not allow; keep one."),
        ({f"k{n}": "v" for n in range(41)}, "41 tags are too many; use at most 40, since AWS allows 50 in total."),
    ],
)
def test_what_aws_would_reject_is_one_sentence(tags, sentence):
    (found,) = tag_problems(tags)
    assert sentence in f"{found.argument}: {found.reason}"


def test_with_the_librarys_own_there_are_at_most_fifty():
    assert MOST_TAGS + len(IDENTITY) + 1 <= 50  # the subnet group of databases


@pytest.mark.parametrize(
    "tags",
    [{"team": ""}, {"Kostenstelle für Käufe": "München 4711"}, {"k" * 128: "v" * 256}, {"x:y/z@w+=._-": "a b"}],
)
def test_what_all_services_take_passes(tags):
    assert list(tag_problems(tags)) == []


# The services whose resources the library tags, as far as botocore's models have limits of tags.
SERVICES = (
    *("ecs", "iam", "ssm", "secretsmanager", "kms", "acm", "cloudfront", "sns", "cloudwatch", "logs", "elbv2"),
    *("application-autoscaling", "budgets"),
)


def limits(service):
    """By `key` and `value`: the constraints of a service's tags."""
    model = botocore.session.get_session().get_service_model(service)
    shapes = [model.shape_for(name) for name in model.shape_names]
    for shape in shapes:
        if shape.type_name == "structure" and shape.name in ("Tag", "ResourceTag"):
            members = {name.casefold().removeprefix("tag"): member for name, member in shape.members.items()}
            return {"key": members["key"].metadata, "value": members["value"].metadata}
    found = next(shape for shape in shapes if shape.type_name == "map" and shape.name in ("Tags", "TagMap"))
    return {"key": found.key.metadata, "value": found.value.metadata}


@pytest.mark.parametrize("service", SERVICES)
@given(st.text(max_size=300), st.text(max_size=300))
@example("k" * 128, "v" * 256)
@example("a", "")
def test_what_passes_is_within_the_limits_of_each_services_api(service, key, value):
    if list(tag_problems({key: value})):
        return
    for text, limit in zip((key, value), (limits(service)[part] for part in ("key", "value")), strict=True):
        assert limit.get("min", 0) <= len(text) <= limit["max"]
        if "pattern" in limit:  # \\p{L}, \\p{Z} and \\p{N} are Unicode's letters, separators and numbers
            others = [c for c in text if unicodedata.category(c)[0] not in "LZN"]
            assert set(others) <= set("_.:/=+-@")


@given(st.characters(exclude_categories=("L", "Z", "N")))
def test_few_marks_are_allowed(mark):
    assert bool(list(tag_problems({"team": f"a{mark}b"}))) == (mark not in "+-=._:/@")

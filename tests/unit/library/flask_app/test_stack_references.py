"""Arguments from another stack are Outputs: they make the same resources as plain values, known or not yet."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args, get_origin

import flask_on_aws
import pulumi
import pytest
from flask_on_aws import FlaskApp, FlaskAppArgs
from flask_on_aws.hosting import Host
from flask_on_aws.naming import PACKAGE
from flask_on_aws.validation.argument_types import _plain
from pulumi.output import UNKNOWN

from tests.setting_values import PUBLIC_KEY
from tests.unit.library.flask_app.test_flask_app import APP, COMPUTED, DOMAIN, JOBS, SERVER, SHARED, WEB_ACL

IMAGE = "registry.example.com/shop@sha256:" + "0" * 64
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:mail-AbCdEf"
POLICY = "arn:aws:iam::123456789012:policy/boundary"
NETWORK = {key: SHARED[key] for key in ("vpc_id", "public_subnet_ids", "private_subnet_ids")}
OWN_NAMES = {
    "env": {"COLOUR": "red"},
    "secrets": {"MAIL": SECRET},
    "secret_values": {"TOKEN": "t0ken"},
    "policy_arns": {"boundary": POLICY},
    "permissions_boundary": POLICY,
}
# What stands in another stack's outputs, in the combinations that the arguments allow.
KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-12345678901"
SCENARIOS: dict[str, dict[str, Any]] = {
    "a platform": {
        **SHARED,
        **SERVER,
        "dns": "route53",
        **DOMAIN,
        "image": IMAGE,
        "database_port": 6432,
        "outbound_ports": [443],
    },
    "a platform's certificate": {**SHARED, "dns": "route53", **DOMAIN, "image": IMAGE, "certificate_arn": CERTIFICATE},
    "records set by hand": {**SHARED, **SERVER, "domain": "app.example.com", "image": IMAGE, "outbound_ports": [443]},
    "a network": {**NETWORK, "image": IMAGE, **OWN_NAMES},
    "a network, tasks in private subnets": {
        **NETWORK,
        "image": IMAGE,
        "egress": "nat",
        "workers": {"mail": "mail"},
        "jobs": JOBS,
    },
    "a network and a certificate": {**NETWORK, **DOMAIN, "image": IMAGE, "certificate_arn": CERTIFICATE},
    "a topic's address": {"image": IMAGE, "alarms": True, "alarm_email": "ops@example.com", "monthly_budget_usd": 9},
    "a platform's keys": {"image": IMAGE, "kms_key_id": f"{KEY}1", "database_kms_key_id": f"{KEY}2"},
    "a platform's web ACL": {"image": IMAGE, **DOMAIN, "web_acl_arn": WEB_ACL},
    "a platform's web ACL for CloudFront": {"image": IMAGE, "web_acl_arn": WEB_ACL.replace("regional", "global")},
    "a build's secrets": {"app": APP, "build_secrets": {"TOKEN": "t0ken"}},
    "signed links to media files": {
        "image": IMAGE,
        "media_cdn": "signed",
        "media_cdn_public_keys": [PUBLIC_KEY],
        "media_cdn_private_key_secret_arn": SECRET,
    },
    "an existing database": {
        "image": IMAGE,
        "database_url_secret_arn": SECRET,
        "database_url_kms_key_id": f"{KEY}3",
    },
}
# What a platform shares; a program that takes one of these from another stack must not meet "needs a plain value".
PLATFORM = {
    *SHARED,
    *SERVER,
    "zone_id",
    "certificate_arn",
    "database_port",
    "image",
    "permissions_boundary",
} - {"dns"}


def takes_outputs(argument: str) -> bool:
    hint, is_input = _plain(FlaskAppArgs.__annotations__[argument])
    return is_input or (get_origin(hint) is Mapping and _plain(get_args(hint)[1])[1])


def late(args: Mapping[str, Any], output) -> dict[str, Any]:
    """The arguments with an Output wherever one may stand."""
    return {key: _late(value, output) if takes_outputs(key) else value for key, value in args.items()}


def _late(value: Any, output) -> Any:
    if isinstance(value, dict):
        return {key: output(item) for key, item in value.items()}
    # The engine sends every number as a float.
    return output(float(value) if isinstance(value, int) else value)


def unknown(_value: Any) -> pulumi.Output[Any]:
    """What the first preview knows of a platform that is not there yet."""
    return pulumi.Output.from_input(UNKNOWN)


@pytest.fixture
def registered(deploy, mocks):
    """Every resource of an app with these arguments: type, logical name and inputs."""
    mocks.computed |= COMPUTED

    def run(args: Mapping[str, Any], preview: bool = False) -> dict[str, Any]:
        mocks.resources.clear()
        pulumi.runtime.settings.set_root_resource(None)
        pulumi.runtime.set_mocks(mocks, project="flask-on-aws", stack="test", preview=preview)
        deploy(lambda: FlaskApp("app", args))
        return {f"{resource.typ} {resource.name}": resource.inputs for resource in mocks.resources}

    return run


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_outputs_make_the_same_resources_as_plain_values(registered, scenario):
    args = SCENARIOS[scenario]
    plain = registered(args)
    assert registered(late(args, pulumi.Output.from_input)) == plain


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_preview_knows_every_resource_before_the_other_stack_is_there(registered, scenario):
    args = SCENARIOS[scenario]
    missing = registered(args).keys() - registered(late(args, unknown), preview=True).keys()
    # Whether RDS's log groups are the program's says a tag beside one with the key, and Pulumi knows all tags or none.
    groups = {f"aws:cloudwatch/logGroup:LogGroup app-db-logs-{export}" for export in ("postgresql", "upgrade")}
    assert missing == (groups if scenario == "a platform's keys" else set())


def test_lists_may_have_outputs_in_them(registered):
    args = SCENARIOS["a platform"]
    subnets = {key: [*map(pulumi.Output.from_input, args[key])] for key in ("public_subnet_ids", "private_subnet_ids")}
    assert registered({**args, **subnets}) == registered(args)


def test_what_a_platform_shares_takes_outputs():
    assert {argument for argument in PLATFORM if not takes_outputs(argument)} == set()


def test_every_argument_that_takes_outputs_is_tried():
    tried = {key for args in SCENARIOS.values() for key in args}
    assert {key for key in FlaskAppArgs.__annotations__ if takes_outputs(key)} - tried == set()


HOSTED = Host(
    [getattr(flask_on_aws, name) for name in flask_on_aws.COMPONENTS],
    PACKAGE,
    "",
    "1.0.0",
)


@pytest.mark.parametrize("kind", HOSTED._component_defs)
def test_the_hosted_package_takes_outputs(kind):
    """Whole numbers too, which Pulumi's own host converts before it looks whether they are Outputs."""
    definition = HOSTED._component_defs[kind]
    flowing = {name: argument for name, argument in definition.inputs.items() if not argument.plain}
    given = {name: unknown(None) for name in flowing}
    mapped = HOSTED.map_inputs(given, replace(definition, inputs=flowing))
    assert mapped == {definition.inputs_mapping[name]: value for name, value in given.items()}

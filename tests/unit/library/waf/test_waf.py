"""The web ACL that a stack creates: its rules, its logs, and where it is attached."""

import json

import pulumi
import pulumi_aws as aws
import pytest
from botocore.validate import ParamValidator
from flask_on_aws import WebAcl
from flask_on_aws.validation.problems import ArgumentsError
from flask_on_aws.waf.rules import INCLUDED_CAPACITY, capacity
from flask_on_aws.waf.web_acl import problems

from tests.request_validation import check, load_service
from tests.unit.library.flask_app.test_flask_app import DOMAIN, app  # noqa: F401 the fixture

CIDRS = ["198.51.100.0/24", "2001:db8::/32", "203.0.113.7/32"]
COMMON, SQL = "AWSManagedRulesCommonRuleSet", "AWSManagedRulesSQLiRuleSet"
MANAGED = ["AWSManagedRulesAmazonIpReputationList", COMMON, "AWSManagedRulesKnownBadInputsRuleSet"]
ARN = "arn:aws:mock:us-east-1:123456789012:{}".format
ASSOCIATION, DISTRIBUTION = "wafv2/webAclAssociation:WebAclAssociation", "distribution:Distribution"


def rules(deployed, name="acl"):
    listed = json.loads(deployed.named(name)["ruleJson"])
    return {rule["Name"]: rule for rule in sorted(listed, key=lambda rule: rule["Priority"])}


def of_waf(deployed):
    """The web ACL and all that belongs to it."""
    return [r for r in deployed.resources if "wafv2" in r.typ or r.typ.endswith("logGroup:LogGroup")]


@pytest.mark.parametrize("scope", ["REGIONAL", "CLOUDFRONT"])
def test_all_of_cloudfront_s_is_in_us_east_1_whatever_the_stack_s_region(deploy, scope):
    deployed = deploy(lambda: WebAcl("acl", {"scope": scope, "allowed_cidrs": CIDRS, "logs": True}))
    resources = of_waf(deployed)
    assert len(resources) == 5
    assert {resource.inputs["scope"] for resource in resources if "scope" in resource.inputs} == {scope}
    providers = deployed.of_type("pulumi:providers:aws")
    assert {name: p["region"] for name, p in providers.items()} == (
        {"acl-provider": "us-east-1"} if scope == "CLOUDFRONT" else {}
    )
    assert {"acl-provider" in resource.provider for resource in resources} == {scope == "CLOUDFRONT"}


def test_with_a_provider_of_its_own_each_of_cloudfront_s_resources_names_the_region(deploy):
    """A program cannot read the roles of a provider, so another provider could act in another account."""

    def program():
        provider = aws.Provider("other", region="eu-west-1", assume_roles=[{"role_arn": "arn:aws:iam::1:role/r"}])
        args = {"scope": "CLOUDFRONT", "allowed_cidrs": CIDRS, "logs": True}
        return WebAcl("acl", args, pulumi.ResourceOptions(provider=provider))

    resources = of_waf(deploy(program))
    assert [resource.inputs["region"] for resource in resources] == ["us-east-1"] * 5
    assert {"::other::" in resource.provider for resource in resources} == {True}


@pytest.mark.parametrize(("mode", "managed"), [("count", {"Count": {}}), ("block", {"None": {}})])
def test_the_mode_is_that_of_every_rule(deploy, mode, managed):
    found = rules(deploy(lambda: WebAcl("acl", {"mode": mode})))
    assert list(found) == ["rate-limit", *MANAGED, SQL]
    assert [rule["Priority"] for rule in found.values()] == [0, 1, 2, 3, 4]
    assert found["rate-limit"]["Action"] == {mode.capitalize(): {}}
    assert found["rate-limit"]["Statement"] == {
        "RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP", "EvaluationWindowSec": 300}
    }
    assert all(found[name]["OverrideAction"] == managed for name in [*MANAGED, SQL])


def test_bodies_of_uploads_are_only_counted(deploy):
    statement = rules(deploy(lambda: WebAcl("acl", {"mode": "block"})))[COMMON]["Statement"]
    assert statement["ManagedRuleGroupStatement"]["RuleActionOverrides"] == [
        {"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}
    ]


@pytest.mark.parametrize("mode", ["count", "block"])
def test_addresses_that_are_not_allowed_are_blocked_first_in_either_mode(deploy, mode):
    deployed = deploy(lambda: WebAcl("acl", {"mode": mode, "allowed_cidrs": CIDRS}))
    sets = deployed.of_type("wafv2/ipSet:IpSet")
    assert {name: (s["ipAddressVersion"], s["addresses"]) for name, s in sets.items()} == {
        "acl-allowed-ipv4": ("IPV4", ["198.51.100.0/24", "203.0.113.7/32"]),
        "acl-allowed-ipv6": ("IPV6", ["2001:db8::/32"]),
    }
    first = next(iter(rules(deployed).values()))
    references = [{"IPSetReferenceStatement": {"ARN": ARN(name)}} for name in sets]
    assert first["Statement"] == {"NotStatement": {"Statement": {"OrStatement": {"Statements": references}}}}
    assert (first["Priority"], first["Action"]) == (0, {"Block": {}})


def test_one_ip_set_needs_no_or(deploy):
    first = next(iter(rules(deploy(lambda: WebAcl("acl", {"allowed_cidrs": ["2001:db8::1/128"]}))).values()))
    reference = {"IPSetReferenceStatement": {"ARN": ARN("acl-allowed-ipv6")}}
    assert first["Statement"] == {"NotStatement": {"Statement": reference}}


@pytest.mark.parametrize("cidrs", [[], CIDRS[:1], CIDRS])
@pytest.mark.parametrize("mode", ["count", "block"])
def test_aws_s_model_allows_every_name_and_rule(deploy, mode, cidrs):
    args = {"mode": mode, "logs": True, **({"allowed_cidrs": cidrs} if cidrs else {})}
    deployed = deploy(lambda: WebAcl("acl", args))
    acl, model = deployed.named("acl"), load_service("wafv2")
    request = {
        "Name": "acl-1a2b3c4",
        "Scope": acl["scope"],
        "Description": acl["description"],
        "DefaultAction": {"Allow": {}},
        "Rules": list(rules(deployed).values()),
        "VisibilityConfig": {
            "SampledRequestsEnabled": True,
            "CloudWatchMetricsEnabled": True,
            "MetricName": acl["visibilityConfig"]["metricName"],
        },
    }
    shape = model.operation_model("CreateWebACL").input_shape
    assert not ParamValidator().validate(request, shape).has_errors()
    assert list(check(shape, request, "")) == []
    for ip_set in deployed.of_type("wafv2/ipSet:IpSet").values():
        assert list(check(model.shape_for("EntityDescription"), ip_set["description"], "")) == []


def test_the_price_of_a_request_includes_all_rules():
    assert capacity(inspects_sql=True, ip_sets=2) == 1129
    assert capacity(inspects_sql=True, ip_sets=2) < INCLUDED_CAPACITY


def test_neither_logs_nor_samples_have_a_password_or_a_cookie(deploy):
    deployed = deploy(lambda: WebAcl("acl", {"logs": True, "log_retention_days": 90, "log_kms_key_id": "key"}))
    (protection,) = deployed.named("acl")["dataProtectionConfig"]["dataProtections"]
    assert protection == {
        "action": "SUBSTITUTION",
        "field": {"fieldType": "SINGLE_HEADER", "fieldKeys": ["authorization", "cookie"]},
    }
    (group,) = deployed.of_type("logGroup:LogGroup").values()
    assert group == {"name": "aws-waf-logs-acl", "retentionInDays": 90, "kmsKeyId": "key"}
    (logging,) = deployed.of_type(":WebAclLoggingConfiguration").values()
    headers = [field["singleHeader"]["name"] for field in logging["redactedFields"]]
    assert headers == ["authorization", "cookie"]
    assert logging["loggingFilter"]["defaultBehavior"] == "DROP"
    assert deployed.outputs == {
        "web_acl_arn": ARN("acl"),
        "web_acl_name": "acl",
        "log_group_name": "aws-waf-logs-acl",
    }


@pytest.mark.parametrize(
    ("args", "argument", "sentence"),
    [
        (
            {"requests_per_five_minutes": 9},
            "requests_per_five_minutes",
            "9 must be a whole number from 10 to",
        ),
        ({"requests_per_five_minutes": 2_000_000_001}, "requests_per_five_minutes", "from 10 to 2000000000"),
        ({"log_retention_days": 31}, "log_retention_days", "31 is not a retention period"),
        ({"mode": "captcha"}, "mode", "'captcha' is not one of count, block."),
        ({"scope": "regional"}, "scope", "'regional' is not one of REGIONAL, CLOUDFRONT."),
        ({"allowed_cidrs": []}, "allowed_cidrs", "An empty list allows no requests"),
        ({"allowed_cidrs": ["0.0.0.0/0"]}, "allowed_cidrs", "'0.0.0.0/0' allows every address"),
        ({"allowed_cidrs": ["::/0"]}, "allowed_cidrs", "'::/0' allows every address"),
        ({"allowed_cidrs": ["10.0.0.1/8"]}, "allowed_cidrs", "is not an address range in CIDR notation"),
        ({"allowed_cidrs": ["10.0.0.1"]}, "allowed_cidrs", "'10.0.0.1' is a single address; write it as the range"),
        ({"allowed_cidrs": ["2001:db8::1"]}, "allowed_cidrs", "write it as the range '2001:db8::1/128'."),
        ({"allowed_cidrs": ["10.0.0.1/32", "10.0.0.1/32"]}, "allowed_cidrs", "is named more than once"),
        ({"allowed_cidrs": [f"10.0.{n // 256}.{n % 256}/32" for n in range(10_001)]}, "allowed_cidrs", "10001 ranges"),
    ],
)
def test_wrong_arguments_are_rejected(args, argument, sentence):
    (problem,) = problems(args)
    assert problem.argument == argument
    assert sentence in problem.reason


def test_an_unknown_argument_is_rejected(mocks):
    with pytest.raises(ArgumentsError):
        WebAcl("acl", {"limit": 7})


@pytest.mark.parametrize("origin", ["vpc", "public", "public-with-vpc", "vpc-with-public"])
def test_on_cloudfront_s_name_the_distribution_has_it(app, origin):  # noqa: F811
    deployed = app(cloudfront_origin=origin, waf="count", allowed_cidrs=CIDRS, waf_requests_per_five_minutes=500)
    acls = deployed.of_type("wafv2/webAcl:WebAcl")
    assert {name: acl["scope"] for name, acl in acls.items()} == {"app-cdn-waf": "CLOUDFRONT"}
    assert deployed.named("app-cdn")["webAclId"] == ARN("app-cdn-waf")
    assert deployed.of_type(ASSOCIATION) == {}
    found = rules(deployed, "app-cdn-waf")
    assert list(found) == ["allowed-addresses", "rate-limit", *MANAGED, SQL]
    assert found["rate-limit"]["Statement"]["RateBasedStatement"]["Limit"] == 500
    assert deployed.outputs["web_acl_arn"] == ARN("app-cdn-waf")


def test_on_a_domain_the_load_balancer_has_it_and_its_security_group_the_addresses(app):  # noqa: F811
    deployed = app(**DOMAIN, waf="block", allowed_cidrs=["198.51.100.0/24"], database="none")
    assert {name: acl["scope"] for name, acl in deployed.of_type("wafv2/webAcl:WebAcl").items()} == {
        "app-waf": "REGIONAL"
    }
    assert deployed.of_type(ASSOCIATION)["app-alb-web-acl"]["webAclArn"] == ARN("app-waf")
    assert list(rules(deployed, "app-waf")) == ["rate-limit", *MANAGED]
    assert deployed.of_type("wafv2/ipSet:IpSet") == {}


def test_while_an_app_gets_a_domain_both_ways_in_have_their_own(app):  # noqa: F811
    """On the internal load balancer, the rate limit would count all visitors of an edge location as one address."""
    deployed = app(**DOMAIN, waf="block", cloudfront_origin="vpc-with-public", allowed_cidrs=["198.51.100.0/24"])
    assert {name: acl["scope"] for name, acl in deployed.of_type("wafv2/webAcl:WebAcl").items()} == {
        "app-waf": "REGIONAL",
        "app-cdn-waf": "CLOUDFRONT",
    }
    attached = {name: one["webAclArn"] for name, one in deployed.of_type(ASSOCIATION).items()}
    assert attached == {"app-alb-web-acl": ARN("app-waf")}
    assert deployed.named("app-cdn")["webAclId"] == ARN("app-cdn-waf")
    assert "allowed-addresses" in rules(deployed, "app-cdn-waf")


@pytest.mark.parametrize(
    ("args", "name", "key"),
    [
        (DOMAIN, "app-waf-logs", ARN("app-kms-key")),
        # A KMS key works in its own region alone.
        ({}, "app-cdn-waf-logs", None),
    ],
)
def test_the_stack_s_key_encrypts_the_logs_of_its_region_and_may(app, args, name, key):  # noqa: F811
    deployed = app(**args, waf="block", waf_logs=True, create_kms_key=True)
    assert deployed.of_type("logGroup:LogGroup")[name].get("kmsKeyId") == key
    assert ("log-group:aws-waf-logs-app-waf-*" in deployed.named("app-kms-key")["policy"]) == (key is not None)


def test_without_waf_there_is_none(app):  # noqa: F811
    deployed = app(**DOMAIN, environment="production")
    assert not [resource for resource in deployed.resources if "wafv2" in resource.typ or ":Web" in resource.typ]
    assert deployed.outputs["web_acl_arn"] == ""

"""A web ACL is attached where requests enter; one of another scope, or another place, is rejected before that."""

import pulumi
import pytest
from flask_on_aws import Cdn, FlaskApp, LoadBalancer
from flask_on_aws.validation.problems import ArgumentsError

from tests.unit.library.flask_app.test_flask_app import DOMAIN, SHARED, WEB_ACL, app  # noqa: F401 the fixture

REGIONAL, GLOBAL = WEB_ACL, WEB_ACL.replace("regional", "global")
ASSOCIATION = "wafv2/webAclAssociation:WebAclAssociation"
CDN = {"origin_domain_name": "web.elb.amazonaws.com", "origin_secret": "s3cret"}
BALANCER = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"], "mode": "internal"}


@pytest.mark.parametrize(
    ("args", "balancers"),
    [
        (DOMAIN, {"app-alb"}),
        ({"domain": "app.example.com", "dns": "external", "dns_ready": True}, {"app-alb"}),
        # CloudFront's name goes on beside the domain, and past the other load balancer.
        ({**DOMAIN, "cloudfront_origin": "vpc-with-public"}, {"app-alb", "app-ilb"}),
    ],
)
def test_on_a_domain_every_load_balancer_has_it(app, args, balancers):  # noqa: F811
    deployed = app(**args, web_acl_arn=REGIONAL)
    assert deployed.of_type(ASSOCIATION) == {
        f"{name}-web-acl": {"resourceArn": f"arn:aws:mock:us-east-1:123456789012:{name}", "webAclArn": REGIONAL}
        for name in balancers
    }
    assert all("webAclId" not in cdn for cdn in deployed.of_type("distribution:Distribution").values())


@pytest.mark.parametrize("origin", ["vpc", "public", "public-with-vpc", "vpc-with-public"])
def test_on_cloudfronts_name_the_distribution_has_it(app, origin):  # noqa: F811
    deployed = app(cloudfront_origin=origin, web_acl_arn=GLOBAL)
    assert deployed.named("app-cdn")["webAclId"] == GLOBAL
    assert deployed.of_type(ASSOCIATION) == {}


def test_while_a_domain_is_pending_the_distribution_has_it(app):  # noqa: F811
    assert app(domain="app.example.com", dns="external", web_acl_arn=GLOBAL).named("app-cdn")["webAclId"] == GLOBAL


def test_one_web_acl_is_removed_before_the_next_is_attached(deploy, mocks):
    """DisassociateWebACL names the load balancer alone: called last, it would remove the new one."""
    seen = {}

    def look(args):
        seen[args.name] = args.opts.delete_before_replace

    deploy(lambda: LoadBalancer("web", {**BALANCER, "web_acl_arn": REGIONAL}, opts(look)))
    assert seen["web-web-acl"] is True


def opts(transformation):
    return pulumi.ResourceOptions(transformations=[transformation])


def test_components_alone(deploy, mocks):
    deployed = deploy(lambda: LoadBalancer("web", {**BALANCER, "web_acl_arn": REGIONAL}))
    assert deployed.of_type(ASSOCIATION)["web-web-acl"]["webAclArn"] == REGIONAL
    assert deploy(lambda: Cdn("cdn", {**CDN, "web_acl_arn": GLOBAL})).named("cdn")["webAclId"] == GLOBAL


@pytest.mark.parametrize(
    ("kind", "args", "value", "sentence"),
    [
        (
            LoadBalancer,
            BALANCER,
            GLOBAL,
            f"'{GLOBAL}' is of scope CLOUDFRONT, but it would protect a load balancer; give one of scope "
            "REGIONAL in the stack's region, like arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID.",
        ),
        (
            Cdn,
            CDN,
            REGIONAL,
            f"'{REGIONAL}' is of scope REGIONAL, but it would protect a CloudFront distribution; give one of "
            "scope CLOUDFRONT, like arn:aws:wafv2:us-east-1:ACCOUNT:global/webacl/NAME/ID.",
        ),
        (
            Cdn,
            CDN,
            GLOBAL.replace("us-east-1", "eu-west-1"),
            "names eu-west-1, but all web ACLs of scope CLOUDFRONT are in us-east-1; copy the ARN that AWS shows.",
        ),
        (Cdn, CDN, "shop", "'shop' is not the ARN of a web ACL of AWS WAF"),
        (
            LoadBalancer,
            BALANCER,
            "arn:aws:waf::123456789012:webacl/12345678-1234-1234-1234-123456789012",
            "is not the ARN of a web ACL of AWS WAF",
        ),
        (LoadBalancer, BALANCER, REGIONAL.replace("webacl", "rulegroup"), "is not the ARN of a web ACL of AWS WAF"),
    ],
)
def test_the_sentence_of_a_component_alone(deploy, mocks, kind, args, value, sentence):
    with pytest.raises(ArgumentsError) as refused:
        kind("web", {**args, "web_acl_arn": value})
    (problem,) = refused.value.problems
    assert problem.argument == "web_acl_arn"
    assert sentence in problem.reason


def test_an_output_makes_no_sentence_with_a_shared_load_balancer_but_that(mocks):
    value = pulumi.Output.from_input(REGIONAL)
    with pytest.raises(ArgumentsError) as refused:
        FlaskApp("app", {**SHARED, "domain": "app.example.com", "web_acl_arn": value})
    assert [problem.reason for problem in refused.value.problems] == [
        "It has no effect with listener_arn; the shared load balancer is set up by the stack that owns it; "
        "leave it out."
    ]

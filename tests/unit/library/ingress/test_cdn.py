import boto3
import pulumi
import pytest
from flask_on_aws.ingress.cdn import Cdn, problems

_ARGS = {"origin_domain_name": "web.elb.amazonaws.com", "origin_secret": "s3cret"}


@pytest.fixture(autouse=True)
def cloudfront(mocks):
    """CloudFront's own policies, found by name alone."""
    policies = {"Managed-CachingDisabled": "no-cache", "Managed-AllViewer": "all"}
    mocks.answers["aws:cloudfront/getCachePolicy:getCachePolicy"] = lambda args: {"id": policies[args["name"]]}
    mocks.answers["aws:cloudfront/getOriginRequestPolicy:getOriginRequestPolicy"] = lambda args: {
        "id": policies[args["name"]]
    }
    mocks.answers["aws:cloudfront/getResponseHeadersPolicy:getResponseHeadersPolicy"] = lambda args: {
        "id": {"Managed-SecurityHeadersPolicy": "security"}[args["name"]]
    }
    mocks.computed["Distribution"] = lambda _: {"domainName": "d1.cloudfront.net", "hostedZoneId": "Z2FDTNDATAQYW2"}
    return mocks


def _origin(deployed):
    sealed = deployed.named("cdn")["origins"]
    assert sealed[pulumi.runtime.rpc._special_sig_key] == pulumi.runtime.rpc._special_secret_sig
    (origin,) = sealed["value"]
    return origin


def test_everything_goes_over_https_to_the_app_and_nothing_is_cached(deploy):
    deployed = deploy(lambda: Cdn("cdn", _ARGS))
    assert deployed.named("cdn")["defaultCacheBehavior"] == {
        "targetOriginId": "load-balancer",
        "viewerProtocolPolicy": "redirect-to-https",
        "allowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
        "cachedMethods": ["GET", "HEAD"],
        "cachePolicyId": "no-cache",
        "originRequestPolicyId": "all",
        "responseHeadersPolicyId": "security",
        "compress": True,
    }


def test_the_origin_is_the_load_balancer_over_http_with_a_header_that_stays_secret(deploy):
    assert _origin(deploy(lambda: Cdn("cdn", _ARGS))) == {
        "originId": "load-balancer",
        "domainName": "web.elb.amazonaws.com",
        "customHeaders": [{"name": "X-Origin-Verify", "value": "s3cret"}],
        "customOriginConfig": {
            "originProtocolPolicy": "http-only",
            "httpPort": 80,
            "httpsPort": 443,
            "originSslProtocols": ["TLSv1.2"],
            "originReadTimeout": 30,
            "originKeepaliveTimeout": 5,
        },
    }


def test_the_distribution_has_its_default_name_and_certificate(deploy):
    deployed = deploy(lambda: Cdn("cdn", _ARGS))
    inputs = deployed.named("cdn")
    assert inputs["viewerCertificate"] == {"cloudfrontDefaultCertificate": True}
    assert "aliases" not in inputs
    assert (inputs["enabled"], inputs["isIpv6Enabled"], inputs["httpVersion"]) == (True, True, "http2and3")
    assert (inputs["priceClass"], inputs["waitForDeployment"]) == ("PriceClass_100", True)
    assert inputs["restrictions"] == {"geoRestriction": {"restrictionType": "none"}}
    assert deployed.outputs == {
        "domain_name": "d1.cloudfront.net",
        "url": "https://d1.cloudfront.net",
        "distribution_id": "cdn-id",
        "distribution_arn": "arn:aws:mock:us-east-1:123456789012:cdn",
        "hosted_zone_id": "Z2FDTNDATAQYW2",
    }


def test_paths_of_static_files_are_cached_without_cookies_and_everything_else_is_not(deploy):
    deployed = deploy(lambda: Cdn("cdn", {**_ARGS, "cached_paths": ["/static/*", "/favicon.ico"]}))
    behaviors = deployed.named("cdn")["orderedCacheBehaviors"]
    assert [behavior["pathPattern"] for behavior in behaviors] == ["/static/*", "/favicon.ico"]
    assert behaviors[0] == {
        "pathPattern": "/static/*",
        "targetOriginId": "load-balancer",
        "viewerProtocolPolicy": "redirect-to-https",
        "allowedMethods": ["GET", "HEAD"],
        "cachedMethods": ["GET", "HEAD"],
        "cachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",  # Managed-CachingOptimized
        "originRequestPolicyId": "bf0718e1-ba1e-49d1-88b1-f726733018ae",  # Managed-HostHeaderOnly
        "responseHeadersPolicyId": "security",
        "compress": True,
    }
    assert deployed.named("cdn")["defaultCacheBehavior"]["cachePolicyId"] == "no-cache"
    assert "orderedCacheBehaviors" not in deploy(lambda: Cdn("other", _ARGS)).named("other")


CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
ALIASES = {"aliases": ["app.example.com", "*.example.com"], "certificate_arn": CERTIFICATE}


def test_on_its_own_domains_the_distribution_has_their_certificate_and_http_3(deploy):
    deployed = deploy(lambda: Cdn("cdn", {**_ARGS, **ALIASES}))
    inputs = deployed.named("cdn")
    assert inputs["aliases"] == ["app.example.com", "*.example.com"]
    assert inputs["viewerCertificate"] == {
        "acmCertificateArn": CERTIFICATE,
        "minimumProtocolVersion": "TLSv1.2_2021",
        "sslSupportMethod": "sni-only",
    }
    assert inputs["httpVersion"] == "http2and3"
    assert inputs["defaultCacheBehavior"]["viewerProtocolPolicy"] == "redirect-to-https"
    assert deployed.outputs["url"] == "https://app.example.com"
    assert deployed.outputs["domain_name"] == "d1.cloudfront.net"


def test_its_values_are_those_of_cloudfronts_api(deploy):
    inputs = deploy(lambda: Cdn("cdn", {**_ARGS, **ALIASES})).named("cdn")
    model = boto3.client("cloudfront", "us-east-1").meta.service_model
    certificate = inputs["viewerCertificate"]
    assert certificate["minimumProtocolVersion"] in model.shape_for("MinimumProtocolVersion").enum
    assert certificate["sslSupportMethod"] in model.shape_for("SSLSupportMethod").enum
    assert inputs["httpVersion"] in model.shape_for("HttpVersion").enum


def test_price_class_timeout_and_wait_are_the_callers(deploy):
    args = {**_ARGS, "price_class": "PriceClass_All", "origin_timeout": 60.0, "wait": False}
    deployed = deploy(lambda: Cdn("cdn", args))
    inputs = deployed.named("cdn")
    assert (inputs["priceClass"], inputs["waitForDeployment"]) == ("PriceClass_All", False)
    assert _origin(deployed)["customOriginConfig"]["originReadTimeout"] == 60


@pytest.mark.parametrize(
    ("args", "argument", "sentence"),
    [
        ({"origin_domain_name": "d"}, "vpc_origin_id", "without which anyone's distribution could"),
        ({**_ARGS, "price_class": "All"}, "price_class", "'All' is not one of PriceClass_100, PriceClass_200"),
        ({**_ARGS, "aliases": ["app.example.com"]}, "certificate_arn", "give both of them, or neither"),
        ({**_ARGS, "certificate_arn": CERTIFICATE}, "certificate_arn", "give both of them, or neither"),
        ({**_ARGS, "certificate_arn": CERTIFICATE, "aliases": []}, "certificate_arn", "give both of them, or neither"),
        (
            {**_ARGS, **ALIASES, "certificate_arn": CERTIFICATE.replace("us-east-1", "eu-west-1")},
            "certificate_arn",
            "is in eu-west-1, but CloudFront uses only certificates in us-east-1; request or import it there.",
        ),
        (
            {**_ARGS, **ALIASES, "certificate_arn": "wildcard"},
            "certificate_arn",
            "is not the ARN of an ACM certificate",
        ),
        ({**_ARGS, **ALIASES, "aliases": ["App.example.com"]}, "aliases", "is not a domain name"),
        ({**_ARGS, **ALIASES, "aliases": ["a.example.com"] * 2}, "aliases", "is named more than once"),
        (
            {**_ARGS, **ALIASES, "aliases": [f"a{n}.example.com" for n in range(101)]},
            "aliases",
            "101 are too many; CloudFront allows 100 per distribution.",
        ),
        ({**_ARGS, "cached_paths": ["static/*"]}, "cached_paths", "'static/*' is not a path pattern of CloudFront"),
        ({**_ARGS, "cached_paths": ["/a b"]}, "cached_paths", "'/a b' is not a path pattern of CloudFront"),
        ({**_ARGS, "cached_paths": ["/*"]}, "cached_paths", "'/*' would cache pages and reject forms"),
        ({**_ARGS, "cached_paths": ["/**/?*"]}, "cached_paths", "would cache pages and reject forms"),
        ({**_ARGS, "cached_paths": ["/a/*", "/a/*"]}, "cached_paths", "'/a/*' is named more than once"),
        ({**_ARGS, "cached_paths": [f"/{n}" for n in range(25)]}, "cached_paths", "25 are too many"),
        ({**_ARGS, "origin_timeout": 61}, "origin_timeout", "61 must be a whole number from 1 to 60 seconds."),
    ],
)
def test_wrong_arguments_are_rejected(args, argument, sentence):
    (problem,) = problems(args)
    assert problem.argument == argument
    assert sentence in problem.reason


def test_a_name_that_leaves_no_room_for_its_log_deliveries_is_rejected(mocks):
    args = {"origin_domain_name": "lb.example.com", "origin_secret": "S", "access_log_bucket_arn": "arn:aws:s3:::logs"}
    with pytest.raises(pulumi.InputPropertiesError, match="has 41 characters; use at most 40"):
        Cdn("a" * 41, args)

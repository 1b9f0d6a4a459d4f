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

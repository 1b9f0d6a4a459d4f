"""An app on its own domain that CloudFront serves: what reaches AWS, and a move that loses no request."""

import json

import pulumi
import pulumi_aws as aws
import pytest
from flask_on_aws import Certificate
from flask_on_aws.flask_app.checks.arguments import problems
from flask_on_aws.flask_app.checks.lookups import lookup_problems
from flask_on_aws.ingress.load_balancer_guard import reject_moved_records, reject_removal, tags

from tests.unit.library.flask_app.test_flask_app import APP, DOMAIN, GOLDEN, app, containers  # noqa: F401 the fixture

CDN = {**DOMAIN, "cdn": True}
EXTERNAL = {"domain": "app.example.com", "dns": "external", "cdn": True}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
REGIONAL, GLOBAL = (
    f"arn:aws:wafv2:us-east-1:123456789012:{kind}/webacl/shop/12345678-1234-1234-1234-123456789012"
    for kind in ("regional", "global")
)
PROVIDER = "pulumi:providers:aws"
DISTRIBUTIONS_ZONE = "Z2FDTNDATAQYW2"


@pytest.fixture
def acm(mocks):
    """ACM and Route 53, each of whose answers names the resource that it is for."""
    mocks.computed["Certificate"] = lambda args: {
        "arn": f"arn:{args.name}",
        "domainValidationOptions": [
            {
                "domainName": name,
                "resourceRecordName": f"_x.{name}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": "_y.acm-validations.aws.",
            }
            for name in (args.inputs["domainName"], *args.inputs.get("subjectAlternativeNames", ()))
        ],
    }
    mocks.computed["CertificateValidation"] = lambda args: {"certificateArn": args.inputs["certificateArn"] + "/issued"}
    return mocks


def region_of(deployed, kind, name):
    """The region that a resource is created in: its own, its provider's, or the stack's (None)."""
    (resource,) = (r for r in deployed.resources if r.typ.endswith(kind) and r.name == name)
    providers = {r.name: r.inputs["region"] for r in deployed.resources if r.typ == PROVIDER}
    urn = (resource.provider or "").rpartition("::")[0]
    return resource.inputs.get("region") or providers.get(urn.rpartition("::")[2])


def environment(deployed):
    return {variable["name"]: variable["value"] for variable in containers(deployed)[0]["environment"]}


def records(deployed):
    """Name and type of each record of the domain → the zone of what it points at."""
    return {
        (record["name"], record["type"]): record["aliases"][0]["zoneId"]
        for name, record in deployed.of_type(":Record").items()
        if name.startswith("app-dns-")
    }


# What reaches AWS


def test_cloudfront_serves_the_domain_and_its_aliases_with_http_3(app):  # noqa: F811
    deployed = app(**CDN, domain_aliases=["www.example.com"])
    distribution = deployed.named("app-cdn")
    assert distribution["aliases"] == ["app.example.com", "www.example.com"]
    assert distribution["httpVersion"] == "http2and3"
    assert distribution["viewerCertificate"]["minimumProtocolVersion"] == "TLSv1.2_2021"
    (origin,) = distribution["origins"]
    assert origin["vpcOriginConfig"]["vpcOriginId"] == "app-vpc-origin-id"
    assert [balancer["internal"] for balancer in deployed.of_type("lb/loadBalancer:LoadBalancer").values()] == [True]
    assert set(records(deployed)) == {
        (name, kind) for name in ("app.example.com", "www.example.com") for kind in ("A", "AAAA")
    }
    assert set(records(deployed).values()) == {"ZCF"}


def test_the_app_knows_its_domain_and_trusts_cloudfront_and_the_load_balancer(app):  # noqa: F811
    deployed = app(**CDN)
    values = environment(deployed)
    assert (values["EXTERNAL_URL"], values["TRUST_PROXY_DEPTH"]) == ("https://app.example.com", "2")
    assert (deployed.outputs["url"], deployed.outputs["hostname"]) == ("https://app.example.com", "app.example.com")


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_its_certificate_is_requested_in_us_east_1_whatever_the_stack_s_region(app, acm, region):  # noqa: F811
    acm.answers["aws:index/getRegion:getRegion"] = {"region": region, "name": region, "id": region}
    deployed = app(**CDN)
    assert set(deployed.of_type("acm/certificate:Certificate")) == {"app-certificate-us-east-1"}
    for kind, name in (("Certificate", ""), ("CertificateValidation", "-validation")):
        assert region_of(deployed, f":{kind}", f"app-certificate-us-east-1{name}") == "us-east-1"
    # Route 53 is global: its records stay with the stack's own provider.
    assert region_of(deployed, ":Record", "app-certificate-app.example.com") is None
    issued = "arn:app-certificate-us-east-1/issued"
    assert deployed.named("app-cdn")["viewerCertificate"]["acmCertificateArn"] == issued
    assert deployed.outputs["certificate_arn"] == issued


def test_the_provider_of_us_east_1_is_otherwise_the_stack_s(deploy, acm):
    roles = [{"roleArn": "arn:aws:iam::123456789012:role/deploy"}]
    config = {"region": "eu-west-1", "profile": "1234", "maxRetries": "5", "skipMetadataApiCheck": "true"}
    config |= {"assumeRoles": json.dumps(roles), "defaultTags": '{"tags": {"team": "shop"}}'}
    pulumi.runtime.set_all_config({f"aws:{key}": value for key, value in config.items()})
    try:
        args = {**DOMAIN, "used_by": ["distributions"]}
        deployed = deploy(lambda: Certificate("shop", args))
    finally:
        pulumi.runtime.set_all_config({})
    provider = deployed.of_type(PROVIDER)["shop-provider"]
    assert {key: provider[key] for key in ("region", "profile", "maxRetries", "skipMetadataApiCheck")} == {
        "region": "us-east-1",
        "profile": "1234",
        "maxRetries": "5",
        "skipMetadataApiCheck": "true",
    }
    assert json.loads(provider["assumeRoles"]) == roles
    assert json.loads(provider["defaultTags"]) == {"tags": {"team": "shop"}}


def test_with_a_provider_of_the_program_the_certificate_keeps_it_and_names_the_region(deploy, acm):
    """Its roles are unknown to a program, so a copy of it would act in another account."""

    def program():
        west = aws.Provider("west", region="us-west-2", assume_roles=[{"role_arn": "arn:aws:iam::1:role/x"}])
        opts = pulumi.ResourceOptions(providers=[west])
        return Certificate("shop", {**DOMAIN, "used_by": ["distributions"]}, opts)

    deployed = deploy(program)
    assert set(deployed.of_type(PROVIDER)) == {"west"}
    (certificate,) = (r for r in deployed.resources if r.name == "shop-us-east-1")
    assert certificate.inputs["region"] == "us-east-1"
    assert "::west::" in certificate.provider


def test_a_given_certificate_in_us_east_1_is_used(app, acm):  # noqa: F811
    acm.answers["aws:index/getRegion:getRegion"] = {"region": "eu-west-1", "name": "eu-west-1", "id": "eu-west-1"}
    deployed = app(**CDN, certificate_arn=CERTIFICATE)
    assert deployed.named("app-cdn")["viewerCertificate"]["acmCertificateArn"] == CERTIFICATE
    assert not deployed.of_type("acm/certificate:Certificate")
    assert not deployed.of_type(PROVIDER)


def test_the_web_acl_is_the_distribution_s(app):  # noqa: F811
    deployed = app(**CDN, web_acl_arn=GLOBAL)
    assert deployed.named("app-cdn")["webAclId"] == GLOBAL
    assert not deployed.of_type("webAclAssociation:WebAclAssociation")


def test_requests_are_logged(app):  # noqa: F811
    deployed = app(**CDN, access_logs=True)
    assert deployed.of_type("logDelivery:LogDelivery")


def test_with_external_dns_the_app_is_on_cloudfronts_name_until_the_records_exist(app, acm):  # noqa: F811
    pending = app(**EXTERNAL)
    assert "aliases" not in pending.named("app-cdn")
    assert pending.outputs["url"] == "https://d1.cloudfront.net"
    assert pending.outputs["dns_records"] == [
        {"name": "_x.app.example.com.", "type": "CNAME", "value": "_y.acm-validations.aws."}
    ]
    assert not pending.of_type(":CertificateValidation")


def test_with_external_dns_the_record_to_create_points_at_the_distribution(app, acm):  # noqa: F811
    ready = app(**EXTERNAL, dns_ready=True)
    assert {"name": "app.example.com", "type": "CNAME", "value": "d1.cloudfront.net"} in ready.outputs["dns_records"]
    assert ready.named("app-cdn")["aliases"] == ["app.example.com"]
    assert [balancer["internal"] for balancer in ready.of_type("lb/loadBalancer:LoadBalancer").values()] == [True]


@pytest.mark.parametrize(
    ("args", "paths"),
    [
        (CDN, None),
        ({**CDN, "cdn_cached_paths": ["/assets/*"]}, ["/assets/*"]),
        ({**CDN, "cdn_cached_paths": []}, None),
        ({}, None),
        ({"cdn_cached_paths": ["/static/*"]}, ["/static/*"]),
    ],
)
def test_only_the_paths_that_the_stack_names_are_cached(app, args, paths):  # noqa: F811
    behaviors = app(**args).named("app-cdn").get("orderedCacheBehaviors")
    assert behaviors == paths or [behavior["pathPattern"] for behavior in behaviors] == paths


# Who may use it


def test_the_web_acl_of_the_stack_is_cloudfront_s_and_checks_the_allowed_addresses(app):  # noqa: F811
    deployed = app(**CDN, waf="block", allowed_cidrs=["198.51.100.0/24"])
    assert {acl["scope"] for acl in deployed.of_type("wafv2/webAcl:WebAcl").values()} == {"CLOUDFRONT"}
    assert deployed.named("app-cdn")["webAclId"] == deployed.outputs["web_acl_arn"]
    assert [addresses["addresses"] for addresses in deployed.of_type(":IpSet").values()] == [["198.51.100.0/24"]]
    assert not deployed.of_type("wafv2/webAclAssociation:WebAclAssociation")


def test_while_the_domain_moves_each_load_balancer_s_visitors_pass_a_web_acl(app):  # noqa: F811
    deployed = app(**CDN, cloudfront_origin="vpc-with-public", waf="count")
    acls = deployed.of_type("wafv2/webAcl:WebAcl")
    assert {name: acl["scope"] for name, acl in acls.items()} == {"app-waf": "REGIONAL", "app-cdn-waf": "CLOUDFRONT"}
    assert len(deployed.of_type("wafv2/webAclAssociation:WebAclAssociation")) == 1


def test_a_password_covers_the_cached_paths_too(app):  # noqa: F811
    distribution = app(**CDN, basic_auth_username="staging", cdn_cached_paths=["/static/*"]).named("app-cdn")
    behaviors = [distribution["defaultCacheBehavior"], *distribution["orderedCacheBehaviors"]]
    functions = [function["functionArn"] for behavior in behaviors for function in behavior["functionAssociations"]]
    assert functions == ["arn:aws:mock:us-east-1:123456789012:app-basic-auth"] * 2


def test_while_the_domain_moves_its_other_names_are_redirected_on_both_ways(app):  # noqa: F811
    deployed = app(**CDN, cloudfront_origin="vpc-with-public", domain_redirects=["www.example.com"])
    (rule,) = (r for r in deployed.of_type("ListenerRule").values() if r["actions"][0]["type"] == "redirect")
    assert rule["listenerArn"] == "arn:aws:mock:us-east-1:123456789012:app-alb-https"
    assert "www.example.com" in deployed.named("app-edge-redirects")["code"]


# The move


@pytest.mark.parametrize(
    ("origin", "zone", "certificate", "protected"),
    [
        ("vpc-with-public", "ZCF", "app-certificate-us-east-1", {"app-alb": False, "app-ilb": True}),
        ("public-with-vpc", "ZALB", "app-certificate", {"app-alb": True, "app-ilb": False}),
    ],
)
def test_while_the_domain_moves_both_serve_it(app, acm, origin, zone, certificate, protected):  # noqa: F811
    deployed = app(**CDN, cloudfront_origin=origin, environment="production")
    assert deployed.named("app-cdn")["aliases"] == ["app.example.com"]
    https = deployed.named("app-alb-https")
    assert (https["port"], https["certificateArn"]) == (443, "arn:app-certificate/issued")
    assert region_of(deployed, "acm/certificate:Certificate", "app-certificate") is None
    assert deployed.outputs["certificate_arn"] == f"arn:{certificate}/issued"
    balancers = deployed.of_type("lb/loadBalancer:LoadBalancer")
    assert {name: balancer["enableDeletionProtection"] for name, balancer in balancers.items()} == protected
    service = deployed.of_type("ecs/service:Service")["app-web"]
    assert len(service["loadBalancers"]) == 2
    assert set(records(deployed).values()) == {zone}
    # A visitor who still reaches the public load balancer could invent an address that two proxies would vouch for.
    assert environment(deployed)["TRUST_PROXY_DEPTH"] == "1"


def test_both_certificates_share_the_records_by_which_acm_renews_them():
    """A record that a step deleted would end the renewal of the other certificate."""
    for variant in ("production", "cdn", "cdn-with-public", "public-with-cdn"):
        names = (GOLDEN / f"resources-{variant}.txt").read_text().splitlines()
        assert [name for name in names if "Record app-certificate" in name] == [
            "aws:route53/record:Record app-certificate-app.example.com"
        ]


def test_the_domain_moves_once_the_tasks_are_healthy_behind_the_next_load_balancer(app, mocks):  # noqa: F811
    app(**CDN, cloudfront_origin="vpc-with-public")
    order = [resource.name for resource in mocks.resources]
    assert order.index("app-web") < order.index("app-dns-app.example.com-a")
    assert order.index("app-cdn") < order.index("app-dns-app.example.com-a")


def hook(old, new):
    return pulumi.ResourceHookArgs(
        urn="urn", id="id", name="app", type="t", new_inputs=new, old_inputs=old, new_outputs=None, old_outputs=None
    )


BALANCER, DISTRIBUTION = (
    {"aliases": [{"zoneId": zone, "name": "x"}]} for zone in ("Z35SXDOTRQ7X7K", DISTRIBUTIONS_ZONE)
)


@pytest.mark.parametrize(
    ("old", "to_distribution", "step"),
    [(BALANCER, True, "'vpc-with-public'"), (DISTRIBUTION, False, "'public-with-vpc'")],
)
def test_what_the_domain_pointed_at_is_not_deleted_in_the_update_that_moves_it(old, to_distribution, step):
    with pytest.raises(ValueError, match=rf"^cdn: .*cloudfrontOrigin \(cloudfront_origin\) {step}"):
        reject_moved_records(hook(old, {}), to_distribution)
    reject_moved_records(hook(old, {}), not to_distribution)


def test_the_records_have_the_guard_unless_both_serve_the_domain(app, monkeypatch):  # noqa: F811
    seen = {}
    register = pulumi.Resource.__init__

    def watch(self, t, name, custom, props=None, opts=None, *args, **kwargs):
        seen[name] = opts
        register(self, t, name, custom, props, opts, *args, **kwargs)

    monkeypatch.setattr(pulumi.Resource, "__init__", watch)
    step = {"cloudfront_origin": "vpc-with-public"}
    # Without cdn the distribution loses the domain, whichever load balancers there are.
    for args, is_guarded in (({**CDN, **step}, False), ({**DOMAIN, **step}, True), (DOMAIN, True), (CDN, True)):
        app(**args)
        guards = seen["app-dns-app.example.com-a"].hooks
        assert bool(guards and guards.before_update) is is_guarded
    (guard,) = guards.before_update
    assert guard.opts.on_dry_run is True
    with pytest.raises(ValueError, match="cdn: the domain would move from the load balancer to the distribution"):
        guard.callback(hook(BALANCER, DISTRIBUTION))


def test_the_guard_of_the_service_names_the_step():
    with pytest.raises(ValueError, match="moves to CloudFront with 'vpc-with-public', and back with 'public-with-vpc'"):
        reject_removal(hook({}, {"tags": tags(["internal"])}))


# What cannot work


SHARED_LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shared/1a/2b"


@pytest.mark.parametrize(
    ("args", "argument", "sentence"),
    [
        ({"cdn": True}, "cdn", "True has no effect without domain; set that, or leave it out."),
        (
            {**CDN, "listener_arn": SHARED_LISTENER},
            "cdn",
            "True has no effect with listener_arn; the shared load balancer is set up by the stack "
            "that owns it; leave it out.",
        ),
        (
            {**CDN, "allowed_cidrs": ["198.51.100.0/24"]},
            "allowed_cidrs",
            "['198.51.100.0/24'] has no effect on CloudFront without waf, since the load balancer there sees only "
            "CloudFront's addresses; set waf to count or block, or leave it out.",
        ),
        (
            {**CDN, "certificate_arn": CERTIFICATE.replace("us-east-1", "eu-west-1")},
            "certificate_arn",
            f"'{CERTIFICATE.replace('us-east-1', 'eu-west-1')}' is in eu-west-1, but CloudFront "
            "uses only certificates in "
            "us-east-1; request or import it there.",
        ),
        (
            {**CDN, "web_acl_arn": REGIONAL},
            "web_acl_arn",
            f"'{REGIONAL}' is of scope REGIONAL, but with cdn the app's requests enter through "
            "CloudFront; give one of scope "
            "CLOUDFRONT, like arn:aws:wafv2:us-east-1:ACCOUNT:global/webacl/NAME/ID.",
        ),
        (
            {**CDN, "basic_auth_username": "staging", "cloudfront_origin": "vpc-with-public"},
            "basic_auth_username",
            "'staging' works on CloudFront alone, since a load balancer cannot ask for a password; leave it out, and "
            "set allowed_cidrs to your addresses.",
        ),
        (
            {**CDN, "basic_auth_username": "staging", "domain_redirects": ["www.example.com"]},
            "domain_redirects",
            "CloudFront runs one function for each request, and basic_auth_username has it; leave one of the two out.",
        ),
        (
            {**CDN, "cloudfront_origin": "public"},
            "cloudfront_origin",
            "'public' does not work with cdn: CloudFront reaches the app of a domain through a VPC origin; use 'vpc'.",
        ),
        (
            {**CDN, "vpc_id": "vpc-1", "public_subnet_ids": ["subnet-1", "subnet-2"]},
            "private_subnet_ids",
            "must be given with vpc_id where cloudfront_origin is 'vpc', for the internal load "
            "balancer; or set cdn to false.",
        ),
    ],
)
def test_what_cannot_work_with_cdn_is_rejected_in_one_sentence(args, argument, sentence):
    found = {problem.argument: problem.reason for problem in problems("app", {"app": APP, **args})}
    assert found[argument] == sentence


def test_a_step_needs_certificates_in_both_regions(deploy, acm):
    acm.answers["aws:index/getRegion:getRegion"] = {"region": "eu-west-1", "name": "eu-west-1", "id": "eu-west-1"}
    found = []

    def program():
        args = {**CDN, "certificate_arn": CERTIFICATE, "cloudfront_origin": "vpc-with-public"}
        found.extend(lookup_problems(args))
        return Certificate("shop", DOMAIN)

    deploy(program)
    (problem,) = found
    assert problem.argument == "certificate_arn"
    assert problem.reason == (
        f"'{CERTIFICATE}' is in us-east-1, and with cloudfront_origin 'vpc-with-public' the public "
        "load balancer needs a "
        "certificate in eu-west-1 as well; leave certificate_arn out during this step, so that both are requested."
    )

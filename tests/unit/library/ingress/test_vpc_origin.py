"""A stack without a domain: CloudFront's private way to an internal load balancer, and the guards of moving there."""

import json

import botocore.session
import pulumi
import pytest
from flask_on_aws import Cdn, FlaskApp, VpcOrigin
from flask_on_aws.flask_app.checks.arguments import problems
from flask_on_aws.ingress.load_balancer_guard import INTERNAL, PUBLIC, reject_early_switch, reject_removal, tags
from flask_on_aws.network.subnets import checked_subnets, usable_zones, zone_name

from tests.unit.library.flask_app.test_flask_app import APP, COMPUTED, DOMAIN

GROUPS = "aws:ec2/getSecurityGroups:getSecurityGroups"
PREFIX_LIST = "aws:ec2/getManagedPrefixList:getManagedPrefixList"
ARGS = {
    "vpc_id": "vpc-1",
    "load_balancer_arn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/ilb-1/2",
    "load_balancer_name": "ilb-1",
    "load_balancer_security_group_id": "sg-ilb",
}
STEPS = ("public", "public-with-vpc", "vpc-with-public", "vpc")


@pytest.fixture
def app(deploy, mocks):
    mocks.computed |= COMPUTED
    mocks.computed["LoadBalancer"] = lambda args: {
        "dnsName": f"{args.name}.amazonaws.com",
        "zoneId": "ZALB",
        "arnSuffix": f"app/{args.name}/1",
    }
    mocks.answers |= {GROUPS: {"ids": ["sg-cloudfront"]}, PREFIX_LIST: {"id": "pl-1"}}
    return lambda **args: deploy(lambda: FlaskApp("app", {"app": APP, **args}))


def opened(value):
    return value["value"] if isinstance(value, dict) and "value" in value else value


def origin(deployed):
    (found,) = opened(deployed.named("app-cdn")["origins"])
    return found


def web_service(deployed):
    return deployed.of_type("ecs/service:Service")["app-web"]


# The component


def test_the_request_keeps_to_cloudfront_s_own_model(deploy, mocks):
    mocks.answers[GROUPS] = {"ids": ["sg-cloudfront"]}
    config = deploy(lambda: VpcOrigin("origin", ARGS)).named("origin")["vpcOriginEndpointConfig"]
    shape = botocore.session.get_session().get_service_model("cloudfront").shape_for("VpcOriginEndpointConfig")
    sent = {name.lower(): value for name, value in config.items()}
    assert {name.lower() for name in shape.required_members} <= sent.keys() <= {name.lower() for name in shape.members}
    assert sent["originprotocolpolicy"] in shape.members["OriginProtocolPolicy"].enum
    protocols = config["originSslProtocols"]
    assert set(protocols["items"]) <= set(shape.members["OriginSslProtocols"].members["Items"].member.enum)
    assert protocols["quantity"] == len(protocols["items"])
    assert (config["arn"], config["name"], config["httpPort"]) == (ARGS["load_balancer_arn"], "ilb-1", 80)


def test_cloudfront_s_own_group_alone_may_connect(deploy, mocks):
    asked = []
    mocks.answers[GROUPS] = lambda args: asked.append(args["filters"]) or {"ids": ["sg-cloudfront"]}
    rules = deploy(lambda: VpcOrigin("origin", ARGS)).of_type(":SecurityGroupIngressRule")
    ((name, rule),) = rules.items()
    assert (name, rule["referencedSecurityGroupId"], rule["securityGroupId"]) == (
        "origin-http",
        "sg-cloudfront",
        "sg-ilb",
    )
    assert (rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 80, 80)
    assert not {"prefixListId", "cidrIpv4", "cidrIpv6"} & rule.keys()
    assert asked == [
        [
            {"name": "group-name", "values": ["CloudFront-VPCOrigins-Service-SG"]},
            {"name": "vpc-id", "values": ["vpc-1"]},
        ]
    ]


def test_until_cloudfront_has_made_its_group_its_addresses_may_connect(deploy, mocks):
    mocks.answers |= {GROUPS: {"ids": []}, PREFIX_LIST: {"id": "pl-1"}}
    rule = deploy(lambda: VpcOrigin("origin", ARGS)).named("origin-http")
    assert rule["prefixListId"] == "pl-1"
    assert "referencedSecurityGroupId" not in rule


def test_a_change_makes_a_new_origin_beside_the_one_in_use(deploy, mocks):
    seen = {}

    def watch(args):
        seen[args.name] = args.opts
        return

    mocks.answers[GROUPS] = {"ids": ["sg-cloudfront"]}
    deploy(lambda: VpcOrigin("origin", ARGS, pulumi.ResourceOptions(transformations=[watch])))
    assert seen["origin"].replace_on_changes == ["vpcOriginEndpointConfig"]


def test_every_argument_is_needed(mocks):
    with pytest.raises(pulumi.InputPropertiesError) as error:
        VpcOrigin("origin", {})
    assert [problem["property_path"] for problem in error.value.errors] == list(ARGS)


@pytest.mark.parametrize("both", [{}, {"vpc_origin_id": "vo_1", "origin_secret": "s"}])
def test_a_distribution_has_one_way_to_its_load_balancer(mocks, both):
    with pytest.raises(pulumi.InputPropertiesError, match="exactly one of vpc_origin_id and origin_secret"):
        Cdn("cdn", {"origin_domain_name": "d", **both})


# The app


def test_a_new_stack_has_no_public_load_balancer_no_header_and_no_prefix_list(app):
    deployed = app()
    (balancer,) = deployed.of_type("lb/loadBalancer:LoadBalancer").values()
    assert balancer["internal"] is True
    assert balancer["subnets"] == ["app-network-private-1-id", "app-network-private-2-id"]
    assert origin(deployed) == {
        "originId": "load-balancer",
        "domainName": "app-ilb.amazonaws.com",
        "vpcOriginConfig": {
            "vpcOriginId": "app-vpc-origin-id",
            "originReadTimeout": 30,
            "originKeepaliveTimeout": 5,
        },
    }
    everything = json.dumps([resource.inputs for resource in deployed.resources])
    assert "X-Origin-Verify" not in everything
    assert "pl-1" not in everything
    (rule,) = deployed.of_type("lb/listenerRule:ListenerRule").values()
    assert rule["conditions"] == [{"pathPattern": {"values": ["/*"]}}]


def test_tasks_and_the_internal_load_balancer_reach_each_other_alone(app):
    deployed = app()
    inward = deployed.of_type("securityGroupIngressRule:SecurityGroupIngressRule")[
        "app-web-from-internal-load-balancer"
    ]
    assert inward["referencedSecurityGroupId"] == "app-ilb-access-id"
    outward = deployed.of_type("securityGroupEgressRule:SecurityGroupEgressRule")["app-web-from-internal-load-balancer"]
    assert outward["securityGroupId"] == "app-ilb-access-id"
    assert outward["referencedSecurityGroupId"] == inward["securityGroupId"]


@pytest.mark.parametrize(
    ("setting", "by_vpc", "groups", "tag"),
    [
        ("public", False, ["app-web"], None),
        ("public-with-vpc", False, ["app-web", "app-ilb"], "internal+public"),
        ("vpc-with-public", True, ["app-ilb", "app-web"], "internal+public"),
        ("vpc", True, ["app-ilb"], "internal"),
    ],
)
def test_each_step_registers_tasks_before_cloudfront_asks_them(app, setting, by_vpc, groups, tag):
    deployed = app(cloudfront_origin=setting)
    assert ("vpcOriginConfig" in origin(deployed)) is by_vpc
    service = web_service(deployed)
    arns = [balancer["targetGroupArn"].rpartition(":")[2] for balancer in service["loadBalancers"]]
    assert arns == groups
    for inputs in (service, deployed.named("app-cdn")):
        assert (inputs.get("tags") or {}).get("flask-on-aws:load-balancers") == tag
    # The origin is there a step before it is used: CloudFront takes up to 15 minutes for it.
    assert bool(deployed.of_type("vpcOrigin:VpcOrigin")) is (setting != "public")


def test_adding_a_domain_puts_a_public_load_balancer_beside_the_internal_one(app):
    deployed = app(**DOMAIN, cloudfront_origin="vpc-with-public")
    schemes = {name: b["internal"] for name, b in deployed.of_type("lb/loadBalancer:LoadBalancer").items()}
    assert schemes == {"app-alb": False, "app-ilb": True}
    assert "vpcOriginConfig" in origin(deployed)
    assert deployed.outputs["url"] == "https://app.example.com"
    assert not deployed.of_type("randomPassword:RandomPassword").keys() & {"app-origin"}


@pytest.mark.parametrize(
    ("args", "protected"),
    [
        ({"cloudfront_origin": "public-with-vpc"}, {"app-alb": True, "app-ilb": False}),
        ({"cloudfront_origin": "vpc-with-public"}, {"app-alb": False, "app-ilb": True}),
        ({}, {"app-ilb": True}),
        ({**DOMAIN, "cloudfront_origin": "vpc-with-public"}, {"app-alb": True, "app-ilb": False}),
        (DOMAIN, {"app-alb": True}),
    ],
)
def test_what_the_next_update_removes_is_not_protected(app, args, protected):
    deployed = app(environment="production", **args)
    balancers = deployed.of_type("lb/loadBalancer:LoadBalancer")
    assert {name: balancer["enableDeletionProtection"] for name, balancer in balancers.items()} == protected


def found(**args):
    return {problem.argument: problem.reason for problem in problems("app", {"app": APP, **args})}


def test_wrong_settings_are_reported():
    assert "'private' is not one of vpc, public" in found(cloudfront_origin="private")["cloudfront_origin"]
    assert "use 'vpc-with-public'" in found(**DOMAIN, cloudfront_origin="public-with-vpc")["cloudfront_origin"]
    place = {"vpc_id": "vpc-1", "public_subnet_ids": ["subnet-1", "subnet-2"]}
    assert "set cloudfront_origin to 'public'" in found(**place)["private_subnet_ids"]
    assert "private_subnet_ids" not in found(**place, cloudfront_origin="public")
    assert "private_subnet_ids" not in found(**place, **DOMAIN)


# The guards


def hook(old, new):
    return pulumi.ResourceHookArgs(
        urn="urn", id="id", name="app", type="t", new_inputs=new, old_inputs=old, new_outputs=None, old_outputs=None
    )


def refusal(refuse, old, new):
    try:
        refuse(hook(old, new))
    except ValueError as error:
        return str(error)
    return None


def service_inputs(*balancers):
    return {"tags": tags(balancers)} if tags(balancers) else {}


def distribution_inputs(kind, *balancers, secret=False):
    one = {"vpcOriginConfig": {"vpcOriginId": "vo_1"}} if kind == "vpc" else {"customOriginConfig": {}}
    origins = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": [one]}
    return {"origins": origins if secret else [one], **service_inputs(*balancers)}


BALANCERS = {
    "public": [PUBLIC],
    "public-with-vpc": [PUBLIC, INTERNAL],
    "vpc-with-public": [PUBLIC, INTERNAL],
    "vpc": [INTERNAL],
}


@pytest.mark.parametrize("secret", [False, True])
@pytest.mark.parametrize("old", STEPS)
@pytest.mark.parametrize("new", STEPS)
def test_steps_are_taken_one_at_a_time_both_ways(old, new, secret):
    """With both guards: a skipped step is rejected in both directions; the adjacent one is allowed."""
    changes = [
        (reject_removal, service_inputs(*BALANCERS[old]), service_inputs(*BALANCERS[new])),
        (
            reject_early_switch,
            distribution_inputs(old.partition("-")[0], *BALANCERS[old], secret=secret),
            distribution_inputs(new.partition("-")[0], *BALANCERS[new], secret=secret),
        ),
    ]
    sentences = [sentence for refuse, before, after in changes if (sentence := refusal(refuse, before, after))]
    assert bool(sentences) is (abs(STEPS.index(old) - STEPS.index(new)) > 1)
    assert all("cloudfrontOrigin" in sentence for sentence in sentences)
    assert all(("'public' to keep it" in sentence) is old.startswith("public") for sentence in sentences)


def test_a_domain_cannot_take_the_only_load_balancer_away():
    with pytest.raises(ValueError, match="'vpc-with-public' for one update"):
        reject_removal(hook(service_inputs(INTERNAL), service_inputs(PUBLIC)))
    reject_removal(hook(service_inputs(INTERNAL), service_inputs(INTERNAL, PUBLIC)))
    reject_removal(hook(service_inputs(INTERNAL, PUBLIC), service_inputs(PUBLIC)))


def test_the_guards_look_at_previews_too(app, monkeypatch):
    seen = {}
    register = pulumi.Resource.__init__

    def watch(self, t, name, custom, props=None, opts=None, *args, **kwargs):
        if custom:
            seen[(t.rpartition(":")[2], name)] = opts
        register(self, t, name, custom, props, opts, *args, **kwargs)

    monkeypatch.setattr(pulumi.Resource, "__init__", watch)
    app()
    for kind, name, callback in (
        ("Service", "app-web", reject_removal),
        ("Distribution", "app-cdn", reject_early_switch),
    ):
        (guard,) = seen[(kind, name)].hooks.before_update
        assert guard.callback is callback
        assert guard.opts.on_dry_run is True


# Zones


def test_zones_without_vpc_origins_are_used_last():
    assert usable_zones(["a", "b", "c"], ["use1-az3", "use1-az1", "use1-az2"]) == ["b", "c", "a"]
    assert usable_zones(["a", "b"], None) == ["a", "b"]


def test_an_older_network_s_third_zone_is_none_that_it_has():
    assert zone_name(["a", "c", "b"], 2, ["a", "b"]) == "c"
    assert [zone_name(["b", "c", "a"], index, taken) for index, taken in enumerate([[], ["b"], ["b", "c"]])] == [
        "b",
        "c",
        "a",
    ]


def test_subnets_in_a_zone_without_vpc_origins_are_reported():
    assert checked_subnets(["subnet-1"], [None]) == ["subnet-1"]
    with pytest.raises(pulumi.InputPropertyError, match="subnet-2 in usw1-az2; set cloudfrontOrigin"):
        checked_subnets(["subnet-1", "subnet-2"], ["usw1-az1", "usw1-az2"])

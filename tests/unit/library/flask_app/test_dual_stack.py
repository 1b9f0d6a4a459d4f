"""An app with IPv6 addresses next to IPv4 ones: network, tasks and the load balancer that visitors use."""

import json

import pulumi
import pytest
from flask_on_aws.flask_app.checks.lookups import lookup_problems

from tests.unit.library.flask_app.test_flask_app import DOMAIN, SHARED, app, containers  # noqa: F401 the fixture

BALANCER = "lb/loadBalancer:LoadBalancer"
VPC = {key: SHARED[key] for key in ("vpc_id", "public_subnet_ids", "private_subnet_ids")}
BOTH = {"0.0.0.0/0", "::/0"}


def address_types(deployed):
    return {name: balancer["ipAddressType"] for name, balancer in deployed.of_type(BALANCER).items()}


def ranges(deployed, *ports):
    """The ranges that may connect to the public load balancer's ports."""
    rules = deployed.of_type("securityGroupIngressRule:SecurityGroupIngressRule")
    return {
        rule.get("cidrIpv4") or rule.get("cidrIpv6")
        for name, rule in rules.items()
        if name.startswith("app-alb-access-") and rule["fromPort"] in ports
    }


@pytest.mark.parametrize(
    ("args", "types"),
    [
        ({}, {"app-ilb": "ipv4"}),
        (DOMAIN, {"app-alb": "dualstack"}),
        ({**DOMAIN, "load_balancer_dual_stack": False}, {"app-alb": "ipv4"}),
        ({**DOMAIN, "cloudfront_origin": "vpc-with-public"}, {"app-alb": "dualstack", "app-ilb": "ipv4"}),
        ({**DOMAIN, "cdn": True}, {"app-ilb": "ipv4"}),
        ({**DOMAIN, "cdn": True, "cloudfront_origin": "public-with-vpc"}, {"app-alb": "dualstack", "app-ilb": "ipv4"}),
        # CloudFront is its only client, over IPv4.
        ({"cloudfront_origin": "public"}, {"app-alb": "ipv4"}),
    ],
)
def test_only_the_load_balancer_that_visitors_connect_to_is_dual_stack(app, args, types):  # noqa: F811
    deployed = app(**args, dual_stack=True)
    assert address_types(deployed) == types
    assert deployed.named("app-network")["assignGeneratedIpv6CidrBlock"] is True
    for name, group in deployed.of_type("lb/targetGroup:TargetGroup").items():
        assert "ipAddressType" not in group, name  # its targets are addresses of IPv4


def test_visitors_may_connect_over_ipv6_and_the_domain_has_records_for_it(app):  # noqa: F811
    deployed = app(**DOMAIN, dual_stack=True)
    assert ranges(deployed, 80) == ranges(deployed, 443) == BOTH
    types = {record["type"] for record in deployed.of_type(":Record").values() if record["name"] == DOMAIN["domain"]}
    assert types == {"A", "AAAA"}


def test_an_allow_list_can_have_ranges_of_both(app):  # noqa: F811
    listed = ["198.51.100.0/24", "2001:db8::/32"]
    deployed = app(**DOMAIN, dual_stack=True, allowed_cidrs=listed)
    assert ranges(deployed, 80, 443) == {*listed}


def test_tasks_keep_ipv4_and_may_connect_out_over_both(app):  # noqa: F811
    deployed = app(dual_stack=True)
    names = {variable["name"] for variable in containers(deployed)[0]["environment"]}
    assert "AWS_USE_DUALSTACK_ENDPOINT" not in names
    assert deployed.outputs["assign_public_ip"] is True
    rules = deployed.of_type("securityGroupEgressRule:SecurityGroupEgressRule").values()
    assert {rule.get("cidrIpv4") or rule.get("cidrIpv6") for rule in rules} >= BOTH


def test_without_the_setting_nothing_is_different(app):  # noqa: F811
    before, after = (
        {(r.typ, r.name): json.dumps(r.inputs, sort_keys=True) for r in app(**args).resources}
        for args in (DOMAIN, {**DOMAIN, "dual_stack": False})
    )
    assert before == after
    assert not any("ipv6CidrBlock" in inputs or "egressOnly" in inputs for inputs in after.values())


@pytest.mark.parametrize(
    ("args", "reported"),
    [
        (DOMAIN, ["subnet-2"]),
        ({**DOMAIN, "load_balancer_dual_stack": False}, []),
        ({**DOMAIN, "dual_stack": False}, []),
        ({**DOMAIN, "cdn": True}, []),
    ],
)
def test_the_subnets_of_an_existing_vpc_must_have_ipv6_blocks(mocks, args, reported):
    mocks.answers["aws:ec2/getSubnet:getSubnet"] = lambda args: {
        "ipv6CidrBlock": "2600:1f18:12:3400::/64" if args["id"] == "subnet-1" else ""
    }
    problems = []

    @pulumi.runtime.test
    def program():
        problems.extend(lookup_problems({**VPC, "dual_stack": True, **args}))

    program()
    assert [problem.reason.split("'")[1] for problem in problems] == reported
    assert all("has no IPv6 block, which dual_stack needs" in problem.reason for problem in problems)

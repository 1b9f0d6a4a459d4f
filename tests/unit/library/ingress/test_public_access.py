import pytest
from flask_on_aws.ingress.public_access import PublicAccess, problems

_VPC = {"vpc_id": "vpc-1"}


def _sources(deployed):
    rules = deployed.of_type(":SecurityGroupIngressRule").values()
    keys = ("cidrIpv4", "cidrIpv6", "prefixListId")
    return {(r["fromPort"], r["toPort"], r["ipProtocol"], next(r[k] for k in keys if k in r)) for r in rules}


def test_everyone_may_connect_to_80_and_443(deploy):
    deployed = deploy(lambda: PublicAccess("lb-access", {**_VPC}))
    assert _sources(deployed) == {(80, 80, "tcp", "0.0.0.0/0"), (443, 443, "tcp", "0.0.0.0/0")}
    assert set(deployed.of_type(":SecurityGroupIngressRule")) == {"lb-access-http-ipv4", "lb-access-https-ipv4"}
    assert deployed.outputs == {"security_group_id": "lb-access-id"}
    assert set(deployed.named("lb-access")) == {"description", "vpcId"}  # no rule inside the group, none out of it
    assert not deployed.of_type(":SecurityGroupEgressRule")


def test_with_two_stacks_everyone_has_ipv6_too(deploy):
    deployed = deploy(lambda: PublicAccess("a", {**_VPC, "dual_stack": True}))
    assert {source for *_, source in _sources(deployed)} == {"0.0.0.0/0", "::/0"}
    assert deployed.named("a-https-ipv6")["cidrIpv6"] == "::/0"
    assert "cidrIpv4" not in deployed.named("a-https-ipv6")


def test_only_the_given_ranges_may_connect(deploy):
    args = {**_VPC, "allowed_cidrs": ["203.0.113.0/24", "2001:db8::/32"], "dual_stack": True}
    deployed = deploy(lambda: PublicAccess("a", args))
    assert {source for *_, source in _sources(deployed)} == {"203.0.113.0/24", "2001:db8::/32"}
    assert deployed.named("a-https-203-0-113-0-24")["description"] == "HTTPS from 203.0.113.0/24"
    assert "a-http-2001-db8---32" in deployed.of_type(":SecurityGroupIngressRule")


def test_in_mode_cloudfront_only_cloudfront_reaches_port_80(deploy, mocks):
    names = []

    def prefix_list(args):
        names.append(args["name"])
        return {"id": "pl-3b927c52"}

    mocks.answers["aws:ec2/getManagedPrefixList:getManagedPrefixList"] = prefix_list
    deployed = deploy(lambda: PublicAccess("a", {**_VPC, "mode": "cloudfront"}))
    assert names == ["com.amazonaws.global.cloudfront.origin-facing"]
    assert _sources(deployed) == {(80, 80, "tcp", "pl-3b927c52")}


@pytest.mark.parametrize(
    ("args", "argument", "sentence"),
    [
        ({**_VPC, "mode": "http"}, "mode", "'http' is not one of https, cloudfront, internal."),
        ({**_VPC, "allowed_cidrs": []}, "allowed_cidrs", "An empty list allows no connections"),
        ({**_VPC, "allowed_cidrs": ["10.0.0.1/8"]}, "allowed_cidrs", "'10.0.0.1/8' is not an address range"),
        (
            {**_VPC, "allowed_cidrs": ["::/0"]},
            "allowed_cidrs",
            "'::/0' is a range of IPv6 addresses, and the load balancer has none",
        ),
        ({**_VPC, "allowed_cidrs": ["10.0.0.0/8"] * 2}, "allowed_cidrs", "'10.0.0.0/8' is named more than once"),
        (
            {**_VPC, "allowed_cidrs": ["10.0.0.0/8"], "mode": "cloudfront"},
            "allowed_cidrs",
            "only CloudFront may connect",
        ),
    ],
)
def test_wrong_arguments_are_rejected(args, argument, sentence):
    (problem,) = problems(args)
    assert problem.argument == argument
    assert sentence in problem.reason

import pulumi
import pytest
from flask_on_aws.ingress.load_balancer import LoadBalancer, problems

_NETWORK = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
_HTTPS = {**_NETWORK, "certificate_arn": "arn:certificate"}
_CLOUDFRONT = {**_NETWORK, "mode": "cloudfront"}


@pytest.fixture(autouse=True)
def aws(mocks):
    mocks.answers["aws:ec2/getManagedPrefixList:getManagedPrefixList"] = {"id": "pl-3b927c52"}
    mocks.computed["LoadBalancer"] = lambda args: {
        "dnsName": f"{args.name}.elb.amazonaws.com",
        "zoneId": "ZELB",
        "arnSuffix": f"app/{args.name}/0",
    }
    return mocks


def test_https_serves_443_and_redirects_80(deploy):
    deployed = deploy(lambda: LoadBalancer("web", _HTTPS))
    https = deployed.named("web-https")
    assert (https["port"], https["protocol"]) == (443, "HTTPS")
    assert https["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    assert https["certificateArn"] == "arn:certificate"
    assert https["defaultActions"] == [
        {
            "type": "fixed-response",
            "fixedResponse": {"statusCode": "404", "contentType": "text/plain", "messageBody": "Not Found"},
        }
    ]
    http = deployed.named("web-http")
    assert (http["port"], http["protocol"]) == (80, "HTTP")
    assert http["defaultActions"] == [
        {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}
    ]
    assert not deployed.of_type(":ListenerCertificate")


def test_the_load_balancer_itself(deploy):
    deployed = deploy(lambda: LoadBalancer("web", _HTTPS))
    assert deployed.named("web") == {
        "loadBalancerType": "application",
        "internal": False,
        "ipAddressType": "ipv4",
        "securityGroups": ["web-access-id"],
        "subnets": ["subnet-1", "subnet-2"],
        "idleTimeout": 50,
        "enableHttp2": True,
        "dropInvalidHeaderFields": True,
        "desyncMitigationMode": "defensive",
        "enableDeletionProtection": False,
    }


def test_outputs_name_the_listener_for_routes(deploy):
    outputs = deploy(lambda: LoadBalancer("web", _HTTPS)).outputs
    assert outputs == {
        "arn": "arn:aws:mock:us-east-1:123456789012:web",
        "arn_suffix": "app/web/0",
        "load_balancer_name": "web",
        "dns_name": "web.elb.amazonaws.com",
        "zone_id": "ZELB",
        "security_group_id": "web-access-id",
        "listener_arn": "arn:aws:mock:us-east-1:123456789012:web-https",
        "http_listener_arn": "arn:aws:mock:us-east-1:123456789012:web-http",
    }


def test_behind_cloudfront_there_is_port_80_alone_and_it_rejects_what_no_route_takes(deploy):
    deployed = deploy(lambda: LoadBalancer("web", _CLOUDFRONT))
    assert set(deployed.of_type(":Listener")) == {"web-http"}
    assert deployed.named("web-http")["defaultActions"] == [
        {
            "type": "fixed-response",
            "fixedResponse": {"statusCode": "403", "contentType": "text/plain", "messageBody": "Forbidden"},
        }
    ]
    assert deployed.outputs["listener_arn"] == deployed.outputs["http_listener_arn"]
    assert deployed.named("web-access-http-cloudfront")["prefixListId"] == "pl-3b927c52"


def test_another_mode_keeps_load_balancer_group_and_http_listener(deploy, mocks):
    def without_domain():
        LoadBalancer("web", _CLOUDFRONT)
        return LoadBalancer("web", _HTTPS)

    deploy(without_domain)
    for kind in (":LoadBalancer", "/securityGroup:SecurityGroup"):
        first, second = (r for r in mocks.resources if r.typ.endswith(kind) and r.typ.startswith("aws:"))
        assert (first.name, first.inputs) == (second.name, second.inputs)
    first, second = (r for r in mocks.resources if r.name == "web-http")
    changed = {key for key in first.inputs if first.inputs[key] != second.inputs[key]}
    assert changed == {"defaultActions"}  # which AWS changes in place


@pytest.mark.parametrize("args", [_HTTPS, _CLOUDFRONT, {**_HTTPS, "dual_stack": True, "access_logs": True}])
def test_the_graph_opens_80_and_443_and_nothing_else(deploy, args):
    deployed = deploy(lambda: LoadBalancer("web", args))
    rules = deployed.of_type(":SecurityGroupIngressRule").values()
    assert {(r["fromPort"], r["toPort"]) for r in rules} <= {(80, 80), (443, 443)}
    assert {r["ipProtocol"] for r in rules} == {"tcp"}
    assert {r["securityGroupId"] for r in rules} == {"web-access-id"}
    groups = deployed.of_type("/securityGroup:SecurityGroup").values()
    assert all("ingress" not in group and "egress" not in group for group in groups)
    assert not deployed.of_type(":SecurityGroupEgressRule")
    assert not deployed.of_type(":SecurityGroupRule")


def test_two_stacks_reach_addresses_and_rules(deploy):
    deployed = deploy(lambda: LoadBalancer("web", {**_HTTPS, "dual_stack": True}))
    assert deployed.named("web")["ipAddressType"] == "dualstack"
    assert deployed.named("web-access-https-ipv6")["cidrIpv6"] == "::/0"


def test_only_the_given_ranges_may_connect(deploy):
    deployed = deploy(lambda: LoadBalancer("web", {**_HTTPS, "allowed_cidrs": ["203.0.113.0/24"]}))
    assert {r["cidrIpv4"] for r in deployed.of_type(":SecurityGroupIngressRule").values()} == {"203.0.113.0/24"}


def test_further_certificates_are_added_to_443(deploy):
    args = {**_HTTPS, "extra_certificate_arns": {"shop": "arn:shop", "blog": "arn:blog"}}
    deployed = deploy(lambda: LoadBalancer("web", args))
    listener = deployed.outputs["listener_arn"]
    assert deployed.of_type(":ListenerCertificate") == {
        "web-certificate-shop": {"listenerArn": listener, "certificateArn": "arn:shop"},
        "web-certificate-blog": {"listenerArn": listener, "certificateArn": "arn:blog"},
    }


def _protection(deploy, args, opts=None):
    found = {}

    def program():
        component = LoadBalancer("web", args, opts)
        found["protected"] = component._load_balancer._protect  # where Pulumi keeps the option
        return component

    return deploy(program).named("web")["enableDeletionProtection"], found["protected"]


def test_deletion_protection_is_awss_and_pulumis(deploy):
    assert _protection(deploy, {**_HTTPS, "deletion_protection": True}) == (True, True)


def test_by_default_a_load_balancer_may_be_deleted(deploy):
    assert _protection(deploy, _HTTPS) == (False, None)


def test_no_deletion_protection_leaves_the_callers_protection(deploy):
    assert _protection(deploy, _HTTPS, pulumi.ResourceOptions(protect=True)) == (False, True)


def test_access_logs_go_to_a_bucket_that_takes_them(deploy):
    args = {**_HTTPS, "access_logs": True, "access_log_days": 30, "retain_access_logs": True}
    deployed = deploy(lambda: LoadBalancer("web", args))
    assert deployed.named("web")["accessLogs"] == {"bucket": "web-access-logs", "enabled": True}
    assert deployed.named("web-access-logs-lifecycle")["rules"][0]["expiration"] == {"days": 30}
    assert deployed.named("web-access-logs")["forceDestroy"] is False


@pytest.mark.parametrize(
    ("args", "argument", "sentence"),
    [
        ({**_HTTPS, "mode": "http"}, "mode", "'http' is not one of https, cloudfront, internal."),
        (_NETWORK, "certificate_arn", "Mode https needs a certificate; give its ARN, or set mode to cloudfront."),
        ({**_CLOUDFRONT, "certificate_arn": "arn:x"}, "certificate_arn", "Mode cloudfront does not use"),
        (
            {**_CLOUDFRONT, "extra_certificate_arns": {"a": "b"}},
            "certificate_arn",
            "Mode cloudfront does not use",
        ),
        ({**_HTTPS, "extra_certificate_arns": {"A b": "arn:x"}}, "extra_certificate_arns", "'A b' must be lower-case"),
        ({**_CLOUDFRONT, "allowed_cidrs": ["10.0.0.0/8"]}, "allowed_cidrs", "only CloudFront may connect"),
        ({**_HTTPS, "allowed_cidrs": ["::/0"]}, "allowed_cidrs", "none without dual_stack"),
        ({**_HTTPS, "idle_timeout": 0}, "idle_timeout", "0 must be a whole number from 1 to 4000 seconds."),
        (
            {**_HTTPS, "desync_mitigation": "off"},
            "desync_mitigation",
            "'off' is not one of monitor, defensive, strictest.",
        ),
        ({**_HTTPS, "access_log_days": 0}, "access_log_days", "0 must be a whole number from 1 to 3653 days."),
    ],
)
def test_wrong_arguments_are_rejected(args, argument, sentence):
    (problem,) = problems(args)
    assert problem.argument == argument
    assert sentence in problem.reason


def test_a_name_too_long_for_aws_is_rejected_before_anything_is_made(mocks):
    with pytest.raises(pulumi.InputPropertiesError, match="use at most 24"):
        LoadBalancer("a" * 25, _HTTPS)
    assert mocks.resources == []

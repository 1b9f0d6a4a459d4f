"""Tests of the load balancer's configuration, as it is read from moto's API."""

import boto3
import httpx
import pytest
from flask_on_aws_cli.local_aws.load_balancer import (
    FixedResponse,
    Forward,
    HealthCheck,
    HostHeader,
    HttpHeader,
    PathPattern,
    QueryString,
    Redirect,
    Rule,
    SourceIp,
    TargetGroup,
)
from flask_on_aws_cli.local_aws.load_balancer.configuration_reader import ConfigurationReader
from moto.server import ThreadedMotoServer


@pytest.fixture
def clients():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    session = boto3.Session("test", "test", region_name="us-east-1")
    yield lambda service: session.client(service, endpoint_url=f"http://{host}:{port}")
    httpx.post(f"http://{host}:{port}/moto-api/reset", timeout=60)  # its records outlive the server
    server.stop()


@pytest.fixture
def elb(clients):
    return clients("elbv2")


@pytest.fixture
def network(clients):
    ec2 = clients("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    return vpc, subnets


def test_the_configuration_matches_the_api_calls(elb, network):
    vpc, subnets = network
    balancer = elb.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=balancer,
        Attributes=[
            {"Key": "idle_timeout.timeout_seconds", "Value": "50"},
            {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"},
        ],
    )
    group = elb.create_target_group(
        Name="web",
        Protocol="HTTP",
        Port=8080,
        VpcId=vpc,
        TargetType="ip",
        HealthCheckPath="/up",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=3,
        HealthyThresholdCount=2,
        UnhealthyThresholdCount=3,
        Matcher={"HttpCode": "200-204"},
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.modify_target_group_attributes(
        TargetGroupArn=group,
        Attributes=[
            {"Key": "deregistration_delay.timeout_seconds", "Value": "20"},
            {"Key": "load_balancing.algorithm.type", "Value": "least_outstanding_requests"},
        ],
    )
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    listener = elb.create_listener(LoadBalancerArn=balancer, Port=80, Protocol="HTTP", DefaultActions=[redirect])[
        "Listeners"
    ][0]["ListenerArn"]
    rules = [
        (10, [{"Field": "path-pattern", "Values": ["/a*"]}], {"Type": "forward", "TargetGroupArn": group}),
        (
            20,
            [
                {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example"]}},
                {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Origin-Verify", "Values": ["s"]}},
            ],
            {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": group, "Weight": 7}]}},
        ),
        (
            30,
            [
                {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "1"}]}},
                {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}},
            ],
            {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403", "MessageBody": "no"}},
        ),
    ]
    for priority, conditions, action in rules:
        elb.create_rule(ListenerArn=listener, Priority=priority, Conditions=conditions, Actions=[action])

    secret = (("X-Origin-Verify", "s"),)
    settings = ConfigurationReader(elb, lambda arn: secret if arn == listener else None)()

    check = HealthCheck("/up", None, "HTTP", "200-204", 5, 3, 2, 3)
    assert settings.target_groups == (TargetGroup(group, "HTTP", "least_outstanding_requests", 20, check),)
    (load_balancer,) = settings.load_balancers
    assert (load_balancer.arn, load_balancer.idle_timeout, load_balancer.drop_invalid_header_fields) == (
        balancer,
        50,
        True,
    )
    (http,) = load_balancer.listeners
    assert (http.arn, http.port, http.protocol, http.edge_headers) == (listener, 80, "HTTP", secret)
    assert sorted(http.rules, key=lambda rule: rule.priority or 99) == [
        Rule(10, Forward(((group, 1),)), (PathPattern(("/a*",)),)),
        Rule(20, Forward(((group, 7),)), (HostHeader(("a.example",)), HttpHeader("X-Origin-Verify", ("s",)))),
        Rule(
            30,
            FixedResponse(403, "text/plain", "no"),
            (QueryString((("v", "1"),)), SourceIp(("10.0.0.0/8",))),
        ),
        Rule(None, Redirect(301, protocol="HTTPS", port="443")),
    ]
    assert settings.routed_groups() == {group}


def test_the_configuration_is_read_again_after_a_second(elb, network):
    now = [0.0]
    read = ConfigurationReader(elb, clock=lambda: now[0])
    assert read().load_balancers == ()
    elb.create_load_balancer(Name="web", Subnets=network[1])
    assert read().load_balancers == ()
    now[0] = 1.0
    assert len(read().load_balancers) == 1

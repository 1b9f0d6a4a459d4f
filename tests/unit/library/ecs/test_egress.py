"""What the stack itself connects is allowed by the rules of both security groups, whatever else is closed."""

import itertools
import json
import re

import pulumi
import pytest
from flask_on_aws import FlaskApp

from tests.unit.library.flask_app.test_flask_app import APP, COMPUTED, DOMAIN, SERVER, SHARED

EGRESS = ["public", "ipv6", "nat", "nat-per-zone", "endpoints"]
PORTS = [None, [443], []]
SERVERS = {"own": {}, "shared": {**SERVER, "database_port": 6432}, "none": {"database": "none"}}
PLACES = {"own": DOMAIN, "existing": {**SHARED, "domain": "app.example.com"}}
ECR_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tools/psql:17"
ANYWHERE = ("0.0.0.0/0", "::/0")


@pytest.fixture
def app(deploy, mocks):
    mocks.computed |= COMPUTED
    mocks.answers["aws:ec2/getManagedPrefixList:getManagedPrefixList"] = lambda args: {"id": f"pl {args['name']}"}
    return lambda **args: deploy(lambda: FlaskApp("app", {"app": APP, **args}))


def admits(rule, port, peers):
    """Whether a rule lets TCP through on this port to or from one of these groups, prefix lists or ranges."""
    ends = {rule.get(key) for key in ("referencedSecurityGroupId", "prefixListId", "cidrIpv4", "cidrIpv6")} - {None}
    if rule["ipProtocol"] != "-1" and not (rule["ipProtocol"] == "tcp" and rule["fromPort"] <= port <= rule["toPort"]):
        return False
    return bool(ends & set(peers))


def out_of(deployed, group, port, *peers):
    rules = deployed.of_type(":SecurityGroupEgressRule").values()
    return any(rule["securityGroupId"] == group and admits(rule, port, peers) for rule in rules)


def into(deployed, group, port, *peers):
    rules = deployed.of_type(":SecurityGroupIngressRule").values()
    return any(rule["securityGroupId"] == group and admits(rule, port, peers) for rule in rules)


def task_groups(deployed):
    services = deployed.of_type("ecs/service:Service").values()
    return {group for service in services for group in service["networkConfiguration"]["securityGroups"]}


def database(deployed):
    """The database's security group, and the port in the containers' environment."""
    task = json.loads(deployed.of_type(":TaskDefinition")["app-web"]["containerDefinitions"])
    told = {v["name"]: v["value"] for container in task for v in container["environment"]}
    if "PGPORT" not in told:
        return None
    instances = list(deployed.of_type("rds/instance:Instance").values())
    group = instances[0]["vpcSecurityGroupIds"][0] if instances else SERVER["database_server_security_group_id"]
    return group, int(told["PGPORT"])


def unreachable(deployed):
    """Each connection that the stack itself makes and one of the two groups does not let through."""
    (tasks,) = task_groups(deployed)
    found = []
    if connected := database(deployed):
        group, port = connected
        found += [f"out to the database on {port}"] if not out_of(deployed, tasks, port, group, *ANYWHERE) else []
        found += [f"into the database on {port}"] if not into(deployed, group, port, tasks) else []
    for name, endpoint in deployed.of_type(":VpcEndpoint").items():
        if endpoint["vpcEndpointType"] == "Gateway":
            interface = any(e["vpcEndpointType"] == "Interface" for e in deployed.of_type(":VpcEndpoint").values())
            ends = [f"pl {endpoint['serviceName']}", *ANYWHERE] if interface else ANYWHERE
            found += [f"out to {name}"] if not out_of(deployed, tasks, 443, *ends) else []
            continue
        for group in endpoint["securityGroupIds"]:
            found += [f"out to {name}"] if not out_of(deployed, tasks, 443, group, *ANYWHERE) else []
            found += [f"into {name}"] if not into(deployed, group, 443, "10.0.0.0/16") else []
    interface = [e for e in deployed.of_type(":VpcEndpoint").values() if e["vpcEndpointType"] == "Interface"]
    if not interface and not out_of(deployed, tasks, 443, *ANYWHERE):
        found.append("out to AWS on 443")
    balancers = [
        group for balancer in deployed.of_type(":LoadBalancer").values() for group in balancer["securityGroups"]
    ]
    for group in balancers or [SHARED["load_balancer_security_group_id"]]:
        found += ["out of the load balancer"] if not out_of(deployed, group, 8080, tasks) else []
        found += ["into the tasks"] if not into(deployed, tasks, 8080, group) else []
    return found


CASES = [
    *itertools.product(EGRESS, PORTS, ["own", "shared"], ["own"]),
    *itertools.product(["public", "endpoints"], PORTS, ["shared"], ["existing"]),
    ("public", [443], "none", "own"),
    ("endpoints", [], "none", "own"),
]


@pytest.mark.parametrize(("egress", "ports", "server", "place"), CASES)
def test_all_that_the_stack_itself_connects_is_let_through(app, egress, ports, server, place):
    args = {"egress": egress, **PLACES[place], **SERVERS[server], "workers": {"mail": "python -m mail"}}
    if ports is not None:
        args["outbound_ports"] = ports
    if egress == "endpoints" and "database_host" in args:
        args["database_setup_image"] = ECR_IMAGE
    if ports == [] and (egress != "endpoints" or place == "existing"):
        with pytest.raises(pulumi.InputPropertiesError, match=r"outbound_ports: \[\] lacks 443"):
            app(**args)
        return
    assert unreachable(app(**args)) == []


def test_named_ports_open_nothing_else(app):
    rules = app(outbound_ports=[443], egress="endpoints").of_type(":SecurityGroupEgressRule")
    mine = {name: rule for name, rule in rules.items() if name.startswith("app-web-to-")}
    assert {name: rule["fromPort"] for name, rule in mine.items()} == {
        "app-web-to-443-ipv4": 443,
        "app-web-to-443-ipv6": 443,
        "app-web-to-database": 5432,
        "app-web-to-endpoints": 443,
        "app-web-to-s3": 443,
    }
    assert all(rule["fromPort"] == rule["toPort"] for rule in mine.values())


def test_without_named_ports_no_rule_is_added(app):
    rules = app(egress="endpoints").of_type(":SecurityGroupEgressRule")
    assert {name for name in rules if name.startswith("app-web-to-")} == {
        "app-web-to-anywhere-ipv4",
        "app-web-to-anywhere-ipv6",
    }


@pytest.mark.parametrize("ports", [[], [587], [80, 8443]])
@pytest.mark.parametrize("more", [{}, {"egress": "nat"}, {**PLACES["existing"], "egress": "endpoints"}])
def test_ports_without_443_are_rejected_where_tasks_could_not_start(mocks, ports, more):
    with pytest.raises(pulumi.InputPropertiesError, match=re.escape(f"outbound_ports: {ports!r} lacks 443")):
        FlaskApp("app", {"app": APP, **more, "outbound_ports": ports})
    assert mocks.resources == []


@pytest.mark.parametrize(
    ("argument", "more"),
    [
        ("image", {"image": "registry.example.com:5000/shop@sha256:" + "0" * 64}),
        ("database_setup_image", {**SERVER, "database_setup_image": "registry.example.com:5000/psql:17"}),
        ("sidecars", {"sidecars": [{"name": "proxy", "image": "registry.example.com:5000/proxy:1"}]}),
    ],
)
def test_the_port_of_a_registry_has_to_be_among_them(mocks, argument, more):
    with pytest.raises(pulumi.InputPropertiesError, match=f"lacks 5000, the port of the registry of {argument}"):
        FlaskApp("app", {"app": APP, **more, "outbound_ports": [443]})
    assert mocks.resources == []


def test_an_image_s_tag_and_digest_are_no_ports(app):
    app(outbound_ports=[443], image="registry.example.com/shop:5000")
    app(outbound_ports=[443, 5000], image="registry.example.com:5000/shop:1")

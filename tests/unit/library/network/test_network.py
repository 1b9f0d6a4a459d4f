import ipaddress
import json

import pulumi
import pytest
from flask_on_aws.network.flow_logs import write_policy
from flask_on_aws.network.ipv6_guard import reject_removal
from flask_on_aws.network.network import Network, problems
from flask_on_aws.network.subnets import ipv6_subnet_block, subnet_blocks, zone_name
from flask_on_aws.validation.values import retention_problems

EXISTING = {"vpc_id": "vpc-1", "public_subnet_ids": ["subnet-1", "subnet-2"]}
PUBLIC = ["network-public-1-id", "network-public-2-id"]
PRIVATE = ["network-private-1-id", "network-private-2-id"]


@pytest.fixture
def mocks(mocks):
    """A VPC's IPv6 block is empty unless it asked for one, as on AWS."""
    mocks.computed["Vpc"] = lambda args: {
        "ipv6CidrBlock": "2600:1f18:12:3400::/56" if args.inputs["assignGeneratedIpv6CidrBlock"] else ""
    }
    return mocks


@pytest.fixture
def network(deploy):
    return lambda **args: deploy(lambda: Network("network", args))


def routes(deployed):
    """Route's logical name → what it leads to."""
    targets = ("gatewayId", "natGatewayId", "egressOnlyGatewayId")
    return {
        name: next(inputs[target] for target in targets if target in inputs)
        for name, inputs in deployed.of_type(":Route").items()
    }


def reasons(args):
    return {problem.argument: problem.reason for problem in problems(args)}


def test_by_default_tasks_are_in_public_subnets_and_private_ones_have_no_route_to_the_internet(network):
    deployed = network()
    assert deployed.outputs == {
        "vpc_id": "network-id",
        "public_subnet_ids": PUBLIC,
        "private_subnet_ids": PRIVATE,
        "task_subnet_ids": PUBLIC,
        "assign_public_ip": True,
        "dual_stack": False,
        "endpoint_security_group_id": "",
    }
    assert routes(deployed) == {"network-public-ipv4": "network-internet-id"}
    assert not deployed.of_type(":NatGateway")
    assert not deployed.of_type(":FlowLog")
    assert list(deployed.of_type(":VpcEndpoint")) == ["network-s3"]


def test_the_vpc_resolves_names_and_its_default_group_is_empty(network):
    deployed = network(cidr_block="10.7.0.0/20")
    vpc = deployed.named("network")
    assert (vpc["cidrBlock"], vpc["tags"]) == ("10.7.0.0/20", {"Name": "network"})
    assert vpc["enableDnsHostnames"] is vpc["enableDnsSupport"] is True
    assert vpc["assignGeneratedIpv6CidrBlock"] is False
    assert deployed.named("network-default") == {"vpcId": "network-id", "ingress": [], "egress": []}


def test_subnets_are_spread_over_the_zones_and_give_no_public_addresses(network):
    subnets = network().of_type(":Subnet")
    assert {name: subnet["availabilityZone"] for name, subnet in subnets.items()} == {
        "network-public-1": "us-east-1a",
        "network-public-2": "us-east-1b",
        "network-private-1": "us-east-1a",
        "network-private-2": "us-east-1b",
    }
    assert all(subnet["tags"] == {"Name": name} for name, subnet in subnets.items())
    assert {subnet["mapPublicIpOnLaunch"] for subnet in subnets.values()} == {False}
    assert not any("ipv6CidrBlock" in subnet for subnet in subnets.values())


def test_s3_is_reached_by_its_gateway_from_every_route_table(network):
    deployed = network(zones=3)
    endpoint = deployed.named("network-s3")
    assert (endpoint["vpcEndpointType"], endpoint["serviceName"]) == ("Gateway", "com.amazonaws.us-east-1.s3")
    tables = deployed.of_type(":RouteTable")
    assert len(tables) == 4  # one for the public subnets, one for each private one
    assert sorted(endpoint["routeTableIds"]) == sorted(f"{name}-id" for name in tables)


def test_every_subnet_is_tied_to_its_own_kind_of_route_table(network):
    tied = network().of_type(":RouteTableAssociation").values()
    assert {inputs["subnetId"]: inputs["routeTableId"] for inputs in tied} == {
        "network-public-1-id": "network-public-routes-id",
        "network-public-2-id": "network-public-routes-id",
        "network-private-1-id": "network-private-1-routes-id",
        "network-private-2-id": "network-private-2-routes-id",
    }


@pytest.mark.parametrize(
    ("egress", "gateways"), [("nat", ["network-nat-1"]), ("nat-per-zone", ["network-nat-1", "network-nat-2"])]
)
def test_private_subnets_share_one_nat_gateway_or_have_one_each(network, egress, gateways):
    deployed = network(egress=egress)
    nats = deployed.of_type(":NatGateway")
    assert {name: nat["subnetId"] for name, nat in nats.items()} == dict(zip(gateways, PUBLIC, strict=False))
    assert [nat["allocationId"] for nat in nats.values()] == [f"{name}-address-id" for name in nats]
    assert routes(deployed) == {
        "network-public-ipv4": "network-internet-id",
        "network-private-1-ipv4": "network-nat-1-id",
        "network-private-2-ipv4": f"{gateways[-1]}-id",
    }
    assert deployed.outputs["task_subnet_ids"] == PRIVATE
    assert deployed.outputs["assign_public_ip"] is False


def test_subnets_stay_in_their_zone_and_nat_gateways_wait_for_the_internet_gateway(deploy):
    options = {}
    spy = pulumi.ResourceOptions(transformations=[lambda given: options.update({given.name: given.opts})])
    deploy(lambda: Network("network", {"egress": "nat"}, spy))
    subnets = [f"network-{role}-{number}" for role in ("public", "private") for number in (1, 2)]
    assert [options[name].ignore_changes for name in subnets] == [["availability_zone"]] * 4
    assert "network-public-ipv4" in {resource._name for resource in options["network-nat-1"].depends_on}


def test_with_ipv6_tasks_go_out_but_nothing_comes_in(network):
    deployed = network(egress="ipv6")
    assert deployed.outputs["dual_stack"] is True
    assert deployed.outputs["task_subnet_ids"] == PRIVATE
    assert deployed.outputs["assign_public_ip"] is False
    assert routes(deployed) == {
        "network-public-ipv4": "network-internet-id",
        "network-public-ipv6": "network-internet-id",
        "network-private-1-ipv6": "network-ipv6-out-id",
        "network-private-2-ipv6": "network-ipv6-out-id",
    }
    given = {n: (s["ipv6CidrBlock"], s["assignIpv6AddressOnCreation"]) for n, s in deployed.of_type(":Subnet").items()}
    assert given == {
        "network-public-1": ("2600:1f18:12:3400::/64", False),
        "network-public-2": ("2600:1f18:12:3401::/64", False),
        "network-private-1": ("2600:1f18:12:3410::/64", True),
        "network-private-2": ("2600:1f18:12:3411::/64", True),
    }
    assert deployed.named("network-s3")["ipAddressType"] == "dualstack"


@pytest.mark.parametrize(
    ("egress", "private"),
    [
        ("public", []),
        ("endpoints", []),
        ("nat", ["network-private-1-ipv6", "network-private-2-ipv6"]),
        ("nat-per-zone", ["network-private-1-ipv6", "network-private-2-ipv6"]),
    ],
)
def test_with_ipv6_every_subnet_has_a_block_and_only_where_there_is_nat_private_ones_a_way_out(
    network, egress, private
):
    deployed = network(egress=egress, ipv6=True)
    assert {name for name, target in routes(deployed).items() if target == "network-ipv6-out-id"} == {*private}
    assert routes(deployed)["network-public-ipv6"] == "network-internet-id"
    assert routes(deployed)["network-public-ipv4"] == "network-internet-id"
    subnets = deployed.of_type(":Subnet").values()
    assert len({subnet["ipv6CidrBlock"] for subnet in subnets}) == 4
    assert {subnet["assignIpv6AddressOnCreation"] for subnet in subnets} == {False}
    assert deployed.named("network-s3")["ipAddressType"] == "dualstack"
    # Tasks have IPv4 too, so they need no names of AWS for IPv6.
    assert deployed.outputs["dual_stack"] is False


@pytest.mark.parametrize(
    ("old", "new", "rejected"),
    [(True, False, True), (True, None, True), (True, True, False), (False, True, False), (None, False, False)],
)
def test_an_update_that_would_take_ipv6_from_a_network_in_use_is_rejected(old, new, rejected):
    inputs = [{"cidrBlock": "10.0.0.0/16", "assignGeneratedIpv6CidrBlock": value} for value in (old, new)]
    update = pulumi.ResourceHookArgs(urn="", id="", name="network", type="", old_inputs=inputs[0], new_inputs=inputs[1])
    if rejected:
        with pytest.raises(ValueError, match=r"^dualStack \(dual_stack\): false would remove .*; keep it true"):
            reject_removal(update)
    else:
        reject_removal(update)


@pytest.mark.parametrize(
    ("args", "guarded"), [({}, True), ({"ipv6": True}, False), ({"egress": "ipv6"}, False), ({"egress": "nat"}, True)]
)
def test_the_vpc_s_guard_sees_previews_and_updates(deploy, args, guarded):
    options = {}
    spy = pulumi.ResourceOptions(transformations=[lambda given: options.update({given.name: given.opts})])
    deploy(lambda: Network("network", args, spy))
    hooks = options["network"].hooks
    assert [hook.opts.on_dry_run for hook in hooks.before_update or ()] == ([True] if guarded else [])


@pytest.mark.parametrize(
    ("egress", "output", "awaited"),
    [
        ("public", "public_subnet_ids", "network-public-ipv4"),
        ("public", "task_subnet_ids", "network-public-ipv4"),
        ("nat", "task_subnet_ids", "network-private-2-ipv4"),
        ("ipv6", "task_subnet_ids", "network-private-2-ipv6"),
        ("endpoints", "task_subnet_ids", "network-ecr-dkr"),
        ("endpoints", "task_subnet_ids", "network-s3"),
    ],
)
def test_what_runs_in_a_subnet_waits_for_its_route_and_the_database_does_not(mocks, egress, output, awaited):
    waited_for = {}

    @pulumi.runtime.test
    def program():
        made = Network("network", {"egress": egress})

        async def names(name):
            waited_for[name] = {resource._name for resource in await getattr(made, name).resources()}

        return pulumi.Output.all(names(output), names("private_subnet_ids"))

    program()
    assert awaited in waited_for[output]
    assert waited_for["private_subnet_ids"] == {"network-private-1", "network-private-2"}


def test_endpoints_replace_the_internet_and_answer_https_from_the_vpc_alone(network):
    deployed = network(egress="endpoints", cidr_block="10.7.0.0/16")
    interfaces = {
        name: inputs
        for name, inputs in deployed.of_type(":VpcEndpoint").items()
        if inputs["vpcEndpointType"] == "Interface"
    }
    assert {e["serviceName"] for e in interfaces.values()} == {
        f"com.amazonaws.us-east-1.{service}"
        for service in ("ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm", "ssmmessages")
    }
    for endpoint in interfaces.values():
        assert endpoint["privateDnsEnabled"] is True
        assert endpoint["subnetIds"] == PRIVATE
        assert endpoint["securityGroupIds"] == ["network-endpoints-id"]
    (rule,) = deployed.of_type(":SecurityGroupIngressRule").values()
    assert (rule["cidrIpv4"], rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("10.7.0.0/16", "tcp", 443, 443)
    assert rule["description"]
    assert routes(deployed) == {"network-public-ipv4": "network-internet-id"}
    assert deployed.outputs["task_subnet_ids"] == PRIVATE


def test_flow_logs_record_all_traffic_in_one_group_that_their_role_alone_may_write(network):
    deployed = network(flow_logs=True, flow_log_retention_days=90)
    log = deployed.named("network-flow-log")
    assert (log["trafficType"], log["vpcId"]) == ("ALL", "network-id")
    assert log["logDestination"].endswith(":network-flow-log-group")
    assert deployed.named("network-flow-log-group")["retentionInDays"] == 90
    trust = json.loads(deployed.named("network-flow-log-role")["assumeRolePolicy"])["Statement"][0]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert deployed.named("network-flow-log-policy")["policy"] == write_policy(log["logDestination"])


def test_the_flow_logs_policy_names_the_group_and_no_wildcard_action():
    (statement,) = json.loads(write_policy("arn:aws:logs:us-east-1:1:log-group:g"))["Statement"]
    assert statement["Resource"] == "arn:aws:logs:us-east-1:1:log-group:g:*"
    assert not any("*" in action for action in statement["Action"])


def test_an_existing_network_passes_through_and_nothing_is_created(network):
    deployed = network(**EXISTING, flow_logs=True)
    assert [r.typ for r in deployed.resources] == ["flask-on-aws:index:Network"]
    assert deployed.outputs == {
        "vpc_id": "vpc-1",
        "public_subnet_ids": ["subnet-1", "subnet-2"],
        "private_subnet_ids": [],
        "task_subnet_ids": ["subnet-1", "subnet-2"],
        "assign_public_ip": True,
        "dual_stack": False,
        "endpoint_security_group_id": "",
    }


@pytest.mark.parametrize("egress", ["ipv6", "nat", "nat-per-zone", "endpoints"])
def test_in_an_existing_network_every_other_egress_runs_tasks_in_private_subnets(network, egress):
    outputs = network(
        vpc_id=pulumi.Output.from_input("vpc-1"),
        public_subnet_ids=[pulumi.Output.from_input("subnet-1"), "subnet-2"],
        private_subnet_ids=pulumi.Output.from_input(["subnet-3", "subnet-4"]),
        egress=egress,
    ).outputs
    assert outputs["public_subnet_ids"] == ["subnet-1", "subnet-2"]
    assert outputs["task_subnet_ids"] == outputs["private_subnet_ids"] == ["subnet-3", "subnet-4"]
    assert (outputs["assign_public_ip"], outputs["dual_stack"]) == (False, egress == "ipv6")


@pytest.mark.parametrize("prefix", [16, 17, 18, 19, 20])
def test_a_third_zone_moves_no_subnet_and_none_overlap(prefix):
    cidr = f"172.16.0.0/{prefix}"
    two, three = subnet_blocks(cidr, 2), subnet_blocks(cidr, 3)
    assert (two.public, two.private) == (three.public[:2], three.private[:2])
    blocks = [ipaddress.ip_network(block) for block in (*three.public, *three.private)]
    assert all(block.subnet_of(ipaddress.ip_network(cidr)) for block in blocks)
    assert not any(a.overlaps(b) for a in blocks for b in blocks if a is not b)
    assert {ipaddress.ip_network(block).prefixlen for block in three.private} == {prefix + 2}
    assert {ipaddress.ip_network(block).prefixlen for block in three.public} == {prefix + 4}


def test_the_default_range_is_split_as_documented():
    assert subnet_blocks("10.0.0.0/16", 2) == (
        ["10.0.192.0/20", "10.0.208.0/20"],
        ["10.0.0.0/18", "10.0.64.0/18"],
    )


def test_ipv6_blocks_of_three_zones_are_six_different_ones():
    blocks = {ipv6_subnet_block("2600:1f18::/56", role, i) for role in ("public", "private") for i in range(3)}
    assert len(blocks) == 6
    assert all(ipaddress.ip_network(b).subnet_of(ipaddress.ip_network("2600:1f18::/56")) for b in blocks)


def test_a_region_with_too_few_zones_is_rejected_with_its_zones():
    assert zone_name(["us-west-1a", "us-west-1c"], 1) == "us-west-1c"
    with pytest.raises(pulumi.InputPropertyError, match=r"2 zones \(us-west-1a, us-west-1c\); set zones to 2"):
        zone_name(["us-west-1a", "us-west-1c"], 2)


@pytest.mark.parametrize(
    ("cidr", "reason"),
    [
        ("8.8.0.0/16", "not private"),
        ("169.254.0.0/16", "not private"),
        ("fd00::/20", "not private"),
        ("10.0.0.0/15", "is a /15"),
        ("10.0.0.0/21", "is a /21"),
        ("10.0.0.1/16", "not an address range"),
        ("home", "not an address range"),
    ],
)
def test_a_range_that_does_not_suit_is_rejected_with_the_value(cidr, reason):
    found = reasons({"cidr_block": cidr})
    assert list(found) == ["cidr_block"]
    assert repr(cidr) in found["cidr_block"]
    assert reason in found["cidr_block"]


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "172.31.240.0/20", "192.168.0.0/16"])
def test_private_ranges_of_the_right_size_are_accepted(cidr):
    assert reasons({"cidr_block": cidr}) == {}


@pytest.mark.parametrize(
    ("argument", "value"), [("zones", 1), ("zones", 4), ("egress", "none"), ("flow_log_retention_days", 31)]
)
def test_values_out_of_range_are_rejected_with_the_value(argument, value):
    found = reasons({argument: value})
    assert list(found) == [argument]
    assert repr(value) in found[argument]


@pytest.mark.parametrize(
    ("args", "argument", "reason"),
    [
        ({"vpc_id": "vpc-1"}, "public_subnet_ids", "without public subnets"),
        ({"public_subnet_ids": ["subnet-1"]}, "public_subnet_ids", "without vpc_id"),
        ({"private_subnet_ids": ["subnet-1"]}, "private_subnet_ids", "without vpc_id"),
        ({**EXISTING, "cidr_block": "10.0.0.0/16"}, "cidr_block", "'10.0.0.0/16' has no effect on an existing VPC"),
        ({**EXISTING, "zones": 2}, "zones", "2 has no effect on an existing VPC"),
        ({**EXISTING, "egress": "nat"}, "private_subnet_ids", "Egress 'nat' runs tasks in private subnets"),
    ],
)
def test_arguments_that_contradict_each_other_are_rejected(args, argument, reason):
    found = reasons(args)
    assert list(found) == [argument]
    assert reason in found[argument]


def test_hosted_arguments_may_arrive_as_floats_and_none():
    assert reasons({"zones": 3.0, "flow_log_retention_days": 30.0, "vpc_id": None, "public_subnet_ids": None}) == {}
    assert reasons({**EXISTING, "zones": None, "cidr_block": None}) == {}


def test_nothing_is_registered_when_arguments_are_wrong(mocks):
    with pytest.raises(pulumi.InputPropertiesError, match="zones"):
        Network("network", {"zones": 4})
    assert mocks.resources == []


@pytest.mark.parametrize("days", [1, 30, 365, 3653])
def test_days_that_cloudwatch_knows_are_accepted(days):
    assert list(retention_problems("days", days)) == []


@pytest.mark.parametrize("days", [0, 2, 31, 366, True])
def test_days_that_cloudwatch_does_not_know_are_rejected_with_the_value(days):
    (problem,) = retention_problems("days", days)
    assert problem.argument == "days"
    assert repr(days) in problem.reason

"""Rules about VPCs and security groups."""

from collections.abc import Iterator

from ...model import Severity
from ..checks import described, every, has, is_set, must_be
from ..rule import Rule, Violation
from ..stack import Node, Stack, is_known

_INGRESS = "vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS = "vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_GROUP = "ec2/securityGroup:SecurityGroup"
_OLD_RULE = "ec2/securityGroupRule:SecurityGroupRule"
_ANYWHERE = ("0.0.0.0/0", "::/0")
_HTTP, _HTTPS = 80, 443
_CIDRS = ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks")
# The properties of resources that keep data, with their security groups.
_DATA = {
    "rds/instance:Instance": "vpcSecurityGroupIds",
    "rds/cluster:Cluster": "vpcSecurityGroupIds",
    "docdb/cluster:Cluster": "vpcSecurityGroupIds",
    "elasticache/replicationGroup:ReplicationGroup": "securityGroupIds",
    "elasticache/cluster:Cluster": "securityGroupIds",
}


def _blocks(node: Node, direction: str) -> Iterator[tuple[str, Node]]:
    """The rules of a direction in a resource, each with the path of its range: inline ones are resources here too."""
    if node.type in (_INGRESS, _EGRESS):
        if (node.type == _INGRESS) == (direction == "ingress"):
            yield "", node
    elif node.type == _OLD_RULE:
        if node.get("type") == direction:
            yield "", node
    else:
        for index, block in enumerate(node.inputs.get(direction) or ()):
            yield f"{direction}.{index}.", _as_node(node, block)


def _as_node(node: Node, block: dict[str, object]) -> Node:
    inline = Node(node.resource)
    inline.inputs = block
    return inline


def _open_ranges(rule: Node) -> Iterator[tuple[str, str]]:
    for path in _CIDRS:
        for value in rule.at(path):
            if value in _ANYWHERE:
                yield path, value


def _ports(rule: Node) -> tuple[int, int] | None:
    """The first and the last port; None if they are not known. All protocols have all ports."""
    if str(rule.get("ipProtocol") or rule.get("protocol")) in ("-1", "all"):
        return 0, 65535
    first, last = rule.get("fromPort"), rule.get("toPort")
    if not isinstance(first, int | float) or not isinstance(last, int | float):
        return None
    return (0, 65535) if first == -1 else (int(first), int(last))


def _shown(ports: tuple[int, int]) -> str:
    if ports == (0, 65535):
        return "all ports"
    return f"port {ports[0]}" if ports[0] == ports[1] else f"ports {ports[0]} to {ports[1]}"


def _open_to_the_internet(node: Node, stack: Stack) -> Iterator[Violation]:
    for prefix, rule in _blocks(node, "ingress"):
        ports = _ports(rule)
        for path, value in _open_ranges(rule):
            if ports and ports not in ((_HTTP, _HTTP), (_HTTPS, _HTTPS)):
                yield Violation(prefix + path, f"is {value} for {_shown(ports)}")


def _several_ports(node: Node, stack: Stack) -> Iterator[Violation]:
    for prefix, rule in _blocks(node, "ingress"):
        ports = _ports(rule)
        if ports and ports[0] != ports[1]:
            yield Violation(f"{prefix}toPort", f"opens {_shown(ports)}")


def _plain_http(node: Node, stack: Stack) -> Iterator[Violation]:
    """Port 80, unless every listener on it that the group protects redirects or answers itself."""
    for prefix, rule in _blocks(node, "ingress"):
        if _ports(rule) != (_HTTP, _HTTP):
            continue
        groups = [node] if node.type == _GROUP else stack.targets(node, "securityGroupId")
        if not _only_redirects(groups, stack):
            yield from (Violation(prefix + path, f"is {value} for port 80") for path, value in _open_ranges(rule))


def _only_redirects(groups: list[Node], stack: Stack) -> bool:
    balancers = [
        node
        for node in stack.of_type("lb/loadBalancer:LoadBalancer")
        if any(group in stack.targets(node, "securityGroups") for group in groups)
    ]
    listeners = [
        listener
        for balancer in balancers
        for listener in stack.referring(balancer, "lb/listener:Listener", "loadBalancerArn")
        if listener.get("port") == _HTTP
    ]
    return bool(listeners) and all(
        kind in ("redirect", "fixed-response") for listener in listeners for kind in listener.at("defaultActions.type")
    )


def _open_egress(node: Node, stack: Stack) -> Iterator[Violation]:
    for prefix, rule in _blocks(node, "egress"):
        if _ports(rule) == (0, 65535):
            yield from (Violation(prefix + path, f"is {value} for all ports") for path, value in _open_ranges(rule))


def _described(node: Node, stack: Stack) -> Iterator[Violation]:
    if not node.inputs.get("description"):
        yield Violation("description", "is not set")


def _data_from_addresses(node: Node, stack: Stack) -> Iterator[Violation]:
    """Rules by address range in the security group of a database or cache."""
    groups = [node] if node.type == _GROUP else stack.targets(node, "securityGroupId")
    protected = {
        group for kind, name in _DATA.items() for data in stack.of_type(kind) for group in stack.targets(data, name)
    }
    if protected.isdisjoint(groups):
        return
    for prefix, rule in _blocks(node, "ingress"):
        for path in _CIDRS:
            yield from (Violation(prefix + path, described(value)) for value in rule.at(path) if is_known(value))


def _default_group_is_empty(node: Node, stack: Stack) -> Iterator[Violation]:
    for direction in ("ingress", "egress"):
        if node.inputs.get(direction):
            yield Violation(direction, "has rules")


def _data_in_public_subnets(node: Node, stack: Stack) -> Iterator[Violation]:
    """Subnets of a database with a route to an internet gateway."""
    for subnet in stack.targets(node, "subnetIds"):
        for association in stack.referring(subnet, "ec2/routeTableAssociation:RouteTableAssociation", "subnetId"):
            for table in stack.targets(association, "routeTableId"):
                for route in stack.referring(table, "ec2/route:Route", "routeTableId"):
                    if route.inputs.get("gatewayId") is not None:
                        yield Violation("subnetIds", f"has {subnet.name}, which has a route to the internet")


RULES = (
    Rule(
        "sg-open-ports",
        Severity.CRITICAL,
        "Only ports 80 and 443 are open to the internet",
        "Scanners find an open port within minutes and attack what listens on it.",
        "Allow a security group or a range of addresses instead.",
        (_INGRESS, _GROUP, _OLD_RULE),
        _open_to_the_internet,
        "CKV_AWS_24 CKV_AWS_25 CKV_AWS_277 AWS-0107 AwsSolutions-EC23 EC2.13 EC2.14 EC2.18 EC2.19",
    ),
    Rule(
        "sg-port-80",
        Severity.MEDIUM,
        "Port 80 is open to the internet only to redirect to HTTPS",
        "Passwords and sessions that are sent without TLS can be read on the way.",
        "Let the listener on port 80 redirect to HTTPS, or close the port.",
        (_INGRESS, _GROUP, _OLD_RULE),
        _plain_http,
        "CKV_AWS_260",
        "domain",
    ),
    Rule(
        "sg-one-port",
        Severity.HIGH,
        "A security group opens single ports",
        "A range of ports also opens what starts to listen on them later.",
        "Open one port in each rule.",
        (_INGRESS, _GROUP, _OLD_RULE),
        _several_ports,
    ),
    Rule(
        "sg-data-by-group",
        Severity.HIGH,
        "Databases and caches accept connections only from security groups",
        "Every host with such an address could try passwords.",
        "Refer to the security group of the clients (referencedSecurityGroupId).",
        (_INGRESS, _GROUP, _OLD_RULE),
        _data_from_addresses,
    ),
    Rule(
        "sg-open-egress",
        Severity.LOW,
        "Security groups do not allow connections to every address and port",
        "Somebody who controls a task can send data anywhere.",
        "Name the ports that are needed.",
        (_EGRESS, _GROUP, _OLD_RULE),
        _open_egress,
        "CKV_AWS_382 AWS-0104",
        "outboundPorts",
    ),
    Rule(
        "sg-description",
        Severity.LOW,
        "Security groups and their rules have a description",
        "Nobody dares to remove a rule that does not say what it is for.",
        "Set description.",
        (_INGRESS, _EGRESS, _GROUP, _OLD_RULE),
        _described,
        "CKV_AWS_23 AWS-0099 AWS-0124",
    ),
    Rule(
        "vpc-default-group",
        Severity.HIGH,
        "The default security group of a VPC has no rules",
        "A resource without an explicit security group gets this one, which allows all connections by default.",
        "Create an ec2.DefaultSecurityGroup without rules.",
        ("ec2/vpc:Vpc",),
        has("ec2/defaultSecurityGroup:DefaultSecurityGroup", "vpcId", "defaultSecurityGroup"),
        "CKV2_AWS_12 AWS-0173 EC2.2",
    ),
    Rule(
        "sg-default-empty",
        Severity.HIGH,
        "The default security group of a VPC stays without rules",
        "A resource without an explicit security group gets this one.",
        "Remove its rules, and create a security group for the resource that needs them.",
        ("ec2/defaultSecurityGroup:DefaultSecurityGroup",),
        _default_group_is_empty,
        "CKV2_AWS_12 AWS-0173 EC2.2",
    ),
    Rule(
        "vpc-flow-logs",
        Severity.MEDIUM,
        "A VPC has flow logs",
        "After an incident nobody can see what connected to what.",
        "Set flowLogs to true.",
        ("ec2/vpc:Vpc",),
        has("ec2/flowLog:FlowLog", "vpcId", "flowLog"),
        "CKV2_AWS_11 AWS-0178 AwsSolutions-VPC7 EC2.6",
        "flowLogs",
    ),
    Rule(
        "vpc-flow-logs-all",
        Severity.LOW,
        "Flow logs have accepted and rejected traffic",
        "An attack shows in rejected connections, its success in accepted ones.",
        "Set trafficType to ALL.",
        ("ec2/flowLog:FlowLog",),
        must_be("trafficType", "ALL"),
        "EC2.6",
    ),
    Rule(
        "subnet-public-addresses",
        Severity.HIGH,
        "Subnets do not give public addresses to everything in them",
        "What is started in such a subnet can be reached from the internet without anybody's decision.",
        "Set mapPublicIpOnLaunch to false.",
        ("ec2/subnet:Subnet",),
        must_be("mapPublicIpOnLaunch", False, default=False),
        "CKV_AWS_130 AWS-0164 EC2.15",
    ),
    Rule(
        "db-private-subnets",
        Severity.HIGH,
        "Databases and caches are in subnets without a route to the internet",
        "One wrong rule of a security group would make the database public.",
        "Use private subnets.",
        (
            "rds/subnetGroup:SubnetGroup",
            "docdb/subnetGroup:SubnetGroup",
            "elasticache/subnetGroup:SubnetGroup",
        ),
        _data_in_public_subnets,
        "RDS.46",
    ),
    Rule(
        "db-two-subnets",
        Severity.LOW,
        "Databases have subnets in two zones",
        "A standby needs another zone.",
        "Name subnets of at least two zones.",
        ("rds/subnetGroup:SubnetGroup", "docdb/subnetGroup:SubnetGroup"),
        lambda node, stack: [Violation("subnetIds", "has one subnet")] if len(node.at("subnetIds")) == 1 else [],
        "RDS.5",
    ),
    Rule(
        "vpc-endpoint-groups",
        Severity.MEDIUM,
        "Interface endpoints have their own security group",
        "They would get the VPC's default group.",
        "Set securityGroupIds.",
        ("ec2/vpcEndpoint:VpcEndpoint",),
        lambda node, stack: (
            every(is_set("securityGroupIds"), must_be("privateDnsEnabled", True, default=False))(node, stack)
            if node.get("vpcEndpointType") == "Interface"
            else []
        ),
    ),
)

"""Who may talk to whom: from security groups, load balancers, CloudFront, roles and the environment of containers."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from ..model import Flow, Node, Place
from .kinds import ALARM, DISTRIBUTION, NAT_GATEWAY, SERVICE, TASK_DEFINITION, kind_of
from .membership import Membership
from .nodes import INTERNET
from .resources import Resource, Resources, documents, entries, text_of

_GROUP = "ec2/securityGroup:SecurityGroup"
_RULES = (
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "ec2/securityGroupRule:SecurityGroupRule",
)
_EGRESS = "vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_OUTBOUND_ONLY = "ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway"
# Kinds that open connections; a load balancer may be allowed to, and does not.
_CLIENTS = ("tasks", "server", "function")
_EVERYWHERE = ("0.0.0.0/0", "::/0")
_CONTAINERS = "containerDefinitions"
_ALL = "all ports"
# Kinds whose address in an environment is the app's own.
_ADDRESSES = ("edge", "dns", "balancer")
_READ = ("Get", "List", "Describe", "Batch", "Head", "Scan", "Query")
_WRITE = ("Put", "Delete", "Create", "Update", "Abort")
_VERBS: Mapping[str, str] = {"sqs": "messages", "sns": "publish", "kms": "key", "secretsmanager": "read", "ecr": "pull"}


class Connection(NamedTuple):
    """A source that may talk to a target; several of the same two nodes are one edge."""

    source: str
    target: str
    flow: Flow
    label: str = ""


class Connections:
    """The connections between the nodes of a stack."""

    def __init__(self, resources: Resources, membership: Membership, nodes: Mapping[str, Node]) -> None:
        self._resources, self._membership, self._drawn_nodes = resources, membership, nodes

    def __iter__(self) -> Iterator[Connection]:
        yield from self._security_groups()
        yield from self._balancers()
        yield from self._distributions()
        yield from self._web_acls()
        yield from self._task_definitions()
        yield from self._policies()
        yield from self._notifications()

    def _nodes(self, resource: Resource) -> list[str]:
        return sorted(self._membership.of(resource))

    def _security_groups(self) -> Iterator[Connection]:
        for rule in self._resources.of_type(*_RULES):
            if rule.text("type") != "egress":
                groups = self._resources.referred(rule, "securityGroupId")
                others = self._resources.referred(rule, "referencedSecurityGroupId", "sourceSecurityGroupId")
                yield from self._ingress(groups, others, rule.inputs)
        for rule in self._resources.of_type(_EGRESS):
            yield from self._egress(self._resources.referred(rule, "securityGroupId"), rule.inputs)
        for group in self._resources.of_type(_GROUP):
            for rule in entries(group.inputs.get("ingress")):
                yield from self._ingress(
                    [group], self._resources.in_value(rule.get("securityGroups"), group, "ingress"), rule
                )
            for rule in entries(group.inputs.get("egress")):
                yield from self._egress([group], rule)

    def _ingress(self, groups: list[Resource], others: list[Resource], rule: Mapping[str, Any]) -> Iterator[Connection]:
        sources = {node for other in others for node in self._nodes(other)}
        if _is_open(rule):
            sources.add(INTERNET)
        for target in {node for group in groups for node in self._nodes(group)}:
            for source in sources - {target}:
                yield Connection(source, target, Flow.TRAFFIC, _ports(rule))

    def _egress(self, groups: list[Resource], rule: Mapping[str, Any]) -> Iterator[Connection]:
        """Connections to the internet; those to other groups are the other group's to allow."""
        if not _is_open(rule):
            return
        for source in {node for group in groups for node in self._nodes(group)}:
            node = self._drawn_nodes.get(source)
            if node is None or node.kind not in _CLIENTS:
                continue
            gateways = self._resources.of_type(NAT_GATEWAY)
            if node.place is Place.PRIVATE and gateways:
                for gateway in gateways:
                    yield Connection(source, gateway.urn, Flow.OUTBOUND)
                    yield Connection(gateway.urn, INTERNET, Flow.OUTBOUND)
            elif node.place is Place.PUBLIC or self._resources.of_type(_OUTBOUND_ONLY):
                yield Connection(source, INTERNET, Flow.OUTBOUND)

    def _balancers(self) -> Iterator[Connection]:
        """From load balancers to the services of their target groups."""
        for service in self._resources.of_type(SERVICE):
            for group in self._resources.referred(service, "loadBalancers"):
                listeners = [user for user in self._resources.users(group) if "/listener" in user.type]
                for balancer in {node for listener in listeners for node in self._nodes(listener)}:
                    yield Connection(balancer, service.urn, Flow.TRAFFIC, group.text("port"))

    def _distributions(self) -> Iterator[Connection]:
        for distribution in self._resources.of_type(DISTRIBUTION):
            yield Connection(INTERNET, distribution.urn, Flow.TRAFFIC, "443")
            for origin in self._resources.referred(distribution, "origins"):
                for node in self._nodes(origin) if kind_of(origin.type) else self._origins(origin):
                    yield Connection(distribution.urn, node, Flow.TRAFFIC)

    def _origins(self, origin: Resource) -> list[str]:
        """What a VPC origin forwards to."""
        return [node for each in self._resources.referred(origin) for node in self._nodes(each)]

    def _web_acls(self) -> Iterator[Connection]:
        for association in self._resources.of_type("wafv2/webAclAssociation:WebAclAssociation"):
            for acl in self._resources.referred(association, "webAclArn"):
                for target in self._resources.referred(association, "resourceArn"):
                    yield from self._between([acl], [target], Flow.PERMISSION, "filters")
        for distribution in self._resources.of_type(DISTRIBUTION):
            acls = self._resources.referred(distribution, "webAclId")
            yield from self._between(acls, [distribution], Flow.PERMISSION, "filters")

    def _task_definitions(self) -> Iterator[Connection]:
        """What containers refer to: images, secrets, log groups, and hosts in their environment."""
        for definition in self._resources.of_type(TASK_DEFINITION):
            for container in entries(documents(definition.inputs.get(_CONTAINERS))):
                for key, label in (("image", "pull"), ("secrets", "read"), ("logConfiguration", "logs")):
                    yield from self._between(
                        [definition], self._drawn(container.get(key), definition, _CONTAINERS), Flow.PERMISSION, label
                    )
                for target in self._drawn(container.get("environment"), definition, _CONTAINERS):
                    kind = kind_of(target.type)
                    if kind is not None and kind.id not in _ADDRESSES:
                        flow = Flow.PERMISSION if kind.place is Place.SERVICES else Flow.TRAFFIC
                        yield from self._between([definition], [target], flow, "")

    def _drawn(self, value: Any, user: Resource, name: str) -> list[Resource]:
        return [each for each in self._resources.in_value(value, user, name) if kind_of(each.type)]

    def _policies(self) -> Iterator[Connection]:
        """What the statements of a policy allow whoever has its role."""
        for policy in self._resources.of_type("iam/rolePolicy:RolePolicy", "iam/policy:Policy"):
            document = documents(policy.inputs.get("policy"))
            for statement in entries(cast(Mapping[str, Any], document).get("Statement")) if document else ():
                if statement.get("Effect") == "Allow":
                    targets = self._drawn(statement.get("Resource"), policy, "policy")
                    for label in _allowed(statement.get("Action")):
                        yield from self._between([policy], targets, Flow.PERMISSION, label)

    def _notifications(self) -> Iterator[Connection]:
        for alarm in self._resources.of_type(ALARM):
            yield from self._between([alarm], self._resources.referred(alarm, "alarmActions"), Flow.PERMISSION, "")
        for balancer in self._resources:
            if "oadBalancer:" in balancer.type:
                buckets = self._resources.referred(balancer, "accessLogs")
                yield from self._between([balancer], buckets, Flow.PERMISSION, "access logs")

    def _between(
        self, sources: list[Resource], targets: list[Resource], flow: Flow, label: str
    ) -> Iterator[Connection]:
        for source in {node for each in sources for node in self._nodes(each)}:
            for target in {node for each in targets for node in self._nodes(each)} - {source}:
                yield Connection(source, target, flow, label)


def _is_open(rule: Mapping[str, Any]) -> bool:
    values = [rule.get("cidrIpv4"), rule.get("cidrIpv6")]
    for key in ("cidrBlocks", "ipv6CidrBlocks"):
        values += rule.get(key) or []
    return any(value in _EVERYWHERE for value in values)


def _ports(rule: Mapping[str, Any]) -> str:
    if str(rule.get("ipProtocol", rule.get("protocol"))) == "-1":
        return _ALL
    first, last = text_of(rule.get("fromPort")), text_of(rule.get("toPort"))
    return first if last in (first, "") else f"{first}-{last}"


def _allowed(actions: Any) -> list[str]:
    """What actions allow, in one or two words."""
    found: set[str] = set()
    for action in cast(list[Any], actions) if isinstance(actions, list) else [actions]:
        service, _, verb = str(action).partition(":")
        if service in _VERBS:
            found.add(_VERBS[service])
        elif verb.startswith(_READ):
            found.add("read")
        elif verb.startswith(_WRITE):
            found.add("logs" if service == "logs" else "write")
        elif verb:
            found.add("all" if verb == "*" else "use")
    return sorted(found)

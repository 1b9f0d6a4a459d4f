"""What a picture shows: nodes and their places, who may talk to whom, and what a change marks."""

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from flask_on_aws_cli.picture import Difference, Mark, Resource, diagram
from flask_on_aws_cli.picture.graph.kinds import KINDS, OF_USERS, OWNERS
from flask_on_aws_cli.picture.model import Place

from tests.unit.command.picture.stacks import group, ingress, network, reference, resource, service, subnets

TASKS = ("tasks", "web")


def definition(name="web", **inputs):
    return resource("ecs/taskDefinition:TaskDefinition", name, **inputs)


def policy(name, role, *actions, to):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": to}
    document = json.dumps({"Statement": [statement]})
    return resource("iam/rolePolicy:RolePolicy", name, role=reference("Role", role), policy=document)


def containers(**fields):
    return json.dumps([{"name": "web", **fields}])


WEB = [*network(), group("tasks"), service("web"), definition()]
ROLE = [
    *network(),
    service("web"),
    definition(taskRoleArn=reference("Role", "task")),
    resource("iam/role:Role", "task"),
]
BALANCER = [
    *network(),
    group("balancer"),
    resource("lb/loadBalancer:LoadBalancer", "lb", securityGroups=[reference("SecurityGroup", "balancer")]),
]
DATABASE = [
    *WEB,
    group("db"),
    resource("rds/instance:Instance", "db", vpcSecurityGroupIds=[reference("SecurityGroup", "db")]),
]
# Resources → the edges between them: source, target, flow, labels.
CONNECTIONS = [
    ([*DATABASE, ingress("in", "db", "tasks", 5432)], ["web -> db traffic 5432"]),
    ([*DATABASE, ingress("in", "db", cidrIpv4="10.0.0.0/8")], []),
    ([*DATABASE, ingress("in", "db", port=5432, cidrIpv4="0.0.0.0/0")], ["Internet -> db traffic 5432"]),
    (
        [
            *DATABASE[:-2],
            group(
                "db", ingress=[{"securityGroups": [reference("SecurityGroup", "tasks")], "fromPort": 1, "toPort": 9}]
            ),
            DATABASE[-1],
        ],
        ["web -> db traffic 1-9"],
    ),
    (
        [
            *DATABASE,
            resource(
                "ec2/securityGroupRule:SecurityGroupRule",
                "rule",
                type="ingress",
                protocol="-1",
                securityGroupId=reference("SecurityGroup", "db"),
                sourceSecurityGroupId=reference("SecurityGroup", "tasks"),
            ),
        ],
        ["web -> db traffic all ports"],
    ),
    ([*BALANCER, ingress("a", "balancer", cidrIpv4="0.0.0.0/0")], ["Internet -> lb traffic 443"]),
    (
        [*BALANCER, ingress("a", "balancer", cidrIpv4="0.0.0.0/0"), ingress("b", "balancer", port=80, cidrIpv6="::/0")],
        ["Internet -> lb traffic 80, 443"],
    ),
    (
        [
            *BALANCER,
            resource("lb/targetGroup:TargetGroup", "web", port=8080),
            resource("lb/listener:Listener", "http", loadBalancerArn=reference("LoadBalancer", "lb", "arn")),
            resource(
                "lb/listenerRule:ListenerRule",
                "rule",
                listenerArn=reference("Listener", "http", "arn"),
                actions=[{"targetGroupArn": reference("TargetGroup", "web", "arn")}],
            ),
            service("web", loadBalancers=[{"targetGroupArn": reference("TargetGroup", "web", "arn")}]),
        ],
        ["lb -> web traffic 8080"],
    ),
    (
        [
            *ROLE,
            resource("s3/bucket:Bucket", "media"),
            policy("p", "task", "s3:GetObject", "s3:PutObject", to=f"arn:aws:s3:::{reference('Bucket', 'media')}/*"),
        ],
        ["web -> media permission read, write"],
    ),
    ([*ROLE, resource("s3/bucket:Bucket", "media"), policy("p", "task", "s3:GetObject", to="*")], []),
    (
        [
            *ROLE,
            resource("sqs/queue:Queue", "jobs"),
            policy("p", "task", "sqs:SendMessage", to=reference("Queue", "jobs", "arn")),
        ],
        ["web -> jobs permission messages"],
    ),
    (
        [
            *network(),
            service("web"),
            resource("secretsmanager/secret:Secret", "login"),
            definition(
                containerDefinitions=containers(
                    secrets=[{"name": "A", "valueFrom": f"{reference('Secret', 'login', 'arn')}:url::"}]
                )
            ),
        ],
        ["web -> Secrets Manager permission read"],
    ),
    (
        [
            *network(),
            service("web"),
            resource("rds/instance:Instance", "db"),
            resource("sqs/queue:Queue", "jobs"),
            resource("cloudfront/distribution:Distribution", "cdn"),
            definition(
                containerDefinitions=containers(
                    environment=[
                        {"name": "DATABASE_URL", "value": f"postgres://{reference('Instance', 'db', 'address')}/app"},
                        {"name": "QUEUE_URL", "value": reference("Queue", "jobs", "url")},
                        {"name": "EXTERNAL_URL", "value": reference("Distribution", "cdn", "domainName")},
                    ]
                )
            ),
        ],
        ["Internet -> cdn traffic 443", "web -> db traffic", "web -> jobs permission"],
    ),
    (
        [
            *network(),
            service("web"),
            resource("ecr/repository:Repository", "image", name="shop"),
            definition(containerDefinitions=containers(image="1.dkr.ecr.us-east-1.amazonaws.com/shop@sha256:12")),
        ],
        ["web -> ECR permission pull"],
    ),
    (
        [
            *BALANCER,
            resource(
                "cloudfront/vpcOrigin:VpcOrigin",
                "origin",
                vpcOriginEndpointConfig={"arn": reference("LoadBalancer", "lb", "arn")},
            ),
            resource(
                "cloudfront/distribution:Distribution",
                "cdn",
                origins=[{"vpcOriginConfig": {"vpcOriginId": reference("VpcOrigin", "origin")}}],
            ),
        ],
        ["Internet -> cdn traffic 443", "cdn -> lb traffic"],
    ),
    (
        [
            *BALANCER,
            resource("wafv2/webAcl:WebAcl", "waf"),
            resource(
                "wafv2/webAclAssociation:WebAclAssociation",
                "association",
                webAclArn=reference("WebAcl", "waf", "arn"),
                resourceArn=reference("LoadBalancer", "lb", "arn"),
            ),
        ],
        ["waf -> lb permission filters"],
    ),
    (
        [
            resource("sns/topic:Topic", "alerts"),
            resource("cloudwatch/metricAlarm:MetricAlarm", "cpu", alarmActions=[reference("Topic", "alerts", "arn")]),
        ],
        ["CloudWatch alarms -> alerts permission"],
    ),
    (
        [*network(), group("tasks", egress=[{"cidrBlocks": ["0.0.0.0/0"], "protocol": "-1"}]), service("web")],
        ["web -> Internet outbound"],
    ),
    ([*network(), group("tasks", egress=[{"cidrBlocks": ["0.0.0.0/0"]}]), service("web", public=False)], []),
    (
        [
            *network(),
            group("tasks", egress=[{"cidrBlocks": ["0.0.0.0/0"]}]),
            service("web", public=False),
            resource("ec2/natGateway:NatGateway", "nat", subnetId=subnets("public", 0)[0]),
        ],
        ["nat -> Internet outbound", "web -> nat outbound"],
    ),
]


def edges(picture):
    titles = {node.id: node.title for node in picture.nodes}
    return sorted(
        f"{titles[edge.source]} -> {titles[edge.target]} {edge.flow.value} {', '.join(edge.labels)}".rstrip()
        for edge in picture.edges
    )


@pytest.mark.parametrize(("resources", "expected"), CONNECTIONS)
def test_connections_come_from_what_allows_them(resources, expected):
    assert edges(diagram("prod", resources)) == expected


def test_actual_ids_connect_as_references_do():
    """As in a state: the same stack with ids in place of references."""
    resources = [*ROLE, resource("s3/bucket:Bucket", "media")]
    resources.append(policy("p", "task", "s3:GetObject", to=f"arn:aws:s3:::{reference('Bucket', 'media')}/*"))
    actual = [with_ids(each) for each in resources]
    assert "${" not in json.dumps([each.inputs for each in actual])
    first, second = diagram("prod", resources), diagram("prod", actual)
    assert edges(first) == edges(second) == ["web -> media permission read"]
    assert [(node.title, node.place) for node in first.nodes] == [(node.title, node.place) for node in second.nodes]


def with_ids(each):
    text = json.dumps(each.inputs)
    for kind in ("Vpc", "Subnet", "InternetGateway", "RouteTable", "SecurityGroup", "Role", "Bucket", "TaskDefinition"):
        text = text.replace(f"${{{kind} ", "").replace(".id}", f"-{'id'}")
    outputs = {"id": f"{each.name}-id"}
    return Resource(each.urn, each.type, each.name, json.loads(text), outputs)


def test_values_that_are_not_known_are_followed_by_their_dependencies():
    database = resource("rds/instance:Instance", "db", vpcSecurityGroupIds=None)
    database = Resource(
        database.urn, database.type, "db", database.inputs, {}, {"vpcSecurityGroupIds": [group("db").urn]}
    )
    picture = diagram("prod", [*WEB, group("db"), database, ingress("in", "db", "tasks", 5432)])
    assert edges(picture) == ["web -> db traffic 5432"]


@pytest.mark.parametrize("has_dependencies", [True, False])
def test_resources_of_the_same_name_are_told_apart(has_dependencies):
    """As in a platform, whose load balancer and database have a security group `platform` each."""

    def inside(component, each, **dependencies):
        urn = f"urn:pulumi:prod::shop::shop:{component}${each.type}::{each.name}"
        return Resource(urn, each.type, each.name, each.inputs, {}, dependencies if has_dependencies else {})

    first, second = (inside(component, group("platform")) for component in ("Balancer", "Database"))
    groups = [reference("SecurityGroup", "platform")]
    picture = diagram(
        "prod",
        [
            *network(),
            first,
            second,
            inside(
                "Balancer",
                resource("lb/loadBalancer:LoadBalancer", "lb", securityGroups=groups),
                securityGroups=[first.urn],
            ),
            inside(
                "Database",
                resource("rds/instance:Instance", "db", vpcSecurityGroupIds=groups),
                vpcSecurityGroupIds=[second.urn],
            ),
            inside("Balancer", ingress("open", "platform", cidrIpv4="0.0.0.0/0"), securityGroupId=[first.urn]),
        ],
    )
    assert edges(picture) == ["Internet -> lb traffic 443"]


def test_nodes_are_where_their_subnets_are():
    resources = [
        *network(),
        service("web"),
        service("worker", public=False),
        resource("ec2/natGateway:NatGateway", "nat", subnetId=subnets("public", 0)[0]),
        resource("rds/subnetGroup:SubnetGroup", "group", subnetIds=subnets("private")),
        resource("rds/instance:Instance", "db", dbSubnetGroupName=reference("SubnetGroup", "group", "name")),
        resource("lb/loadBalancer:LoadBalancer", "outside", internal=False, subnets=["subnet-12345678"]),
        resource("s3/bucket:Bucket", "media"),
    ]
    places = {node.title: (node.place, list(node.zones)) for node in diagram("prod", resources).nodes}
    assert places == {
        "web": (Place.PUBLIC, []),
        "worker": (Place.PRIVATE, []),
        "nat": (Place.PUBLIC, ["us-east-1a"]),
        "db": (Place.PRIVATE, []),
        "outside": (Place.PUBLIC, []),
        "media": (Place.SERVICES, []),
    }


def test_details_are_sizes_and_versions():
    resources = [
        *network(),
        service("web", launchType="FARGATE", desiredCount=1.0),
        definition(cpu="512", memory="1024"),
        resource("rds/instance:Instance", "db", engine="postgres", engineVersion="17", instanceClass="db.t4g.micro"),
        resource("kinesis/stream:Stream", "events"),
        resource("route53/record:Record", "name", name="shop.example.com", type="A"),
        resource("route53/record:Record", "proof", name="_x.example.com", type="CNAME"),
    ]
    details = {node.title: node.detail for node in diagram("prod", resources).nodes}
    assert details == {
        "web": "ECS on Fargate, 0.5 vCPU, 1 GiB, 1 task",
        "db": "PostgreSQL 17, db.t4g.micro, one zone",
        "kinesis": "1 resource",
        "Route 53": "shop.example.com",
    }


def marks(picture):
    return {node.title: node.mark for node in picture.nodes if node.mark}


@pytest.mark.parametrize("mark", [mark for mark in Mark if mark])
def test_a_node_has_the_mark_of_its_resource(mark):
    resources = [*DATABASE]
    picture = diagram("prod", resources, Difference(resources, {DATABASE[-1].urn: mark}))
    assert marks(picture) == {"db": mark}


@pytest.mark.parametrize(
    ("part", "mark", "expected"),
    [
        (definition(), Mark.RESTARTS, {"web": Mark.RESTARTS}),
        (group("tasks"), Mark.REPLACED, {"web": Mark.CHANGED}),
        (group("tasks"), Mark.LOSES_DATA, {"web": Mark.LOSES_DATA}),
        (ingress("in", "db", "tasks"), Mark.CREATED, {"db": Mark.CHANGED}),
    ],
)
def test_a_node_is_marked_by_its_parts(part, mark, expected):
    resources = [*DATABASE, ingress("in", "db", "tasks")]
    assert marks(diagram("prod", resources, Difference(resources, {part.urn: mark}))) == expected


def test_new_and_removed_connections_are_marked():
    before = [*DATABASE, ingress("in", "db", "tasks", 5432), ingress("old", "db", cidrIpv4="0.0.0.0/0")]
    after = [*DATABASE, ingress("in", "db", "tasks", 5433)]
    picture = diagram("prod", after, Difference(before, {}))
    assert {(edge.source.split("::")[-1], edge.mark) for edge in picture.edges} == {
        ("web", Mark.CHANGED),
        ("internet", Mark.DELETED),
    }
    assert not diagram("prod", after, Difference(after, {})).is_marked


def test_what_is_deleted_stays_in_the_picture():
    bucket = resource("s3/bucket:Bucket", "media")
    picture = diagram("prod", WEB, Difference([*WEB, bucket], {bucket.urn: Mark.DELETED}))
    assert marks(picture) == {"media": Mark.DELETED}


def test_changes_without_a_node_are_named():
    role = resource("iam/role:Role", "nobody")
    picture = diagram("prod", [*WEB, role], Difference([*WEB, role], {role.urn: Mark.CHANGED}))
    assert picture.notes == ["Changes that are not drawn: nobody."]


def test_a_network_is_marked_with_its_subnets():
    resources = list(network())
    picture = diagram("prod", resources, Difference(resources, {resources[-2].urn: Mark.REPLACED}))
    assert [each.mark for each in picture.networks] == [Mark.CHANGED]


def test_resources_that_refer_to_each_other_are_drawn():
    first = resource("iam/role:Role", "a", description=reference("Policy", "b"))
    second = resource("iam/policy:Policy", "b", description=reference("Role", "a"))
    assert diagram("prod", [first, second]).nodes == []


def test_types_of_the_picture_are_types_of_the_provider():
    """A type that is misspelled would never be drawn."""
    folder = Path(find_spec("pulumi_aws").origin).parent
    for kind in {*KINDS, *OF_USERS, *OWNERS}:
        module, name = kind.partition("/")[0].replace("lambda", "lambda_"), kind.rpartition(":")[2]
        words = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        assert (folder / module / f"{words}.py").is_file(), kind

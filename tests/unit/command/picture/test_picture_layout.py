"""The geometry of pictures: no box on another one, lines from border to border, and texts that fit."""

import itertools
import random
import re
import xml.etree.ElementTree as ET

import pytest
from flask_on_aws import FlaskApp
from flask_on_aws_cli.picture import as_mermaid, as_svg, diagram
from flask_on_aws_cli.picture.drawing.layout import Box
from flask_on_aws_cli.picture.drawing.routing import LABEL_SIZE, Point, route
from flask_on_aws_cli.picture.drawing.text_width import text_width
from flask_on_aws_cli.picture.graph.build import Difference
from flask_on_aws_cli.picture.model import Diagram, Edge, Flow, Mark, Network, Node, Place

from tests.mocked_outputs import COMPUTED
from tests.unit.command.picture import stacks
from tests.unit.command.picture.stacks import reference, registered, resource, subnets
from tests.unit.library.flask_app.test_flask_app import APP, VARIANTS

SVG = "{http://www.w3.org/2000/svg}"


def many_services():
    """50 services, each with its secrets, bucket and queue, in three zones with NAT gateways, and a second VPC."""
    yield from stacks.network(3)
    yield resource("ec2/vpc:Vpc", "other", cidrBlock="10.9.0.0/16")
    yield stacks.group("tasks", egress=[{"cidrBlocks": ["0.0.0.0/0"], "protocol": "-1"}])
    yield stacks.group("db")
    yield stacks.ingress("db-in", "db", "tasks", 5432)
    yield resource("ec2/subnet:Subnet", "lonely", vpcId=reference("Vpc", "other"), cidrBlock="10.9.0.0/24")
    for index in range(3):
        yield resource("ec2/natGateway:NatGateway", f"nat-{index}", subnetId=subnets("public", index)[0])
        yield resource("ec2/instance:Instance", f"server-{index}", subnetId=subnets("private", index)[0])
    yield resource("rds/instance:Instance", "db", vpcSecurityGroupIds=[reference("SecurityGroup", "db")])
    for index in range(50):
        name = f"service-{index}-" + "of-the-department" * (index % 3)
        yield stacks.service(name, public=index % 2 == 0)
        yield resource("ecs/taskDefinition:TaskDefinition", name, taskRoleArn=reference("Role", name))
        yield resource("iam/role:Role", name)
        statement = {"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::{reference('Bucket', name)}/*"}
        yield resource(
            "iam/rolePolicy:RolePolicy", name, role=reference("Role", name), policy={"Statement": [statement]}
        )
        yield resource("s3/bucket:Bucket", name)
        yield resource("sqs/queue:Queue", name)
        yield resource("kinesis/stream:Stream", name)


@pytest.fixture
def pictures(deploy_once, mocks):
    """A function: name → diagram, of each variant of the golden files and of stacks by hand."""
    mocks.computed |= COMPUTED

    def picture(name):
        match name:
            case "nothing":
                return diagram(name, [])
            case "many services":
                return diagram(name, many_services())
            case "services alone":
                return diagram(name, [resource("s3/bucket:Bucket", "a"), resource("sns/topic:Topic", "b")])
            case "marked":
                deployed = registered(app("workers"))
                marks = dict(zip((each.urn for each in deployed), itertools.cycle(Mark), strict=False))
                return diagram(name, deployed, Difference(deployed[::2], marks))
        return diagram(name, registered(app(name)))

    def app(variant):
        arguments = VARIANTS[variant]
        return deploy_once(f"app-{variant}", lambda: FlaskApp("app", {"app": APP, **arguments}))

    return picture


NAMES = [*VARIANTS, "nothing", "many services", "services alone", "marked"]


def overlap(first, second, margin=0.0):
    return (
        first.x < second.right - margin
        and second.x < first.right - margin
        and first.y < second.bottom - margin
        and second.y < first.bottom - margin
    )


def on_border(box, point):
    inside = box.x <= point.x <= box.right and box.y <= point.y <= box.bottom
    return inside and (point.x in (box.x, box.right) or point.y in (box.y, box.bottom))


def extent(first, second):
    """The rectangle of a line between two points."""
    x, y = min(first.x, second.x), min(first.y, second.y)
    return Box(x, y, abs(first.x - second.x), abs(first.y - second.y))


def label_box(label):
    width = text_width(label.text, LABEL_SIZE)
    start = label.at.x - {"start": 0, "middle": width / 2, "end": width}[label.anchor]
    return Box(start, label.at.y - LABEL_SIZE * 0.8, width, LABEL_SIZE)


@pytest.mark.parametrize("name", NAMES)
def test_boxes_lines_and_labels_have_their_own_room(pictures, name):
    check_geometry(pictures(name))


@pytest.mark.parametrize("block", range(2))
def test_any_nodes_and_connections_have_their_own_room(block):
    for seed in range(block * 40, block * 40 + 40):
        check_geometry(random_picture(random.Random(seed)))


def random_picture(source):
    """Nodes in any places and zones, with connections between any two of them."""
    zones = ["a", "b", "c"][: source.randint(0, 3)]
    tiers = (Place.PUBLIC, Place.PRIVATE)
    blocks = {(tier, zone): "10.0.0.0/24" for tier in tiers for zone in zones}
    networks = [Network(f"vpc{index}", f"VPC {index}", zones, blocks) for index in range(source.randint(0, 2))]

    def node(place, index, network="", in_zones=()):
        name = f"{network}{place.value}{index}"
        mark = Mark(source.randint(0, len(Mark) - 1))
        return Node(name, "tasks", name, "it", place, source.randint(0, 1), network, in_zones, mark)

    nodes = [node(Place.INTERNET, 0)] if source.random() < 0.8 else []
    nodes += [node(Place.EDGE, index) for index in range(source.randint(0, 4))]
    nodes += [node(Place.SERVICES, index) for index in range(source.randint(0, 6))]
    for network in networks:
        for tier in tiers:
            for index in range(source.randint(0, 4)):
                in_zones = sorted(source.sample(zones, source.randint(0, len(zones)))) if source.random() < 0.4 else ()
                nodes.append(node(tier, index, network.id, in_zones))
    places = list(Place)
    nodes.sort(key=lambda node: (places.index(node.place), node.network, node.rank, node.title))
    pairs = sorted(itertools.permutations([node.id for node in nodes], 2))
    chosen = sorted(source.sample(pairs, min(len(pairs), source.randint(0, 14))))
    edges = [Edge(*pair, Flow.TRAFFIC, ["443"] if source.random() < 0.5 else []) for pair in chosen]
    return Diagram("random", nodes, edges, networks)


def check_geometry(picture):
    drawing = route(picture)
    layout, boxes = drawing.layout, drawing.layout.boxes
    assert boxes.keys() == {node.id for node in picture.nodes}
    sheet = Box(0, 0, layout.width, layout.height)
    for first, second in itertools.combinations(boxes.values(), 2):
        assert not overlap(first, second)
    areas = [each.box for each in layout.containers if each.kind != "subnet"]
    for first, second in itertools.combinations(areas, 2):
        assert not overlap(first, second)
    for box in (*boxes.values(), *areas):
        assert box.x >= 0
        assert box.y >= 0
        assert box.right <= sheet.right
        assert box.bottom <= sheet.bottom
    for each in drawing.routes:
        ends = (each.edge.source, each.edge.target)
        assert on_border(boxes[ends[0]], each.points[0]), each
        assert on_border(boxes[ends[1]], each.points[-1]), each
        for first, second in itertools.pairwise(each.points):
            assert 0 in extent(first, second)[2:], each  # lines are horizontal or vertical
            for box in boxes.values():
                assert not overlap(extent(first, second), box, margin=0.01), each
    labels = [label_box(label) for label in drawing.labels]
    for label, other in itertools.combinations(labels, 2):
        assert not overlap(label, other)
    for label, box in itertools.product(labels, boxes.values()):
        assert not overlap(label, box)


@pytest.mark.parametrize("name", NAMES)
def test_texts_fit_their_boxes(pictures, name):
    """By the widths of DejaVu Sans, which `test_widths_are_those_of_the_font` compares with the font."""
    for rectangle, texts in texts_in_boxes(as_svg(pictures(name))):
        for text, box in texts:
            assert box.x >= rectangle.x + 4, text
            assert box.right <= rectangle.right - 2, text
            assert box.y >= rectangle.y, text
            assert box.bottom <= rectangle.bottom, text


def texts_in_boxes(svg):
    """The outline of each node and badge, with the texts that belong into it."""
    root = ET.fromstring(svg)
    for group in root.iter(f"{SVG}g"):
        boxes = {each.get("class"): shape(each) for each in group.iter(f"{SVG}rect")}
        found = {"box": [], "pill": []}
        for text in group.iter(f"{SVG}text"):
            name = "pill" if text.get("class") == "badge" else "box"
            found[name].append((text.text, text_box(text)))
        for name, outline in boxes.items():
            yield outline, found[name]


def shape(rectangle):
    return Box(*(float(rectangle.get(name)) for name in ("x", "y", "width", "height")))


def text_box(text):
    size, bold = float(text.get("font-size")), text.get("font-weight") == "600"
    width = text_width(text.text or "", size, bold)
    x = float(text.get("x")) - (width / 2 if text.get("text-anchor") == "middle" else 0)
    return Box(x, float(text.get("y")) - size * 0.93, width, size * 1.17)  # DejaVu's ascent and descent


@pytest.mark.parametrize("name", ["production", "many services"])
def test_a_picture_does_not_depend_on_the_order_of_resources(pictures, name, deploy_once):
    resources = list(many_services()) if name == "many services" else None
    if resources is None:
        resources = registered(deploy_once("app-production", lambda: FlaskApp("app", {"app": APP, **VARIANTS[name]})))
    first = diagram("a", resources)
    random.Random(1).shuffle(resources)
    second = diagram("a", resources)
    assert as_svg(first) == as_svg(second)
    assert as_mermaid(first) == as_mermaid(second)


def test_every_number_of_a_picture_is_finite(pictures):
    for name in ("many services", "nothing"):
        numbers = re.findall(r' (?:x|y|width|height)="([^"]+)"', as_svg(pictures(name)))
        assert all(re.fullmatch(r"-?\d+(\.\d+)?", number) for number in numbers)


def test_points_can_be_compared():
    assert on_border(Box(0, 0, 10, 10), Point(10, 5))
    assert not on_border(Box(0, 0, 10, 10), Point(5, 5))
    assert overlap(Box(0, 0, 10, 10), Box(9, 9, 5, 5))
    assert not overlap(Box(0, 0, 10, 10), Box(10, 0, 5, 5))

"""The positions of boxes: the internet and the edge on top, networks below them, and AWS's services at the right.

A network is a grid: a column for each availability zone, public subnets above private ones. Lines run in the gutters at
both sides of it, whose width `routing` decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..model import Diagram, Mark, Network, Node, Place

MARGIN, PADDING = 16, 12
NODE_HEIGHT, BADGE_ROW = 50, 22
CAPTION = 22  # height of a line with the caption of a container
ROW_GAP = 40  # between nodes in a network: room for an arrow and its label
BAND_GAP = 22  # between public and private subnets: room for a label
CORRIDOR = 26  # between columns: room for arrows in both directions
NARROW = 340  # below this width, a badge is below the text
_TOP_WIDTH, _TOP_GAP, _SERVICE_WIDTH = 152, 26, 212
_NETWORK_WIDTH, _COLUMN_WIDTH = 440, 200
_SERVICE_GAP = 16
_EDGE, _SERVICES = "Edge", "AWS services"
_TIERS = (Place.PUBLIC, Place.PRIVATE)
_TIER_NAMES: Mapping[Place, str] = {Place.PUBLIC: "Public", Place.PRIVATE: "Private"}


class Box(NamedTuple):
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The coordinate of its right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The coordinate of its lower side."""
        return self.y + self.height

    @property
    def center(self) -> float:
        """The horizontal coordinate of its center."""
        return self.x + self.width / 2

    @property
    def middle(self) -> float:
        """The vertical coordinate of its center."""
        return self.y + self.height / 2


@dataclass(frozen=True)
class Container:
    """A box around nodes."""

    kind: str
    """`edge`, `network`, `subnet` or `services`."""
    caption: str
    box: Box
    at_bottom: bool
    """Whether the caption is at the bottom, because arrows come from above."""
    mark: Mark = Mark.NONE


class Gutters(NamedTuple):
    """The sizes of what lies between the boxes, for the lines in it."""

    left: float = MARGIN
    """Inside of networks, left of the columns."""
    right: float = 2 * MARGIN
    """Between networks and services."""
    channel: float = 36
    """Between the upper row and the first network."""
    far: float = 0
    """At the right of the services."""


@dataclass
class Layout:
    """Where everything is."""

    boxes: dict[str, Box] = field(default_factory=dict[str, Box])
    """By the id of a node."""
    containers: list[Container] = field(default_factory=list[Container])
    rows: list[list[str]] = field(default_factory=list[list[str]])
    """The ids of the nodes in networks, from the upper row to the lowest."""
    places: dict[str, Place] = field(default_factory=dict[str, Place])
    left: float = 0
    """The coordinates between which the gutters are: of networks at the left, their columns, and services."""
    columns: float = 0
    columns_right: float = 0
    corridor: float = 0
    """The horizontal coordinate of arrows from row to row."""
    top: float = 0
    """The lower side of the upper row."""
    networks_right: float = 0
    services: float = 0
    services_right: float = 0
    width: float = 0
    height: float = 0

    @property
    def row_width(self) -> float:
        """The width of a node in all zones."""
        return self.columns_right - self.columns - 2 * PADDING


def lay_out(diagram: Diagram, gutters: Gutters) -> Layout:
    """The positions of a diagram's nodes."""
    layout = Layout(places={node.id: node.place for node in diagram.nodes})
    by_place: dict[Place, list[Node]] = {place: [] for place in Place}
    for node in diagram.nodes:
        by_place[node.place].append(node)
    layout.left = MARGIN
    layout.columns = MARGIN + gutters.left
    upper = [*by_place[Place.INTERNET], *by_place[Place.EDGE]]
    columns = max((len(network.zones) for network in diagram.networks), default=1) or 1
    width = max(_NETWORK_WIDTH, columns * (_COLUMN_WIDTH + CORRIDOR), _upper_width(by_place) - gutters.left - MARGIN)
    layout.columns_right = layout.columns + width
    layout.networks_right = layout.columns_right + MARGIN
    layout.top = _place_upper(layout, by_place, gutters) if upper else MARGIN
    bottom = layout.top + (gutters.channel if upper else 0)
    for network in diagram.networks:
        inside = [node for node in diagram.nodes if node.network == network.id]
        bottom = _place_network(layout, network, inside, bottom) + ROW_GAP
    layout.width = layout.networks_right + MARGIN
    layout.height = bottom - ROW_GAP + MARGIN if diagram.networks else bottom
    connected = {key for edge in diagram.edges for key in (edge.source, edge.target)}
    services = by_place[Place.SERVICES]
    # Services that nothing is connected to fill the room below the networks.
    below = [node for node in services if node.id not in connected]
    if below:
        _place_below(layout, below)
    if len(services) > len(below):
        _place_services(layout, [node for node in services if node not in below], gutters)
    return layout


def _upper_width(by_place: Mapping[Place, Sequence[Node]]) -> float:
    edge = len(by_place[Place.EDGE])
    around = 2 * PADDING + _TOP_GAP if edge else 0
    return _TOP_WIDTH * (1 + edge) + _TOP_GAP * max(0, edge - 1) + around


def _place_upper(layout: Layout, by_place: Mapping[Place, Sequence[Node]], gutters: Gutters) -> float:
    """The internet and the edge; returns the lower side."""
    edge = by_place[Place.EDGE]
    y = MARGIN + (CAPTION if edge else 0)
    height = max(map(_narrow_height, [*by_place[Place.INTERNET], *edge]))
    x = layout.left
    for node in by_place[Place.INTERNET]:
        # Lines in the left gutter and arrows to the first row both reach it from below.
        layout.boxes[node.id] = Box(x, y, max(_TOP_WIDTH, gutters.left + 60), height)
        x = layout.boxes[node.id].right + _TOP_GAP + PADDING
    first = x = max(x, layout.columns + 2 * PADDING)  # above the nodes of the network
    for node in edge:
        layout.boxes[node.id] = Box(x, y, _TOP_WIDTH, height)
        x += _TOP_WIDTH + _TOP_GAP
    if not edge:
        return y + height
    box = Box(first - PADDING, MARGIN, x - _TOP_GAP - first + 2 * PADDING, y - MARGIN + height + PADDING)
    layout.containers.append(Container("edge", _EDGE, box, at_bottom=False))
    layout.columns_right = max(layout.columns_right, box.right - MARGIN)
    layout.networks_right = layout.columns_right + MARGIN
    return box.bottom


def _place_network(layout: Layout, network: Network, inside: Sequence[Node], y: float) -> float:
    """A network with its subnets and nodes; returns its lower side."""
    zones = list(network.zones) or [""]
    columns = _columns(layout, len(zones))
    layout.corridor = layout.corridor or (columns[0].right + CORRIDOR / 2 if len(columns) > 1 else columns[0].center)
    start, position = y, y + PADDING
    frame = len(layout.containers)
    for tier in _TIERS:
        members = [node for node in inside if node.place is tier]
        captions = [_subnet_caption(network, tier, zone) for zone in network.zones]
        if not members and not any(captions):
            continue
        top, position = position, position + PADDING
        for index, row in enumerate(_rows(members, zones)):
            position += ROW_GAP if index else 0
            position = _place_row(layout, row, columns, zones, position)
        position += CAPTION + (0 if members else PADDING)
        if not network.zones:
            captions = [f"{_TIER_NAMES[tier]} subnets"]
            columns_of_tier = [Box(layout.columns, 0, layout.columns_right - layout.columns, 0)]
        else:
            columns_of_tier = columns
        for column, caption in zip(columns_of_tier, captions, strict=True):
            box = Box(column.x, top, column.width, position - top)
            layout.containers.append(Container("subnet", caption, box, at_bottom=True))
        position += BAND_GAP
    bottom = position - (BAND_GAP if len(layout.containers) > frame else 0) + CAPTION
    box = Box(layout.left, start, layout.networks_right - layout.left, bottom - start)
    layout.containers.insert(frame, Container("network", network.title, box, at_bottom=True, mark=network.mark))
    return bottom


def _columns(layout: Layout, number: int) -> list[Box]:
    """The horizontal extent of each zone."""
    width = (layout.columns_right - layout.columns - CORRIDOR * (number - 1)) / number
    return [Box(layout.columns + index * (width + CORRIDOR), 0, width, 0) for index in range(number)]


def _subnet_caption(network: Network, tier: Place, zone: str) -> str:
    if (tier, zone) not in network.subnets:
        return ""
    return ", ".join(filter(None, (_TIER_NAMES[tier], zone, network.subnets[tier, zone])))


def _rows(nodes: Sequence[Node], zones: Sequence[str]) -> Iterator[list[Node]]:
    """Nodes in all zones have a row of their own; those of other zones share one."""
    row: list[Node] = []
    taken: set[int] = set()
    for node in nodes:
        columns = set(_extent(node, zones))
        if row and (taken & columns or row[0].rank != node.rank):
            yield row
            row, taken = [], set()
        row.append(node)
        taken |= columns
    if row:
        yield row


def _extent(node: Node, zones: Sequence[str]) -> range:
    """The columns of a node; between its zones, other nodes have no room."""
    indexes = [zones.index(zone) for zone in node.zones if zone in zones]
    return range(min(indexes), max(indexes) + 1) if indexes else range(len(zones))


def _place_row(layout: Layout, row: Sequence[Node], columns: Sequence[Box], zones: Sequence[str], y: float) -> float:
    """The nodes of a row; returns its lower side."""
    boxes: list[Box] = []
    for node in row:
        extent = _extent(node, zones)
        first, last = columns[extent[0]], columns[extent[-1]]
        inset = PADDING
        width = last.right - first.x - 2 * inset
        height = NODE_HEIGHT if width >= NARROW else _narrow_height(node)
        boxes.append(Box(first.x + inset, y, width, height))
    bottom = max(box.bottom for box in boxes)
    for node, box in zip(row, boxes, strict=True):
        layout.boxes[node.id] = box._replace(height=bottom - y)
    layout.rows.append([node.id for node in row])
    return bottom


def _place_below(layout: Layout, nodes: Sequence[Node]) -> None:
    """A grid of services below the networks."""
    width = layout.networks_right - layout.left
    columns = int((width - 2 * PADDING + _SERVICE_GAP) // (_SERVICE_WIDTH + _SERVICE_GAP))
    start = layout.height
    wide = (width - 2 * PADDING - (columns - 1) * _SERVICE_GAP) / columns
    y = start + CAPTION
    for first in range(0, len(nodes), columns):
        row = nodes[first : first + columns]
        height = max(map(_narrow_height, row))
        for index, node in enumerate(row):
            x = layout.left + PADDING + index * (wide + _SERVICE_GAP)
            layout.boxes[node.id] = Box(x, y, wide, height)
        y += height + _SERVICE_GAP
    box = Box(layout.left, start, width, y - _SERVICE_GAP + PADDING - start)
    layout.containers.append(Container("services", _SERVICES, box, at_bottom=False))
    layout.height = box.bottom + MARGIN


def _place_services(layout: Layout, nodes: Sequence[Node], gutters: Gutters) -> None:
    layout.services = layout.networks_right + gutters.right if layout.boxes or layout.containers else MARGIN
    x, y = layout.services + PADDING, MARGIN + CAPTION
    for node in nodes:
        layout.boxes[node.id] = Box(x, y, _SERVICE_WIDTH, _narrow_height(node))
        y = layout.boxes[node.id].bottom + _SERVICE_GAP
    height = y - _SERVICE_GAP + PADDING - MARGIN
    box = Box(layout.services, MARGIN, _SERVICE_WIDTH + 2 * PADDING + gutters.far, height)
    layout.containers.append(Container("services", _SERVICES, box, at_bottom=False))
    layout.services_right = x + _SERVICE_WIDTH
    layout.width, layout.height = box.right + MARGIN, max(layout.height, box.bottom + MARGIN)


def _narrow_height(node: Node) -> float:
    return NODE_HEIGHT + (BADGE_ROW if node.mark else 0)

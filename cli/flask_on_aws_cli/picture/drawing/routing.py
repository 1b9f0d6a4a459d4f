"""The lines between boxes: straight ones between neighbors, and others along lanes in the gutters.

All lines to the same node share a lane, so that there are as many lanes as nodes and not as many as pairs of nodes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..model import Diagram, Edge, Place
from .layout import MARGIN, Box, Gutters, Layout, lay_out
from .text_width import fitted
from .ways import UPPER, Way, way_of

LABEL_SIZE = 11
_LANE = 12  # between two lanes
_LABEL_ROOM = {"left": 58, "right": 86}
_PORT_SPACE = 8  # between arrows in the same gap
_LABEL_GAP, _LABEL_WIDTH = 6, 100
_ABOVE = 5  # between lines that leave a node upwards


_STRAIGHT = (Way.ROW, Way.DOWN, Way.COLUMN)
_LABELLED = (*_STRAIGHT, Way.SIDE)
"""Lines that share no lane: each has its own label."""


class Point(NamedTuple):
    """A point of a line."""

    x: float
    y: float


@dataclass(frozen=True)
class Route:
    """A line with an arrow at its end."""

    edge: Edge
    points: Sequence[Point]


@dataclass(frozen=True)
class Label:
    """A text at lines."""

    text: str
    at: Point
    anchor: str
    """`start`, `middle` or `end`, as in SVG."""


@dataclass(frozen=True)
class Drawing:
    """A diagram with positions."""

    layout: Layout
    routes: Sequence[Route]
    labels: Sequence[Label]


def route(diagram: Diagram) -> Drawing:
    """The positions of all boxes, lines and labels."""
    plan = lay_out(diagram, Gutters())
    ways = {(edge.source, edge.target): way_of(edge, plan) for edge in diagram.edges}
    router = _Router(diagram, plan, ways)
    layout = lay_out(diagram, router.gutters())
    router = _Router(diagram, layout, ways)
    return Drawing(layout, [router.route(edge) for edge in diagram.edges], list(router.labels()))


class _Router:
    def __init__(self, diagram: Diagram, layout: Layout, ways: dict[tuple[str, str], Way]) -> None:
        self._layout, self._ways, self._edges = layout, ways, diagram.edges
        self._left = self._lanes(Way.LEFT)
        self._right = self._lanes(Way.RIGHT)
        self._far = self._lanes(Way.FAR)
        upper = {self._lane(edge) for edge in self._of(Way.RIGHT) if self._is_upper(edge)}
        self._channel = self._lanes(Way.CHANNEL) + [lane for lane in self._right if lane in upper]

    def gutters(self) -> Gutters:
        """The sizes of the gutters that these lines need."""
        labelled = any(edge.labels and edge.target in self._left for edge in self._of(Way.LEFT))
        named = any(edge.labels for edge in self._of(Way.RIGHT))
        default = Gutters()
        return Gutters(
            left=default.left + len(self._left) * _LANE + (_LABEL_ROOM["left"] if labelled else _LANE),
            right=default.right + len(self._right) * _LANE + (_LABEL_ROOM["right"] if named else 0),
            channel=default.channel + len(self._channel) * _LANE,
            far=(len(self._far) + 1) * _LANE if self._far else 0,
        )

    def route(self, edge: Edge) -> Route:
        """The points of a line."""
        source, target = self._layout.boxes[edge.source], self._layout.boxes[edge.target]
        match self._ways[edge.source, edge.target]:
            case Way.ROW:
                points = self._vertical(source, target, self._layout.corridor + self._offset(edge))
            case Way.DOWN:
                points = self._vertical(source, target, self._below(edge, edge.source))
            case Way.COLUMN:
                points = self._vertical(source, target, source.center + self._offset(edge))
            case Way.SIDE:
                y = source.middle + self._offset(edge)
                points = [Point(source.right, y), Point(target.x, y)]
                if target.x < source.x:
                    points = [Point(source.x, y), Point(target.right, y)]
            case Way.CHANNEL:
                y = self._channel_y(self._lane(edge))
                first, last = self._below(edge, edge.source), self._below(edge, edge.target)
                points = [Point(first, source.bottom), Point(first, y), Point(last, y), Point(last, target.bottom)]
            case Way.FAR:
                x = self._layout.services_right + (self._far.index(self._lane(edge)) + 1) * _LANE
                points = [Point(source.right, source.middle), Point(x, source.middle)]
                points += [Point(x, target.middle), Point(target.right, target.middle)]
            case Way.LEFT:
                points = self._along_left(edge)
            case Way.RIGHT:
                points = self._along_right(edge)
        return Route(edge, points)

    def labels(self) -> Iterable[Label]:
        """One label for the lines that arrive at the same side of a node."""
        groups: dict[tuple[str, Way], list[Edge]] = {}
        for edge in self._edges:
            groups.setdefault((edge.target, self._ways[edge.source, edge.target]), []).append(edge)
        for (target, way), edges in groups.items():
            for group in [[edge] for edge in edges] if way in _LABELLED else [edges]:
                yield from self._label(target, way, group)

    def _label(self, target: str, way: Way, edges: Sequence[Edge]) -> Iterable[Label]:
        text = ", ".join(dict.fromkeys(label for edge in edges for label in edge.labels))
        points = self.route(edges[0]).points
        end, before = points[-1], points[-2]
        if way in _STRAIGHT:
            y = self._free_y(points, way)
            label, width = Label(text, Point(end.x + _LABEL_GAP, y), "start"), _LABEL_WIDTH
            if way is not Way.DOWN and self._offset(edges[0]) < 0:
                label = Label(text, Point(end.x - _LABEL_GAP, y), "end")
        elif way is Way.SIDE:
            width = abs(end.x - before.x) - 2
            y = end.y + (LABEL_SIZE + 2 if self._offset(edges[0]) > 0 else -_LABEL_GAP)
            label = Label(text, Point((end.x + before.x) / 2, y), "middle")
        elif end.y == before.y and end.x > before.x:
            width = self._room(way)
            label = Label(text, Point(end.x - 9, end.y - 4), "end")
        else:
            return
        shown = fitted(text, width, LABEL_SIZE)
        if shown and (shown == text or way is not Way.SIDE):
            yield Label(shown, label.at, label.anchor)

    def _free_y(self, points: Sequence[Point], way: Way) -> float:
        """The base line of a label next to a vertical line."""
        upper, lower = sorted((points[0].y, points[-1].y))
        if way is Way.DOWN:  # above the network
            return self._layout.top + 22
        subnets = [each.box for each in self._layout.containers if each.kind == "subnet" and way is Way.ROW]
        ends = [box.bottom for box in subnets if upper < box.bottom < lower]
        # Between two bands; otherwise between two nodes of one.
        return max(ends) + 15 if ends else (upper + lower) / 2 + 4

    def _room(self, way: Way) -> float:
        return _LABEL_ROOM["left" if way is Way.LEFT else "right"] - 12

    def _vertical(self, source: Box, target: Box, x: float) -> list[Point]:
        if source.y < target.y:
            return [Point(x, source.bottom), Point(x, target.y)]
        return [Point(x, source.y), Point(x, target.bottom)]

    def _offset(self, edge: Edge) -> float:
        """How far a straight line is from the middle: lines in both directions are next to each other."""
        if (edge.target, edge.source) not in self._ways:
            return 0
        boxes = self._layout.boxes
        is_first = boxes[edge.source][:2] < boxes[edge.target][:2]
        return -_PORT_SPACE if is_first else _PORT_SPACE

    def _below(self, edge: Edge, key: str) -> float:
        """Where a line leaves or enters a node of the upper row from below."""
        box = self._layout.boxes[key]
        if self._layout.places[key] is Place.INTERNET:
            return self._layout.columns + 24
        edges = [each for each in self._edges if key in (each.source, each.target)]
        others = [each for each in edges if self._ways[each.source, each.target] is not Way.SIDE]
        number = others.index(edge)
        return box.x + box.width * (number + 1) / (len(others) + 1)

    def _along_left(self, edge: Edge) -> list[Point]:
        layout = self._layout
        x = layout.left + MARGIN + self._left.index(self._lane(edge)) * _LANE
        ends: list[list[Point]] = []
        for key in (edge.source, edge.target):
            box = layout.boxes[key]
            if layout.places[key] is Place.INTERNET:
                ends.append([Point(x, box.bottom)])
            elif layout.places[key] is Place.EDGE:
                below, y = self._below(edge, key), layout.top + 12
                ends.append([Point(below, box.bottom), Point(below, y), Point(x, y)])
            else:
                ends.append(self._from_side(key, Way.LEFT, self._lane(edge), x))
        return [*ends[0], *reversed(ends[1])]

    def _along_right(self, edge: Edge) -> list[Point]:
        layout, lane = self._layout, self._lane(edge)
        x = layout.networks_right + MARGIN + self._right.index(lane) * _LANE
        ends: list[list[Point]] = []
        for key in (edge.source, edge.target):
            box = layout.boxes[key]
            if layout.places[key] in UPPER:
                below, y = self._below(edge, key), self._channel_y(lane)
                ends.append([Point(below, box.bottom), Point(below, y), Point(x, y)])
            elif layout.places[key] is Place.SERVICES:
                ends.append([Point(box.x, box.middle), Point(x, box.middle)])
            else:
                ends.append(self._from_side(key, Way.RIGHT, lane, x))
        return [*ends[0], *reversed(ends[1])]

    def _from_side(self, key: str, way: Way, lane: str, x: float) -> list[Point]:
        """From the side of a node in a network to a lane; from above it, if another node is in between."""
        boxes = self._layout.boxes
        box = boxes[key]
        row = next(row for row in self._layout.rows if key in row)
        share, number = self._port(key, way, lane)
        if box.x == min(boxes[each].x for each in row) and way is Way.LEFT:
            side = box.x
        elif box.right == max(boxes[each].right for each in row) and way is Way.RIGHT:
            side = box.right
        else:
            above, y = box.x + box.width * share, box.y - _ABOVE * (number + 1)
            return [Point(above, box.y), Point(above, y), Point(x, y)]
        return [Point(side, box.y + box.height * share), Point(x, box.y + box.height * share)]

    def _channel_y(self, lane: str) -> float:
        return self._layout.top + 28 + self._channel.index(lane) * _LANE

    def _is_upper(self, edge: Edge) -> bool:
        """Whether a node of the upper row is at one end of a line."""
        return any(self._layout.places[key] in UPPER for key in (edge.source, edge.target))

    def _of(self, way: Way) -> list[Edge]:
        return [edge for edge in self._edges if self._ways[edge.source, edge.target] is way]

    def _lane(self, edge: Edge) -> str:
        """The node whose lane a line uses: that of a service, and otherwise its target."""
        return edge.source if self._layout.places[edge.source] is Place.SERVICES else edge.target

    def _lanes(self, way: Way) -> list[str]:
        """The nodes with a lane, the outer ones first: those whose lines are longest."""
        edges = self._of(way)
        lengths: dict[str, float] = {}
        for edge in edges:
            source, target = self._layout.boxes[edge.source], self._layout.boxes[edge.target]
            lane = self._lane(edge)
            lengths[lane] = max(lengths.get(lane, 0), abs(source.middle - target.middle))
        return sorted(lengths, key=lambda key: (-lengths[key], self._layout.boxes[key].y, key))

    def _port(self, key: str, way: Way, lane: str) -> tuple[float, int]:
        """Where a line meets the side of a node in a network: those to upper nodes above those to lower ones.

        Returns:
            Its share of the side, and its number.
        """
        lanes = {self._lane(edge) for edge in self._of(way) if key in (edge.source, edge.target)}
        order = sorted(lanes, key=lambda each: (self._layout.boxes[each].y, each))
        return (order.index(lane) + 1) / (len(order) + 1), order.index(lane)

"""A diagram as an SVG: accessible, the same each time, and without anything from outside."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from ..model import Diagram, Edge, Flow, Mark, Node
from .glyphs import GLYPHS
from .layout import BADGE_ROW, MARGIN, NARROW, PADDING, Box, Container
from .routing import LABEL_SIZE, Drawing, Label, Point, Route, route
from .style import MARK_COLORS, Theme, style_sheet
from .text_width import fitted, text_width

TITLE_SIZE, DETAIL_SIZE, CAPTION_SIZE, BADGE_SIZE = 13, 11, 11, 11
_GLYPH = 24
_TEXT = 44  # from the left side of a node to its text
_RADIUS = 6
_HEAD = 7  # length of an arrow's head
_LEGEND = 22
_SAMPLE = 26  # length of a line in the legend
_FLOWS: Mapping[Flow, str] = {
    Flow.TRAFFIC: "may connect",
    Flow.PERMISSION: "permission or reference",
    Flow.OUTBOUND: "outbound to the internet",
}
# Characters that XML 1.0 does not allow, not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _number(value: float) -> str:
    """A coordinate with at most one digit after the point."""
    return f"{value:.1f}".removesuffix(".0")


def as_svg(diagram: Diagram, theme: Theme = "auto", links: Mapping[str, str] | None = None) -> str:
    """The picture as an SVG document.

    Args:
        diagram: what to draw.
        theme: its colors. Default: those of the reader's system.
        links: URN of a resource → what its node links to. Default: no links.
    """
    drawing = route(diagram)
    height = drawing.layout.height + _LEGEND * (1 + len(diagram.notes))
    width, tall = _number(drawing.layout.width), _number(height)
    role = "group" if links else "img"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="picture" viewBox="0 0 {width} {tall}" width="{width}"',
        f' height="{tall}" role="{role}" aria-labelledby="picture-title" aria-describedby="picture-text">',
        f'<title id="picture-title">{_text(diagram.title)}</title>',
        f'<desc id="picture-text">{_text(description(diagram))}</desc>',
        f"<style>{style_sheet(theme)}</style>",
        *(line for container in drawing.layout.containers for line in _container(container)),
        *(line for each in _in_order(drawing.routes) for line in _route(each)),
        *(line for node in diagram.nodes for line in _node(node, drawing.layout.boxes[node.id], links or {})),
        *map(_label, drawing.labels),
        *_legend(diagram, drawing),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def description(diagram: Diagram) -> str:
    """The picture in words, for readers who cannot see it."""
    titles = {node.id: node.title for node in diagram.nodes}
    sentences = [f"{node.title}: {node.detail}{_in_words(node.mark)}." for node in diagram.nodes]
    for edge in diagram.edges:
        labels = f" ({', '.join(edge.labels)})" if edge.labels else ""
        verb = {Flow.TRAFFIC: "connects to", Flow.PERMISSION: "uses", Flow.OUTBOUND: "connects out to"}[edge.flow]
        sentences.append(f"{titles[edge.source]} {verb} {titles[edge.target]}{labels}{_in_words(edge.mark)}.")
    return " ".join(sentences)


def _in_words(mark: Mark) -> str:
    return f", {mark.label}" if mark else ""


def _text(text: str) -> str:
    return escape(_ILLEGAL.sub("\ufffd", text), quote=True)


def _color(mark: Mark) -> str:
    return MARK_COLORS.get(mark, "")


def _rectangle(box: Box, classes: str, radius: float = _RADIUS) -> str:
    x, y, width, height = map(_number, box)
    return f'<rect class="{classes}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{_number(radius)}"/>'


def _words(text: str, at: Point, size: float, classes: str = "", bold: bool = False, anchor: str = "") -> str:
    attributes = f' class="{classes}"' if classes else ""
    attributes += ' font-weight="600"' if bold else ""
    attributes += f' text-anchor="{anchor}"' if anchor and anchor != "start" else ""
    return f'<text x="{_number(at.x)}" y="{_number(at.y)}" font-size="{_number(size)}"{attributes}>{_text(text)}</text>'


def _container(container: Container) -> Iterator[str]:
    box = container.box
    kind = {"network": "vpc", "subnet": "public" if container.caption.startswith("Public") else "private"}
    classes = f"{kind.get(container.kind, 'area')} {_color(container.mark)}".strip()
    yield _rectangle(box, classes, 10)
    y = box.bottom - 8 if container.at_bottom else box.y + 16
    room = box.width - 2 * PADDING if container.kind != "subnet" else box.width - PADDING - 2
    caption = container.caption + (f": {container.mark.label}" if container.mark else "")
    bold = container.kind != "subnet"
    caption = fitted(caption, room, CAPTION_SIZE, bold)
    yield _words(caption, Point(box.x + PADDING, y), CAPTION_SIZE, "muted", bold)


def _node(node: Node, box: Box, links: Mapping[str, str]) -> Iterator[str]:
    link = next((links[urn] for urn in node.urns if urn in links), "")
    if link:
        label = f"{node.title}{_in_words(node.mark)}"
        yield f'<a href="{_text(link)}" aria-label="{_text(label)}">'
    yield f'<g class="{f"node {_color(node.mark)}".strip()}">'
    yield f"<title>{_text(f'{node.title}: {node.detail}{_in_words(node.mark)}')}</title>"
    yield _rectangle(box, "box", 8)
    is_narrow = box.width < NARROW
    top = box.y + (box.height - (BADGE_ROW if node.mark and is_narrow else 0)) / 2
    glyph = GLYPHS[node.kind]
    yield (
        f'<path class="glyph of-{glyph.color}" transform="translate({_number(box.x + 10)} {_number(top - _GLYPH / 2)})"'
        f' d="{glyph.path}"/>'
    )
    badge = text_width(node.mark.label, BADGE_SIZE, bold=True) + 16 if node.mark else 0
    room = box.width - _TEXT - 10 - (badge + 10 if node.mark and not is_narrow else 0)
    x = box.x + _TEXT
    yield _words(fitted(node.title, room, TITLE_SIZE, bold=True), Point(x, top - 3), TITLE_SIZE, bold=True)
    yield _words(fitted(node.detail, room, DETAIL_SIZE), Point(x, top + 14), DETAIL_SIZE, "muted")
    if node.mark:
        right = Box(box.right - badge - 10, box.middle - 9, badge, 18)
        pill = Box(box.x + 10, box.bottom - 26, badge, 18) if is_narrow else right
        yield _rectangle(pill, "pill", 9)
        yield _words(node.mark.label, Point(pill.center, pill.y + 13), BADGE_SIZE, "badge", True, "middle")
    yield "</g>"
    if link:
        yield "</a>"


def _in_order(routes: Sequence[Route]) -> list[Route]:
    """What changes is drawn over what does not."""
    return sorted(routes, key=lambda each: each.edge.mark)


def _classes(edge: Edge) -> str:
    marked = f"marked {_color(edge.mark)}" if edge.mark else ""
    return " ".join(filter(None, (edge.flow.value if edge.flow is not Flow.TRAFFIC else "", marked)))


def _route(each: Route) -> Iterator[str]:
    end, before = each.points[-1], each.points[-2]
    yield f'<path class="{f"wire {_classes(each.edge)}".strip()}" d="{_path(each.points)}"/>'
    x, y = (end.x > before.x) - (end.x < before.x), (end.y > before.y) - (end.y < before.y)
    back, side = Point(end.x - x * _HEAD, end.y - y * _HEAD), _HEAD / 2
    corners = (end, Point(back.x + y * side, back.y + x * side), Point(back.x - y * side, back.y - x * side))
    outline = "L".join(map(_pair, corners))
    yield f'<path class="{f"head {_color(each.edge.mark)}".strip()}" d="M{outline}z"/>'


def _path(points: Sequence[Point]) -> str:
    """The line with rounded corners."""
    parts = [f"M{_pair(points[0])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        first, second = _towards(corner, before), _towards(corner, after)
        parts.append(f"L{_pair(first)}Q{_pair(corner)} {_pair(second)}")
    return "".join(parts) + f"L{_pair(points[-1])}"


def _pair(point: Point) -> str:
    return f"{_number(point.x)} {_number(point.y)}"


def _towards(corner: Point, other: Point) -> Point:
    """The point at which a rounded corner begins."""
    length = abs(other.x - corner.x) + abs(other.y - corner.y)  # one of them is 0
    part = min(_RADIUS, length / 2) / length if length else 0
    return Point(corner.x + (other.x - corner.x) * part, corner.y + (other.y - corner.y) * part)


def _label(label: Label) -> str:
    return _words(label.text, label.at, LABEL_SIZE, "label", anchor=label.anchor)


def _legend(diagram: Diagram, drawing: Drawing) -> Iterator[str]:
    y = drawing.layout.height + 2
    x: float = MARGIN
    for flow, text in _FLOWS.items():
        if any(edge.flow is flow for edge in diagram.edges):
            classes = "wire" if flow is Flow.TRAFFIC else f"wire {flow.value}"
            yield f'<path class="{classes}" d="M{_number(x)} {_number(y)}h{_SAMPLE}"/>'
            yield _words(text, Point(x + _SAMPLE + 8, y + 4), LABEL_SIZE, "muted")
            x += _SAMPLE + 8 + text_width(text, LABEL_SIZE) + 20
    for line, note in enumerate(diagram.notes, start=1):
        text = fitted(note, drawing.layout.width - 2 * MARGIN, LABEL_SIZE)
        yield _words(text, Point(MARGIN, y + 4 + line * _LEGEND), LABEL_SIZE, "muted")

"""A diagram as a mermaid flowchart, which GitHub and GitLab draw in Markdown."""

import re
from collections.abc import Iterator, Mapping, Sequence

from .model import Diagram, Edge, Flow, Mark, Node, Place

# Everything else becomes a character code: names of the program have no meaning in mermaid, Markdown or HTML.
_PLAIN = re.compile(r"[^A-Za-z0-9 .,:()/_-]")
_LONGEST = 60  # characters of a text in a box
_ARROWS: Mapping[Flow, str] = {Flow.TRAFFIC: "-->", Flow.PERMISSION: "-.->", Flow.OUTBOUND: "-.->"}
_PLACES: Mapping[Place, str] = {
    Place.EDGE: "Edge",
    Place.PUBLIC: "Public subnets",
    Place.PRIVATE: "Private subnets",
    Place.SERVICES: "AWS services",
}
_STYLES: Mapping[str, str] = {
    "created": "stroke:#1a7f37,stroke-width:3px",
    "changed": "stroke:#bf8700,stroke-width:3px",
    "lost": "stroke:#cf222e,stroke-width:4px",
}
_LOST = (Mark.DELETED, Mark.REPLACED, Mark.LOSES_DATA)


def as_mermaid(diagram: Diagram) -> str:
    """The picture as a flowchart."""
    ids = {node.id: f"n{number}" for number, node in enumerate(diagram.nodes)}
    return "\n".join(["flowchart LR", *_groups(diagram, ids), *_edges(diagram.edges, ids), *_classes(diagram, ids)])


def _groups(diagram: Diagram, ids: Mapping[str, str]) -> Iterator[str]:
    outside = [node for node in diagram.nodes if not node.network]
    for node in outside:
        if node.place is Place.INTERNET:
            yield f"  {_box(node, ids)}"
    yield from _group("edge", Place.EDGE, outside, ids, "  ")
    for number, network in enumerate(diagram.networks):
        inside = [node for node in diagram.nodes if node.network == network.id]
        title = f"{network.title}: {network.mark.label}" if network.mark else network.title
        yield f'  subgraph vpc{number}["{_escaped(title)}"]'
        yield from _group(f"public{number}", Place.PUBLIC, inside, ids, "    ")
        yield from _group(f"private{number}", Place.PRIVATE, inside, ids, "    ")
        yield "  end"
    yield from _group("services", Place.SERVICES, outside, ids, "  ")


def _group(name: str, place: Place, nodes: Sequence[Node], ids: Mapping[str, str], indent: str) -> Iterator[str]:
    members = [node for node in nodes if node.place is place]
    if members:
        yield f'{indent}subgraph {name}["{_PLACES[place]}"]'
        yield from (f"{indent}  {_box(node, ids)}" for node in members)
        yield f"{indent}end"


def _box(node: Node, ids: Mapping[str, str]) -> str:
    lines = [node.title, node.detail, *([node.mark.label.upper()] if node.mark else [])]
    text = "<br>".join(_escaped(line) for line in lines if line)
    return f'{ids[node.id]}[("{text}")]' if node.kind == "database" else f'{ids[node.id]}["{text}"]'


def _edges(edges: Sequence[Edge], ids: Mapping[str, str]) -> Iterator[str]:
    for edge in edges:
        words = [*edge.labels, *([edge.mark.label.upper()] if edge.mark else [])]
        label = f'|"{_escaped(", ".join(words))}"|' if words else ""
        yield f"  {ids[edge.source]} {_ARROWS[edge.flow]}{label} {ids[edge.target]}"


def _classes(diagram: Diagram, ids: Mapping[str, str]) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for node in diagram.nodes:
        if node.mark:
            name = "lost" if node.mark in _LOST else "created" if node.mark is Mark.CREATED else "changed"
            groups.setdefault(name, []).append(ids[node.id])
    for name, members in sorted(groups.items()):
        yield f"  classDef {name} {_STYLES[name]}"
        yield f"  class {','.join(members)} {name}"


def _escaped(text: str) -> str:
    text = " ".join(text.split())
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return _PLAIN.sub(lambda match: f"#{ord(match[0])};", text)

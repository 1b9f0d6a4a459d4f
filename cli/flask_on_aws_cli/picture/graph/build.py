"""The diagram of a stack, and that of a change: both sides in one, with what differs marked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..model import Diagram, Edge, Flow, Mark, Network, Node, Place
from .connections import Connections
from .membership import Membership
from .networks import OUTSIDE, Networks
from .nodes import INTERNET, internet, nodes
from .resources import Resource, Resources

_LISTED = 3  # names in a note
# Of a part, "replaced" and "deleted" are not true of the whole node.
_OF_PARTS = (Mark.CREATED, Mark.DELETED, Mark.REPLACED)


@dataclass(frozen=True)
class Difference:
    """What a change does to a stack."""

    before: Iterable[Resource]
    """The resources before, with the URNs that they have now."""
    marks: Mapping[str, Mark] = field(default_factory=dict[str, Mark])
    """URN → what happens to the resource."""


class _Side(NamedTuple):
    nodes: dict[str, Node]
    networks: dict[str, Network]
    edges: dict[tuple[str, str], Edge]
    membership: Membership
    resources: Resources


def diagram(title: str, resources: Iterable[Resource], difference: Difference | None = None) -> Diagram:
    """The diagram of a stack.

    Args:
        title: the name of the stack.
        resources: its resources.
        difference: what changes, to mark it. Default: nothing.
    """
    after = _side(resources)
    if difference is None:
        return _diagram(title, after.nodes.values(), after.edges.values(), after.networks.values(), [])
    before = _side(difference.before)
    marks, missing = _node_marks(before, after, difference.marks)
    found = {**before.nodes, **after.nodes}
    networks = {**before.networks, **after.networks}
    edges = [edge for edge in _merged_edges(before.edges, after.edges) if edge.source in found and edge.target in found]
    return _diagram(
        title,
        [replace(node, mark=marks.get(key, Mark.NONE)) for key, node in found.items()],
        edges,
        [replace(network, mark=marks.get(key, Mark.NONE)) for key, network in networks.items()],
        list(_notes(missing)),
    )


def _side(resources: Iterable[Resource]) -> _Side:
    all_resources = Resources(resources)
    networks = Networks(all_resources)
    found = {node.id: node for node in nodes(all_resources, networks)}
    drawn = {urn: node.id for node in found.values() for urn in node.urns}
    membership = Membership(all_resources, {**drawn, **{network.id: network.id for network in networks.networks}})
    edges: dict[tuple[str, str, Flow], set[str]] = {}
    for each in Connections(all_resources, membership, found):
        if each.source != each.target and {each.source, each.target} <= {*found, INTERNET}:
            edges.setdefault((each.source, each.target, each.flow), set()).add(each.label)
    if any(INTERNET in key for key in edges):
        found[INTERNET] = internet()
    by_id = {network.id: network for network in networks.networks}
    if any(node.network == OUTSIDE for node in found.values()):
        by_id[OUTSIDE] = Network(OUTSIDE, "VPC outside of this stack")
    return _Side(found, by_id, dict(_single(edges)), membership, all_resources)


def _single(edges: Mapping[tuple[str, str, Flow], set[str]]) -> Iterator[tuple[tuple[str, str], Edge]]:
    """One edge between two nodes: that of the first flow."""
    order = list(Flow)
    by_pair: dict[tuple[str, str], list[tuple[Flow, set[str]]]] = {}
    for (source, target, flow), labels in edges.items():
        by_pair.setdefault((source, target), []).append((flow, labels))
    for (source, target), flows in by_pair.items():
        flow, labels = min(flows, key=lambda entry: order.index(entry[0]))
        yield (source, target), Edge(source, target, flow, sorted(labels - {""}, key=_by_number))


def _by_number(label: str) -> tuple[int, str]:
    return (int(label) if label.isdigit() else -1, label)


def _merged_edges(before: Mapping[tuple[str, str], Edge], after: Mapping[tuple[str, str], Edge]) -> Iterator[Edge]:
    for key, edge in after.items():
        old = before.get(key)
        mark = Mark.CREATED if old is None else Mark.CHANGED if old.labels != edge.labels else Mark.NONE
        yield replace(edge, mark=mark)
    for key, edge in before.items():
        if key not in after:
            yield replace(edge, mark=Mark.DELETED)


def _node_marks(before: _Side, after: _Side, marks: Mapping[str, Mark]) -> tuple[dict[str, Mark], list[str]]:
    """Node → its mark, and the names of resources that change and are not drawn."""
    found: dict[str, Mark] = {}
    missing: list[str] = []
    for urn, mark in marks.items():
        if not mark:
            continue
        owners: frozenset[str] = frozenset()
        own: set[str] = set()
        for side in (after, before):
            resource = side.resources.get(urn)
            if resource is not None and not owners:
                owners = side.membership.of(resource)
                own = {key for key in owners if _is_whole(key, urn, side.nodes)}
        if not owners:
            missing.append(urn.rpartition("::")[2])
        for owner in owners:
            level = mark if owner in own or mark not in _OF_PARTS else Mark.CHANGED
            found[owner] = max(found.get(owner, Mark.NONE), level)
    return found, sorted(missing)


def _is_whole(key: str, urn: str, drawn: Mapping[str, Node]) -> bool:
    """Whether a resource is the only one that a node or network stands for."""
    return key == urn if key not in drawn else tuple(drawn[key].urns) == (urn,)


def _notes(missing: Sequence[str]) -> Iterator[str]:
    if missing:
        rest = len(missing) - _LISTED
        names = ", ".join(missing[:_LISTED]) + (f" and {rest} more" if rest > 0 else "")
        yield f"Changes that are not drawn: {names}."


def _diagram(
    title: str, drawn: Iterable[Node], edges: Iterable[Edge], networks: Iterable[Network], notes: Sequence[str]
) -> Diagram:
    """Everything in an order that does not depend on that of the resources."""
    places, lines = list(Place), sorted(edges, key=lambda edge: (edge.source, edge.target))
    # What others connect to is above what only connects to others, such as workers.
    reached = {edge.target for edge in lines if edge.flow is Flow.TRAFFIC}
    order = sorted(
        drawn,
        key=lambda node: (
            places.index(node.place),
            node.network,
            node.rank,
            node.id not in reached,
            node.title,
            node.id,
        ),
    )
    return Diagram(
        title,
        order,
        lines,
        sorted(networks, key=lambda network: (network.title, network.id)),
        notes,
    )

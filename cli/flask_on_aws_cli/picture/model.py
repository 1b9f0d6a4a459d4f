"""What a picture of a stack has in it: nodes in places, who may talk to whom, and what a change does to each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum


class Mark(IntEnum):
    """What a change does to something in the picture, from the least to the most severe."""

    NONE = 0
    CHANGED = 1
    CREATED = 2
    RESTARTS = 3
    WAITS = 4
    DOWNTIME = 5
    UNKNOWN = 6
    DELETED = 7
    REPLACED = 8
    LOSES_DATA = 9

    @property
    def label(self) -> str:
        """The text of its badge; empty without a change."""
        return _LABELS[self]


_LABELS: Mapping[Mark, str] = {
    Mark.NONE: "",
    Mark.CHANGED: "changes in place",
    Mark.CREATED: "new",
    Mark.RESTARTS: "restarts",
    Mark.WAITS: "waits for window",
    Mark.DOWNTIME: "brief downtime",
    Mark.UNKNOWN: "effect unknown",
    Mark.DELETED: "deleted",
    Mark.REPLACED: "replaced",
    Mark.LOSES_DATA: "loses data",
}


class Place(Enum):
    """Where a node is drawn."""

    INTERNET = "internet"
    EDGE = "edge"
    PUBLIC = "public"
    PRIVATE = "private"
    SERVICES = "services"


class Flow(Enum):
    """Why two nodes may talk to each other."""

    TRAFFIC = "traffic"
    """The network allows it: a security group, a target group or an origin."""
    PERMISSION = "permission"
    """IAM allows it, or a service does it on behalf of the other node."""
    OUTBOUND = "outbound"
    """A route and a security group allow connections to the internet."""


@dataclass(frozen=True)
class Node:
    """A box of the picture."""

    id: str
    """Unique in the picture; the same before and after a change."""
    kind: str
    """Decides the glyph: `database`."""
    title: str
    detail: str
    place: Place
    rank: int = 0
    """Its position among the nodes of its place, from the first."""
    network: str = ""
    """Id of the network that it is in; empty outside of networks."""
    zones: Sequence[str] = ()
    """The availability zones that it is in; empty for all of its network."""
    mark: Mark = Mark.NONE
    urns: Sequence[str] = ()
    """The resources that it stands for."""


@dataclass(frozen=True)
class Edge:
    """A source that may talk to a target."""

    source: str
    target: str
    flow: Flow
    labels: Sequence[str] = ()
    """Ports, or what IAM allows; each short, and sorted."""
    mark: Mark = Mark.NONE
    """CREATED, DELETED, CHANGED if its labels differ, or NONE."""


@dataclass(frozen=True)
class Network:
    """A VPC."""

    id: str
    title: str
    zones: Sequence[str] = ()
    """Its availability zones in order; empty if they are not known."""
    subnets: Mapping[tuple[Place, str], str] = field(default_factory=dict[tuple[Place, str], str])
    """Place and zone → the addresses of the subnets there."""
    mark: Mark = Mark.NONE


@dataclass(frozen=True)
class Diagram:
    """A picture without positions."""

    title: str
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    networks: Sequence[Network]
    notes: Sequence[str] = ()
    """Sentences below the picture."""

    @property
    def is_marked(self) -> bool:
        """Whether something in it changes."""
        marked = (*self.nodes, *self.edges, *self.networks)
        return any(each.mark for each in marked)


EMPTY = Diagram("", (), (), ())
"""A picture with nothing in it."""

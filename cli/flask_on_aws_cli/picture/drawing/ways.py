"""How the line between two nodes runs, which their places decide."""

from enum import Enum

from ..model import Edge, Place
from .layout import Layout

UPPER = (Place.INTERNET, Place.EDGE)
"""The places in the upper row."""
_IN_NETWORK = (Place.PUBLIC, Place.PRIVATE)


class Way(Enum):
    """How a line runs."""

    ROW = "from row to row"
    DOWN = "from the upper row to the first network"
    SIDE = "between neighbors of the upper row"
    COLUMN = "between neighbors of the services"
    LEFT = "along the left gutter"
    RIGHT = "along the right gutter"
    FAR = "along the gutter right of the services"
    CHANNEL = "along the channel below the upper row"


def way_of(edge: Edge, layout: Layout) -> Way:
    """How a line runs."""
    source, target = layout.places[edge.source], layout.places[edge.target]
    if source is Place.SERVICES and target is Place.SERVICES:
        return Way.COLUMN if _are_neighbors(edge, layout) else Way.FAR
    if Place.SERVICES in (source, target):
        return Way.RIGHT
    if source in UPPER and target in UPPER:
        return Way.SIDE if _are_neighbors(edge, layout) else Way.CHANNEL
    if source in _IN_NETWORK and target in _IN_NETWORK:
        return Way.ROW if _are_neighbor_rows(edge, layout) else Way.LEFT
    in_network = edge.target if target in _IN_NETWORK else edge.source
    is_first = layout.rows[0] == [in_network] and layout.boxes[in_network].width >= layout.row_width
    return Way.DOWN if is_first and target in _IN_NETWORK else Way.LEFT


def _are_neighbors(edge: Edge, layout: Layout) -> bool:
    places = (layout.places[edge.source], layout.places[edge.target])
    group = UPPER if places[0] in UPPER else (Place.SERVICES,)
    order = [key for key, place in layout.places.items() if place in group]
    distance = order.index(edge.target) - order.index(edge.source)
    return abs(distance) == 1


def _are_neighbor_rows(edge: Edge, layout: Layout) -> bool:
    number = {key: index for index, row in enumerate(layout.rows) for key in row}
    rows = sorted((number[edge.source], number[edge.target]))
    if rows[1] - rows[0] != 1:
        return False
    return all(box.x < layout.corridor < box.right for box in (layout.boxes[edge.source], layout.boxes[edge.target]))

"""The glyphs of nodes, drawn for this picture: AWS's icons may not be recolored for a dark theme."""

from collections.abc import Mapping
from typing import NamedTuple


class Glyph(NamedTuple):
    """Lines on a square of 24 by 24."""

    color: str
    """The group that decides its color: `network`, `compute`, `data`, `storage`, `security` or `operations`."""
    path: str


_DATABASE = "M4 6c0-4 16-4 16 0v12c0 4-16 4-16 0zM4 6c0 4 16 4 16 0M4 12c0 4 16 4 16 0"
GLYPHS: Mapping[str, Glyph] = {
    "internet": Glyph("network", "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18zM3 12h18M12 3c-5 5-5 13 0 18M12 3c5 5 5 13 0 18"),
    "edge": Glyph("network", "M7 19a5 5 0 0 1-.5-9.9A6 6 0 0 1 18 9.2 5 5 0 0 1 17.5 19z"),
    "shield": Glyph("security", "M12 3l8 3v6c0 5-3.5 8-8 9.5C7.5 20 4 17 4 12V6zM8.5 12l2.5 2.5 4.5-5"),
    "dns": Glyph("network", "M12 3v18M5 5h12l3 2.5-3 2.5H5zM19 12H8l-3 2.5L8 17h11z"),
    "balancer": Glyph(
        "network",
        "M3 12h6M9 12c4 0 4-7 8-7h3M9 12h11M9 12c4 0 4 7 8 7h3"
        "M17.5 2.5 20 5l-2.5 2.5M17.5 9.5 20 12l-2.5 2.5M17.5 16.5 20 19l-2.5 2.5",
    ),
    "tasks": Glyph("compute", "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9"),
    "server": Glyph("compute", "M4 4h16v7H4zM4 13h16v7H4zM7.5 7.5h2M7.5 16.5h2"),
    "function": Glyph("compute", "M7 4h3l7 16h3M11.5 9.5 6 20"),
    "cache": Glyph("data", "M13 3 5 13.5h6L10 21l9-11h-6.5z"),
    "database": Glyph("data", _DATABASE),
    "files": Glyph("storage", "M3 6h7l2 3h9v10H3z"),
    "gateway": Glyph("network", "M5 4h9v16H5zM10 12h11M18 9l3 3-3 3"),
    "image": Glyph("compute", "M12 3 21 8l-9 5-9-5zM3 12l9 5 9-5M3 16l9 5 9-5"),
    "key": Glyph("security", "M8 8.5a4.5 4.5 0 1 0 .01 0zM11.5 10 20 3M16.5 6l3 3.5"),
    "list": Glyph("operations", "M5 3h14v18H5zM8.5 8h7M8.5 12h7M8.5 16h4"),
    "bucket": Glyph("storage", "M4 5c0-3 16-3 16 0l-2.5 14c-1 2.5-10 2.5-11 0zM4 5c0 3 16 3 16 0"),
    "queue": Glyph("operations", "M3 7h5v10H3zM10 7h5v10h-5zM17 12h5M19.5 9.5 22 12l-2.5 2.5"),
    "bell": Glyph("operations", "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4"),
    "clock": Glyph("operations", "M12 3a9 9 0 1 0 .01 0zM12 7v5.5l4 2.5"),
    "mail": Glyph("operations", "M3 5h18v14H3zM3 6l9 7 9-7"),
    "other": Glyph("operations", "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z"),
}
"""The kind of a node → its glyph."""

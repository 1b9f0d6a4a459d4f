"""The colors of both themes, and the style sheet of the picture; a test computes the contrasts."""

from collections.abc import Mapping
from typing import Literal

from ..model import Mark

Theme = Literal["auto", "light", "dark"]
"""`auto` follows the reader's system."""

LIGHT: Mapping[str, str] = {
    "paper": "#ffffff",
    "ink": "#1f2328",
    "muted": "#57606a",
    "line": "#6e7781",
    "node": "#ffffff",
    "border": "#afb8c1",
    "area": "#f6f8fa",
    "public": "#e6f4ea",
    "private": "#e7f0fa",
    "network": "#8250df",
    "compute": "#bc4c00",
    "data": "#0969da",
    "storage": "#1a7f37",
    "security": "#bf3989",
    "operations": "#57606a",
    "badge": "#ffffff",
    "changed": "#876000",
    "created": "#1a7f37",
    "restarts": "#0969da",
    "downtime": "#a04100",
    "unknown": "#57606a",
    "deleted": "#a40e26",
}
DARK: Mapping[str, str] = {
    "paper": "#0d1117",
    "ink": "#e6edf3",
    "muted": "#9ea7b3",
    "line": "#8b949e",
    "node": "#161b22",
    "border": "#4b535d",
    "area": "#151b23",
    "public": "#12261e",
    "private": "#131f33",
    "network": "#bc8cff",
    "compute": "#f0883e",
    "data": "#58a6ff",
    "storage": "#3fb950",
    "security": "#f778ba",
    "operations": "#9ea7b3",
    "badge": "#0d1117",
    "changed": "#d29922",
    "created": "#3fb950",
    "restarts": "#58a6ff",
    "downtime": "#f0883e",
    "unknown": "#9ea7b3",
    "deleted": "#ff7b72",
}
MARK_COLORS: Mapping[Mark, str] = {
    Mark.CHANGED: "changed",
    Mark.CREATED: "created",
    Mark.RESTARTS: "restarts",
    Mark.WAITS: "changed",
    Mark.DOWNTIME: "downtime",
    Mark.UNKNOWN: "unknown",
    Mark.DELETED: "deleted",
    Mark.REPLACED: "deleted",
    Mark.LOSES_DATA: "deleted",
}
"""Mark → the name of its color."""
# Each of these fonts is at most as wide as DejaVu Sans, whose widths the layout uses.
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, 'DejaVu Sans', sans-serif"

_RULES = """
.picture{background:var(--paper);font-family:FONTS}
.picture text{fill:var(--ink)}
.picture .muted{fill:var(--muted)}
.picture .area{fill:var(--area);stroke:var(--border)}
.picture .vpc{fill:none;stroke:var(--network);stroke-width:1.5}
.picture .public{fill:var(--public)}
.picture .private{fill:var(--private)}
.picture .node rect{fill:var(--node);stroke:var(--border)}
.picture .glyph{fill:none;stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}
.picture .wire{fill:none;stroke:var(--line);stroke-width:1.4}
.picture .permission{stroke-dasharray:5 3}
.picture .outbound{stroke-dasharray:1.5 3.5;stroke-linecap:round;stroke-width:1.8}
.picture .head{fill:var(--line)}
.picture .label{fill:var(--muted);paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.picture .node .badge{fill:var(--badge)}
.picture .wire.marked{stroke-width:2.4}
.picture a:focus-visible .box{stroke-width:4}
.picture a{cursor:pointer}
""".replace("FONTS", FONTS)


def style_sheet(theme: Theme) -> str:
    """The rules of the picture in a theme; they apply within it alone."""
    colors = DARK if theme == "dark" else LIGHT
    sheet = f".picture{{{_variables(colors)}}}\n"
    if theme == "auto":
        sheet += f"@media (prefers-color-scheme:dark){{.picture{{{_variables(DARK)}}}}}\n"
        sheet += f"@media print{{.picture{{{_variables(LIGHT)}}}}}"
    return sheet + _RULES + "\n".join(_color_rules())


def _variables(colors: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in colors.items())


def _color_rules() -> list[str]:
    groups = ("network", "compute", "data", "storage", "security", "operations")
    rules = [f".picture .of-{group}{{stroke:var(--{group})}}" for group in groups]
    for color in dict.fromkeys(MARK_COLORS.values()):
        rules += [
            f".picture .{color} .box{{stroke:var(--{color});stroke-width:2.5}}",
            f".picture .node.{color} .pill{{fill:var(--{color});stroke:none}}",
            f".picture .wire.{color}{{stroke:var(--{color})}}",
            f".picture .head.{color},.picture .label.{color}{{fill:var(--{color})}}",
            f".picture .vpc.{color}{{stroke:var(--{color});stroke-width:2.5}}",
        ]
    return rules

"""The picture alone: as an SVG, or as a mermaid flowchart for Markdown."""

from ...picture import as_mermaid as draw_mermaid
from ...picture import as_svg as draw_svg
from ..model import Report


def as_svg(report: Report) -> str:
    """The stack with its changes as an SVG in the colors of the reader's system."""
    return draw_svg(report.diagram)


def as_mermaid(report: Report) -> str:
    """The stack with its changes as a mermaid flowchart."""
    return draw_mermaid(report.diagram)

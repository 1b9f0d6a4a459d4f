"""The report as a page."""

from ...picture import as_svg
from ..model import Report
from ..page import change_id, render
from .json_report import as_document


def as_html(report: Report) -> str:
    """The report as one HTML file, whose picture links to the changes."""
    links = {change.urn: f"#{change_id(number)}" for number, change in enumerate(report.changes)}
    picture = as_svg(report.diagram, links=links) if report.diagram.nodes else ""
    return render(as_document(report), picture)

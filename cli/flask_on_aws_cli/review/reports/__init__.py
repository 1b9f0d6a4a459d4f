"""The formats of a report, each a function from the report to text. Imports the models, `page` and `policy.rules`."""

from collections.abc import Callable, Mapping

from ..model import Report
from .html_report import as_html
from .json_report import as_json
from .markdown_report import as_markdown
from .picture_reports import as_mermaid, as_svg
from .sarif_report import as_sarif
from .text_report import as_text

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "html": as_html,
    "json": as_json,
    "markdown": as_markdown,
    "mermaid": as_mermaid,
    "sarif": as_sarif,
    "svg": as_svg,
    "text": as_text,
}
"""Name on the command line → format."""
ENDINGS: Mapping[str, str] = {
    ".html": "html",
    ".json": "json",
    ".md": "markdown",
    ".mmd": "mermaid",
    ".sarif": "sarif",
    ".svg": "svg",
    ".txt": "text",
}
"""Ending of a file → the name of its format."""

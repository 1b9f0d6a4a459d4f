"""The formats of a report, each a function from the report to text. Imports `model.py` and `page` of `review` alone."""

from collections.abc import Callable, Mapping

from ..model import Report
from .html_report import as_html
from .json_report import as_json
from .markdown_report import as_markdown
from .picture_reports import as_mermaid, as_svg
from .text_report import as_text

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "html": as_html,
    "json": as_json,
    "markdown": as_markdown,
    "mermaid": as_mermaid,
    "svg": as_svg,
    "text": as_text,
}
"""Name on the command line → format."""

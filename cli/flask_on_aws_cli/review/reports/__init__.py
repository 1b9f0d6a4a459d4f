"""The formats of a report, each a function from the report to text. Imports only the models, and `policy.rules`."""

from collections.abc import Callable, Mapping

from ..model import Report
from .json_report import as_json
from .markdown_report import as_markdown
from .sarif_report import as_sarif
from .text_report import as_text

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "json": as_json,
    "markdown": as_markdown,
    "sarif": as_sarif,
    "text": as_text,
}
"""Name on the command line → format."""
ENDINGS: Mapping[str, str] = {".json": "json", ".md": "markdown", ".sarif": "sarif", ".txt": "text"}
"""Ending of a file → the name of its format."""

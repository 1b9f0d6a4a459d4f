"""Commands that a source has as a text or as a list of arguments."""

import re
import shlex

from ..reading.source import Value

_URL = re.compile(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::[^/\s'\"]+)?(/[^\s'\"|;&)]*)?")


def command_line(value: Value | None) -> str:
    """A command as one line of the shell; empty if there is none."""
    if value is None:
        return ""
    if value.is_scalar:
        return " ".join(value.text().split())
    # Without quotation marks around a variable, which the shell of the task expands.
    words = [item.text() for item in value.items()]
    return " ".join(word if re.fullmatch(r"[\w./:=@%+,$\[\]-]+", word) else shlex.quote(word) for word in words)


def health_path(command: str) -> str:
    """The path that a command of a health check asks for; empty if it asks for none."""
    match = _URL.search(command)
    return (match[1] or "/") if match else ""

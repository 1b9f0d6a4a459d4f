"""Formats of environment variables that other programs read."""

import re
import shlex
from collections.abc import Mapping

# What python-dotenv replaces in any value, however it is quoted:
# https://github.com/theskumar/python-dotenv/blob/main/src/dotenv/variables.py
_EXPANDED = re.compile(r"\$\{[^}]*\}")


class DotenvError(Exception):
    """A value that no .env file can contain."""


def export_commands(variables: Mapping[str, str]) -> str:
    """Commands that set variables in any POSIX shell, for `eval`."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items()))


def dotenv_lines(variables: Mapping[str, str]) -> str:
    """The lines of a .env file, as python-dotenv reads them; python-dotenv's own `set_key` does not escape backslashes.

    Raises:
        DotenvError: if a value contains `${…}`, which cannot be escaped there.
    """
    return "\n".join(f"{name}={_quoted(name, value)}" for name, value in sorted(variables.items()))


def _quoted(name: str, value: str) -> str:
    if _EXPANDED.search(value):
        raise DotenvError(
            f"{name}: the value contains ${{…}}, which programs that read .env files replace; use --format shell or "
            "--format json."
        )
    if "'" not in value and "\\" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'

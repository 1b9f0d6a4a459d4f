"""The rule for a missing environment variable. Pure functions."""

import re
from collections.abc import Sequence

from ..check import Cause, Finding
from ..output import Output

_NAME = r"(?P<name>[A-Z][A-Z0-9_]{2,})"
_VARIABLE_PATTERNS = (
    rf"(?i:environment variable|env var|envvar)s?:? *['\"`]?{_NAME}\b",
    rf"^(\S*Error: )?['\"`]?{_NAME}['\"`]? (is|was|must be) ((?i:not set|missing|required|undefined|unset)|set\b)",
    rf"^\S*UndefinedValueError: {_NAME} not found",
    rf"(?i:missing|undefined|no value for) (?i:environment variable|setting|variable)s?:? *['\"`]?{_NAME}\b",
    rf"{_NAME}: (?i:parameter not set|parameter null or not set|unbound variable)",
)
# The last frames of a traceback from os.environ[…].
_ENVIRON = re.compile(r"environ\b|<frozen os>|/os\.py")


def missing_variable(output: Output) -> Finding | None:
    """An environment variable that the app requires and that is not set."""
    for number, line in enumerate(output.lines):
        name = _variable_of(output.lines, number, line)
        if name:
            return Finding(
                Cause.MISSING_VARIABLE,
                f"it needs the environment variable {name}, which is not set",
                f"set it: pulumi config set --path env.{name} VALUE, or as a secret: pulumi config set --secret --path "
                f"secretValues.{name} VALUE",
                output.around(number),
            )
    return None


def _variable_of(lines: Sequence[str], number: int, line: str) -> str:
    key = re.search(rf"^(\[.*\] )?KeyError: '{_NAME}'$", line.strip())
    if key and any(_ENVIRON.search(before) for before in lines[max(number - 8, 0) : number]):
        return key["name"]
    for pattern in _VARIABLE_PATTERNS:
        if match := re.search(pattern, line.strip()):
            return match["name"]
    # pydantic-settings prints the field, and on the next line that it is required.
    if "Field required" in line and number and (field := re.fullmatch(r"\w+", lines[number - 1].strip())):
        return field[0].upper()
    return ""

"""Variables of Compose in values: `$NAME`, `${NAME:-default}`.

https://docs.docker.com/reference/compose-file/interpolation/
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from ...reading.source import Value

VARIABLE = "variable"
"""The kind of a text with a variable that has no default, and so has its value on the machine that runs Compose."""
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_BRACED = re.compile(rf"({_NAME})(?:(:?[-?+])(.*))?", re.DOTALL)
_PLAIN = re.compile(_NAME)


def interpolated(value: Value) -> Value:
    """A value with the defaults of its variables, and `$NAME` for those that have none.

    Raises:
        InputError: if a text is not valid.
    """
    if isinstance(value.data, Mapping):
        return replace(value, data={key: interpolated(item) for key, item in value.data.items()})
    if value.is_list:
        return replace(value, data=[interpolated(item) for item in value.items()])
    if not isinstance(value.data, str) or "$" not in value.data:
        return value
    text, is_complete = _resolved(value, value.data, 0)
    return replace(value, data=text, kind=value.kind if is_complete else VARIABLE)


# Nested defaults of real files have two or three levels.
_DEEPEST = 20


def _resolved(value: Value, text: str, depth: int) -> tuple[str, bool]:
    """A text with its variables replaced, and whether none is left."""
    if depth > _DEEPEST:
        raise value.error("has defaults nested too deeply")
    parts, position, is_complete = list[str](), 0, True
    while (start := text.find("$", position)) >= 0:
        parts.append(text[position:start])
        following = text[start + 1 : start + 2]
        if following == "$":
            parts.append("$")
            position = start + 2
        elif following == "{":
            position = _end(value, text, start + 2) + 1
            resolved, is_known = _braced(value, text[start + 2 : position - 1], depth)
            parts.append(resolved)
            is_complete = is_complete and is_known
        elif name := _PLAIN.match(text, start + 1):
            parts.append(name[0] and f"${name[0]}")
            position, is_complete = name.end(), False
        else:
            raise value.error("has a `$` without a name; write it as `$$`")
    return "".join((*parts, text[position:])), is_complete


def _end(value: Value, text: str, start: int) -> int:
    depth = 1
    for index in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return index
    raise value.error("has a `${` without a `}`")


def _braced(value: Value, text: str, depth: int) -> tuple[str, bool]:
    match = _BRACED.fullmatch(text)
    if not match:
        raise value.error("has a `${` without a name; write it as `$${`")
    name, operator, rest = match.groups()
    if operator in (":-", "-"):
        return _resolved(value, rest, depth + 1)
    if operator in (":+", "+"):
        return "", True  # only if the variable is set
    return f"${name}", False

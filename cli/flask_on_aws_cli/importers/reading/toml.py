"""Reads TOML files with the line of every key."""

import datetime
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from .source import InputError, Place, Value, joined, read_text

# The parts of a valid file that may contain brackets, quotation marks or ends of lines.
_PART = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' + r"|'''.*?'{3,5}" + r'|"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*'|#[^\n]*|[\[\]{}\n]",
    re.DOTALL,
)


def read_toml(path: Path) -> Value:
    """A TOML file.

    Raises:
        InputError: if it cannot be read.
    """
    text = read_text(path)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", str(error))
        line = int(match[2]) if match and match[2] else text.count("\n") + 1
        # The message may contain a part of the file, which may be a credential.
        reason = re.sub(r"['\"].*", "a name or value", match[1]) if match else "a value"
        raise InputError(f"{path}:{line}: invalid TOML ({reason}); correct it and import again.") from None
    except (RecursionError, ValueError):
        raise InputError(
            f"{path}:1: is nested too deeply or has too large numbers; correct it and import again."
        ) from None
    root = Value({}, Place(str(path)), "", "map")
    table = root
    for line, statement in _statements(text):
        place = Place(str(path), line)
        parsed = tomllib.loads(statement)
        if statement.startswith("["):
            table = _table(root, parsed, place, is_item=statement.startswith("[["))
        else:
            _add(table, parsed, place)
    return root


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The headers and assignments of a valid file, each with its first line."""
    # Without a carriage return, an end of a line is a line feed, as in tomllib.
    text = text.replace("\r\n", "\n") + "\n"
    start, depth, line = 0, 0, 1
    for part in _PART.finditer(text):
        match part[0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case "\n" if depth == 0:
                # Blank lines and comments end with their own line feeds, so the statement begins on the first line.
                statement = text[start : part.start()].strip()
                if statement and not statement.startswith("#"):
                    yield line, statement
                line += text.count("\n", start, part.end())
                start = part.end()
            case _:
                pass


def _entries(value: Value) -> dict[str, Value]:
    return cast(dict[str, Value], value.data)


def _table(root: Value, header: dict[str, Any], place: Place, *, is_item: bool) -> Value:
    """The table of a header, which is created if it is not there; `[[a.b]]` adds an item to a list."""
    table, rest = root, header
    while rest:
        name, inner = next(iter(rest.items()))
        rest = cast(dict[str, Any], inner[0] if isinstance(inner, list) else inner)
        table = _step(table, name, place, is_new=is_item and not rest)
    return table


def _step(table: Value, name: str, place: Place, *, is_new: bool) -> Value:
    path = joined(table.path, name)
    existing = _entries(table).get(name)
    if is_new:
        if existing is None:
            existing = _entries(table)[name] = Value([], place, path, "seq")
        items = cast(list[Value], existing.data)
        items.append(Value({}, place, f"{path}[{len(items)}]", "map"))
        return items[-1]
    if existing is None:
        existing = _entries(table)[name] = Value({}, place, path, "map")
    return cast(list[Value], existing.data)[-1] if existing.is_list else existing


def _add(table: Value, parsed: dict[str, Any], place: Place) -> None:
    """Add an assignment, whose name may have dots."""
    for name, item in parsed.items():
        path = joined(table.path, name)
        existing = _entries(table).get(name)
        if existing is not None and isinstance(item, dict):
            _add(existing, cast(dict[str, Any], item), place)
        else:
            _entries(table)[name] = replace(_value(item, place, path), place=place)


def _value(item: Any, place: Place, path: str) -> Value:
    if isinstance(item, dict):
        entries = cast(dict[str, Any], item).items()
        return Value({key: _value(value, place, joined(path, key)) for key, value in entries}, place, path, "map")
    if isinstance(item, list):
        items = enumerate(cast(list[Any], item))
        return Value([_value(value, place, f"{path}[{index}]") for index, value in items], place, path, "seq")
    if isinstance(item, bool):
        return Value(str(item).lower(), place, path, "bool")
    if isinstance(item, datetime.date | datetime.time):
        return Value(item.isoformat(), place, path)
    kind = "int" if isinstance(item, int) else "float" if isinstance(item, float) else "str"
    return Value(str(item).replace("\0", "\ufffd"), place, path, kind)

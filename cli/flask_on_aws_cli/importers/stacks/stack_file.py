"""Adds settings to the text of a stack's file, and keeps everything that is there: values, comments, order."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from ..reading.source import InputError, Place, read_text

# Texts that every YAML parser reads as texts without quotation marks. Pulumi's reads 1e3 and 0o7 as numbers, and
# PyYAML does not.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./@-]*(?: [A-Za-z0-9_./@-]+)*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"})


@dataclass
class StackFile:
    """A stack's file, whether it exists or not."""

    path: Path
    project: str
    text: str = ""
    config: dict[str, Any] = field(default_factory=dict[str, Any])
    """The project's settings that it has, without the project's name."""
    lines: dict[str, int] = field(default_factory=dict[str, int])
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    parent: Node | None = None
    """The node of `config`."""
    line_end: str = "\n"
    """How its lines end; `text` always has line feeds."""

    def place(self, setting: str) -> Place:
        return Place(str(self.path), self.lines.get(setting, 1))


def read_stack_file(path: Path, project: str) -> StackFile:
    """Read a stack's file; an empty one if it does not exist.

    Raises:
        InputError: if it cannot be read.
    """
    if not path.exists():
        return StackFile(path, project)
    file = StackFile(path, project, read_text(path))
    file.line_end = "\r\n" if b"\r\n" in path.read_bytes() else "\n"
    try:
        root = cast(Node | None, yaml.compose(file.text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType]
        loaded = yaml.safe_load(file.text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(
            f"{path}:{mark.line + 1 if mark else 1}: is not valid YAML; correct it and import again."
        ) from None
    if root is None:
        return file
    if not isinstance(root, MappingNode) or not isinstance(loaded, dict):
        raise InputError(f"{path}:1: is not a stack's file, which has the key `config`; correct it and import again.")
    parent = next((value for key, value in _pairs(root) if key.value == "config"), None)
    if parent is None or (isinstance(parent, ScalarNode) and not parent.value):
        file.parent = parent
        return file
    is_empty = isinstance(parent, MappingNode) and not parent.value
    if not isinstance(parent, MappingNode) or (parent.flow_style and not is_empty):
        line = parent.start_mark.line + 1
        raise InputError(f"{path}:{line}: config must be a mapping in block style; correct it and import again.")
    file.parent = parent
    values = cast(dict[str, Any], cast(dict[str, Any], loaded)["config"])
    for key, node in _pairs(parent):
        namespace, _, setting = str(key.value).partition(":")
        if namespace == project and setting:
            file.config[setting], file.lines[setting] = values[str(key.value)], key.start_mark.line + 1
            file.nodes[setting] = node
    return file


def with_settings(file: StackFile, values: Mapping[str, Any]) -> str:
    """The text of the file with more settings.

    Args:
        file: the file.
        values: settings that it does not have, and entries that its objects do not have, as paths: `env.GREETING`.

    Raises:
        InputError: if an object cannot get entries.
    """
    new = dict[str, Any]()
    insertions = list[tuple[int, str]]()
    entries = dict[str, dict[str, Any]]()
    for path, value in values.items():
        setting, dot, name = path.partition(".")
        if not dot and setting in file.nodes:
            raise _no_value(file, setting)
        if not dot:
            new[setting] = value
        elif setting in file.nodes:
            entries.setdefault(setting, {})[name] = value
        else:
            new.setdefault(setting, {})[name] = value
    insertions += (_into_object(file, setting, added) for setting, added in entries.items())
    text = file.text
    for position, insertion in sorted(insertions, reverse=True):
        text = text[:position] + insertion + text[position:]
    if not new:
        return text
    indent, block_text = _indentation(file), ""
    for setting, value in new.items():
        block_text += _setting_text(f"{file.project}:{setting}", value, indent)
    return _into_config(file, text, insertions, block_text)


def _into_config(file: StackFile, text: str, insertions: list[tuple[int, str]], block: str) -> str:
    if isinstance(file.parent, MappingNode) and _pairs(file.parent):
        last = _pairs(file.parent)[-1][1]
        end = _end_of_line(file.text, _last_character(last))
        end += sum(len(insertion) for position, insertion in insertions if position <= end)
        before = text[:end] if text[:end].endswith("\n") or not text[:end] else text[:end] + "\n"
        return before + block + text[end:]
    if isinstance(file.parent, MappingNode):  # `config: {}`
        start, end = file.parent.start_mark.index, file.parent.end_mark.index
        return text[:start].rstrip(" ") + "\n" + block.removesuffix("\n") + text[end:]
    if file.parent is not None:  # `config:` without a value
        end = _end_of_line(file.text, file.parent.start_mark.index)
        before = text[:end] if text[:end].endswith("\n") else text[:end] + "\n"
        return before + block + text[end:]
    return (text if text.endswith("\n") or not text else text + "\n") + "config:\n" + block


def _into_object(file: StackFile, setting: str, entries: Mapping[str, Any]) -> tuple[int, str]:
    """The position and text of new entries of an object."""
    node = file.nodes[setting]
    if file.config[setting] is None:
        raise _no_value(file, setting)
    if not isinstance(node, MappingNode):
        raise InputError(f"{file.place(setting)}: {setting} must be an object with a line for each entry to get more.")
    pairs = _pairs(node)
    if node.flow_style:
        items = ", ".join(
            f"{_scalar(name, quoted=True)}: {_scalar(value, quoted=True)}" for name, value in entries.items()
        )
        if pairs:
            return pairs[-1][1].end_mark.index, f", {items}"
        return node.start_mark.index + 1, items
    indent = " " * pairs[0][0].start_mark.column
    end = _end_of_line(file.text, _last_character(node))
    start = "" if file.text[:end].endswith("\n") else "\n"
    return end, start + "".join(f"{indent}{_key(name)}: {_scalar(value)}\n" for name, value in entries.items())


def _no_value(file: StackFile, setting: str) -> InputError:
    return InputError(f"{file.place(setting)}: {setting} has no value; set one, or remove the line.")


def _last_character(node: Node) -> int:
    """The index of the end of a node's text: a block's own end mark is where the next token begins."""
    while isinstance(node, MappingNode | yaml.SequenceNode) and not node.flow_style and node.value:
        node = _pairs(node)[-1][1] if isinstance(node, MappingNode) else cast(list[Node], node.value)[-1]
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        return max(node.start_mark.index, node.end_mark.index - 1)  # the end mark is the line after the block
    return node.end_mark.index


def _end_of_line(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _indentation(file: StackFile) -> str:
    if isinstance(file.parent, MappingNode) and (pairs := _pairs(file.parent)):
        return " " * pairs[0][0].start_mark.column
    return "  "


def _setting_text(key: str, value: Any, indent: str) -> str:
    if isinstance(value, dict):
        entries = cast(dict[str, Any], value)
        return f"{indent}{key}:\n" + "".join(
            f"{indent}  {_key(name)}: {_scalar(item)}\n" for name, item in entries.items()
        )
    if isinstance(value, list):
        items = cast(list[Any], value)
        return f"{indent}{key}:\n" + "".join(f"{indent}  - {_scalar(item)}\n" for item in items)
    return f"{indent}{key}: {_scalar(value)}\n"


def _key(name: str) -> str:
    return name if _PLAIN.fullmatch(name) and name.lower() not in _WORDS else _scalar(name, quoted=True)


def _scalar(value: Any, *, quoted: bool = False) -> str:
    """A value on one line, which YAML reads as it is."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if not quoted and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    dumped = yaml.safe_dump(value, default_style='"', width=float("inf"), allow_unicode=True)
    return dumped.removesuffix("\n")


def _pairs(node: Node) -> list[tuple[Node, Node]]:
    return cast(list[tuple[Node, Node]], node.value)

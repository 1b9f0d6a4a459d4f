"""Values of files with their lines: reads YAML and JSON, and reports wrong types as sentences."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

# Real files have some kilobytes. Aliases can make a small file expand to any size.
_MOST_BYTES = 1024 * 1024
_MOST_VALUES = 50_000
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
# Above YAML's limit of 1024 characters for a key.
_LONGEST_NUMBER = 18


class InputError(Exception):
    """A file that cannot be imported; the message is a sentence with the file, the line and the fix."""


@dataclass(frozen=True, order=True)
class Place:
    """A line of a file."""

    file: str
    line: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass
class Use:
    """Whether a format asked for a value. All copies of a value share it."""

    is_used: bool = False
    is_overridden: bool = False


@dataclass(frozen=True)
class Value:
    """A value of a file with its place. Messages never contain a value itself, which may be a secret."""

    data: "Mapping[str, Value] | Sequence[Value] | str | None"
    """The text of a scalar as it is written; None for null."""
    place: Place
    path: str = ""
    """Its keys, like `http.healthcheck.path`."""
    kind: str = "str"
    """The YAML type, or a tag of the file's own like `!reset`."""
    use: Use = field(default_factory=Use, compare=False, repr=False)

    def __getitem__(self, key: str) -> "Value | None":
        """The value of a key of a mapping; None if it is not there or null."""
        value = self.mapping().get(key)
        if value is None or value.data is None:
            return None
        if value.is_scalar:
            value.use.is_used = True
        return value

    def get(self, *keys: str) -> "Value | None":
        """The value at the end of a path of keys; None if a part of it is not there."""
        value: Value | None = self
        for key in keys:
            value = value[key] if value else None
        return value

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.data, Mapping)

    @property
    def is_list(self) -> bool:
        return isinstance(self.data, Sequence) and not isinstance(self.data, str)

    @property
    def is_scalar(self) -> bool:
        return isinstance(self.data, str)

    def mapping(self) -> "Mapping[str, Value]":
        """Names with values; null is an empty mapping."""
        if self.data is None:
            return {}
        if not isinstance(self.data, Mapping):
            raise self.error("must be a mapping, with a line `name: value` for each entry")
        return self.data

    def items(self) -> "Sequence[Value]":
        """The items of a list; null is an empty list."""
        if self.data is None:
            return ()
        if not self.is_list:
            raise self.error("must be a list, with a line `- value` for each item")
        return cast(Sequence[Value], self.data)

    def text(self) -> str:
        """A text; a number or true as it is written."""
        if not isinstance(self.data, str):
            raise self.error("must be a text")
        self.use.is_used = True
        return self.data

    def integer(self) -> int:
        """A whole number, also in quotation marks."""
        text = self.data if isinstance(self.data, str) else ""
        if not re.fullmatch(r"[+-]?[0-9]+", text) or len(text) > _LONGEST_NUMBER:
            raise self.error("must be a whole number")
        self.use.is_used = True
        return int(text)

    def flag(self) -> bool:
        """true or false."""
        if not isinstance(self.data, str) or self.data.lower() not in ("true", "false"):
            raise self.error("must be true or false")
        self.use.is_used = True
        return self.data.lower() == "true"

    def children(self) -> "Iterable[Value]":
        """The values directly in this one."""
        if isinstance(self.data, Mapping):
            return self.data.values()
        return cast("Sequence[Value]", self.data) if self.is_list else ()

    def mark_used(self) -> None:
        """Note that this value is dealt with as a whole."""
        self.use.is_used = True
        for child in self.children():
            child.mark_used()

    def unused(self) -> "Iterator[Value]":
        """The largest parts that no format asked for."""
        if not self._has_use():
            if self._has_content():
                yield self
            return
        for child in self.children():
            yield from child.unused()

    def _has_use(self) -> bool:
        return self.use.is_used or any(child._has_use() for child in self.children())

    def _has_content(self) -> bool:
        if self.use.is_overridden:
            return False
        return isinstance(self.data, str) or any(child._has_content() for child in self.children())

    def error(self, reason: str) -> InputError:
        """The error of this value. `reason` states what it must be."""
        return InputError(f"{self.place}: {self.path or 'the file'} {reason}; correct it and import again.")

    def over(self, base: "Value | None") -> "Value":
        """This value over a base: mappings are merged, anything else replaces the base's."""
        if base is None:
            return self
        if not (isinstance(self.data, Mapping) and isinstance(base.data, Mapping)):
            base.use.is_overridden = True
            return self
        merged = {**base.data, **{key: value.over(base.data.get(key)) for key, value in self.data.items()}}
        return replace(self, data=merged)


def printable(text: str) -> str:
    """A text of a source without the characters that control a terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def read_yaml(path: Path) -> Value:
    """A YAML file.

    Raises:
        InputError: if it cannot be read.
    """
    return _compose(path, read_text(path))


def read_json(path: Path) -> Value:
    """A JSON file.

    Raises:
        InputError: if it cannot be read.
    """
    text = read_text(path)
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        place = Place(str(path), error.lineno)
        raise InputError(f"{place}: invalid JSON ({error.msg}); correct it and import again.") from None
    except (RecursionError, ValueError):
        raise InputError(
            f"{path}:1: is nested too deeply or has too large numbers; correct it and import again."
        ) from None
    # YAML has all of JSON but tabs between values, which cannot be part of a JSON text.
    return _compose(path, text.replace("\t", " "), repeated_keys=True)


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        InputError: if it cannot be read, is too large or is not UTF-8.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path}:1: has more than 1 MiB, too much for a configuration; choose another file.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}:1: cannot be read ({error.strerror}); make it readable.") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError(f"{path}:{line}: is not UTF-8 text; save it as UTF-8.") from None


def _compose(path: Path, text: str, *, repeated_keys: bool = False) -> Value:
    try:
        node = cast(Node | None, yaml.compose(text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType]
        converter = _Converter(str(path), repeated_keys)
        return converter.value(node, "") if node else Value(None, Place(str(path)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(str(path), mark.line + 1 if mark else 1)
        raise InputError(f"{place}: invalid YAML ({error.problem}); correct it and import again.") from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1 if isinstance(error.position, int) else 1
        raise InputError(f"{path}:{line}: invalid YAML (a control character); remove it and import again.") from None
    except (yaml.YAMLError, RecursionError):
        raise InputError(f"{path}:1: is nested too deeply; write it flatter and import again.") from None


class _Converter:
    """From the nodes of a file to values."""

    def __init__(self, file: str, repeated_keys: bool) -> None:
        self._file, self._repeated_keys, self._count = file, repeated_keys, 0

    def value(self, node: Node, path: str) -> Value:
        place = Place(self._file, node.start_mark.line + 1)
        self._count += 1
        if self._count > _MOST_VALUES:
            raise InputError(f"{place}: aliases repeat more than {_MOST_VALUES} values; write them out or remove them.")
        if isinstance(node, ScalarNode):
            if "\0" in cast(str, node.value):
                raise InputError(f"{place}: {path} contains a null character; remove it and import again.")
            kind = str(node.tag).removeprefix(_TAG)
            text = cast(str, node.value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            return Value(None if kind == "null" else text, place, path, kind)
        if isinstance(node, SequenceNode):
            items = cast(list[Node], node.value)
            values = [self.value(item, f"{path}[{index}]") for index, item in enumerate(items)]
            return Value(values, place, path, str(node.tag).removeprefix(_TAG))
        entries = dict(self._entries(cast(MappingNode, node), path, place))
        return Value(entries, place, path, str(node.tag).removeprefix(_TAG))

    def _entries(self, node: MappingNode, path: str, place: Place) -> Iterator[tuple[str, Value]]:
        pairs = cast(list[tuple[Node, Node]], node.value)
        merged = [value for key, value in pairs if key.tag == _MERGE]
        for base in merged:
            for source in reversed(cast(list[Node], base.value)) if isinstance(base, SequenceNode) else [base]:
                if not isinstance(source, MappingNode):
                    raise InputError(f"{place}: `<<` must name a mapping; correct it and import again.")
                yield from self.value(source, path).mapping().items()
        names = set[str]()
        for key, value in pairs:
            if key.tag == _MERGE:
                continue
            line = Place(self._file, key.start_mark.line + 1)
            if not isinstance(key, ScalarNode):
                raise InputError(f"{line}: a name must be a text; correct it and import again.")
            name = str(key.value)
            if "\0" in name:
                raise InputError(f"{line}: a name contains a null character; remove it and import again.")
            if name in names and not self._repeated_keys:
                raise InputError(f"{line}: {joined(path, name)} is there twice; remove one of them.")
            names.add(name)
            # The place of an entry is the line of its name, also where its value is an alias or begins below.
            yield name, replace(self.value(value, joined(path, name)), place=line)


def joined(path: str, name: str) -> str:
    """The path of an entry of a mapping."""
    return f"{path}.{name}" if path else name


def entries(value: Value | None) -> Mapping[str, Value]:
    """The entries of a mapping that may be missing."""
    return value.mapping() if value else {}


def items(value: Value | None) -> Sequence[Value]:
    """The items of a list that may be missing."""
    return value.items() if value else ()


def empty(path: Path) -> Value:
    """The value of a file that does not exist."""
    return Value(None, Place(str(path)))


def plain(value: Value) -> Any:
    """The value without places, with numbers and flags as such: for containers' definitions."""
    if isinstance(value.data, Mapping):
        return {key: plain(item) for key, item in value.data.items()}
    if value.is_list:
        return [plain(item) for item in value.items()]
    if value.kind == "bool":
        return cast(str, value.data).lower() == "true"
    if value.kind == "int" and re.fullmatch(r"-?[0-9]{1,15}", str(value.data)):
        return int(cast(str, value.data))
    return value.data

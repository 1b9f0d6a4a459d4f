"""The files of an app's folder, read with errors that name file and line."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

# Windows tools write requirements files in UTF-16; pip recognizes them by the same byte order marks.
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

_Made = TypeVar("_Made")


class FileError(ValueError):
    """A file that cannot be used, as one sentence with file and line."""


class ProjectFiles:
    """The files of one folder. Names are relative to it, with slashes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parsed: dict[tuple[str, str], Any] = {}
        self._made: dict[Callable[[ProjectFiles], Any], Any] = {}

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return self._is(name, Path.is_file)

    def has_folder(self, name: str) -> bool:
        """Whether there is such a folder."""
        return self._is(name, Path.is_dir)

    def text(self, name: str) -> str:
        """The text of a file; empty if there is none.

        Raises:
            FileError: if it cannot be read or is not text.
        """
        if not self.has(name):
            return ""
        try:
            content = (self.folder / name).read_bytes()
            return content.decode(_MARKS.get(content[:2], "utf-8-sig"))
        except OSError as error:
            raise FileError(f"{name} cannot be read ({error.strerror}); make it readable.") from error
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise FileError(f"{name}, line {line}: is not UTF-8 text; save it as UTF-8.") from error

    def toml(self, name: str) -> dict[str, Any]:
        """The tables of a TOML file; empty if there is none.

        Raises:
            FileError: if it does not parse.
        """
        return self._once("toml", name, _toml)

    def json(self, name: str) -> dict[str, Any]:
        """The object of a JSON file; empty if there is none.

        Raises:
            FileError: if it does not parse.
        """
        return self._once("json", name, _json)

    def yaml(self, name: str) -> dict[str, Any]:
        """The mapping of a YAML file with every scalar as a string; empty if there is none.

        Raises:
            FileError: if it does not parse.
        """
        return self._once("yaml", name, _yaml)

    def once(self, make: "Callable[[ProjectFiles], _Made]") -> _Made:
        """What a function makes of the files, made once for all who ask: reading an app's code takes longest."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]

    def line_of(self, name: str, pattern: str) -> int:
        """The first line that the expression matches from its start, or 1."""
        lines = self.text(name).splitlines()
        return next((number for number, line in enumerate(lines, 1) if re.match(pattern, line)), 1)

    def _is(self, name: str, check: Any) -> bool:
        try:
            return check(self.folder / name)
        except (OSError, ValueError):  # a name that no file system accepts
            return False

    def _once(self, kind: str, name: str, parse: Any) -> dict[str, Any]:
        if (kind, name) not in self._parsed:
            self._parsed[kind, name] = parse(name, self.text(name)) if self.has(name) else {}
        return self._parsed[kind, name]


def table(value: Any, *path: str) -> dict[str, Any]:
    """The table at a path of keys; empty where there is none."""
    for key in path:
        value = cast(dict[str, Any], value).get(key) if isinstance(value, dict) else None
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The value if it is a list, else nothing."""
    return cast(list[Any], value) if isinstance(value, list) else []


def _toml(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Until Python 3.14 the line is only in the message.
        location = re.search(r"\s*\(at line (\d+), column \d+\)|\s*\(at end of document\)", str(error))
        line = location[1] if location and location[1] else max(1, len(text.splitlines()))
        reason = _flat(str(error)[: location.start()] if location else str(error))
        raise FileError(f"{name}, line {line}: is not TOML ({reason}); correct it.") from error


def _json(name: str, text: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        line, reason = getattr(error, "lineno", 1), getattr(error, "msg", str(error))
        raise FileError(f"{name}, line {line}: is not JSON ({_flat(reason)}); correct it.") from error
    return _mapping(name, parsed)


def _yaml(name: str, text: str) -> dict[str, Any]:
    import yaml  # comes with the Pulumi SDK; only an app with conda needs it

    try:
        # Scalars stay strings: a version like 3.10 is not a number.
        parsed = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 it creates only strings, lists and mappings
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error)
        raise FileError(
            f"{name}, line {mark.line + 1 if mark else 1}: is not YAML ({_flat(reason)}); correct it."
        ) from error
    return _mapping(name, parsed if parsed not in (None, "") else {})


def _mapping(name: str, parsed: Any) -> dict[str, Any]:
    if not isinstance(parsed, dict):
        raise FileError(f"{name}, line 1: must hold names with values; see its manual.")
    return {str(key): value for key, value in cast(dict[Any, Any], parsed).items()}


def _flat(reason: str) -> str:
    return " ".join(reason.split()).rstrip(".")

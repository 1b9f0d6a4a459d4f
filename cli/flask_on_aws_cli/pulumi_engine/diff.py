"""Decides what an update does to a resource, by comparing its old and new inputs."""

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, cast

from .model.values import plain

# A property path: `a.b`, `a[0]`, `a["with.dots"]`.
_SEGMENT = re.compile(r"""\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\.?([^.\[\]]+)""")


class Step(Enum):
    """The operation on a resource that the program registers."""

    CREATE = "create"
    SAME = "same"
    UPDATE = "update"
    REPLACE = "replace"
    """The replacement is created first; the old resource is deleted at the end of the run."""
    REPLACE_DELETE_FIRST = "replace, the old one deleted first"


def changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """The properties whose values differ. Null equals absent, and a secret equals its value."""
    before, after = plain(old), plain(new)
    return {key for key in {*before, *after} if _without_nulls(before.get(key)) != _without_nulls(after.get(key))}


def ignoring(old: Mapping[str, Any], new: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """The new inputs, with the old values at the paths whose changes are ignored."""
    result: dict[str, Any] = copy.deepcopy(dict(new))
    for path in paths:
        if path == "*":
            return copy.deepcopy(dict(old))
        segments = parse_path(path)
        if segments:
            _set_or_remove(result, segments, *_get(old, segments))
    return result


def parse_path(path: str) -> list[str | int]:
    """A property path as keys and indices."""
    return [int(index) if index else quoted or word for index, quoted, word in _SEGMENT.findall(path)]


def decide(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    replace_on: Iterable[str],
    replace_on_changes: Sequence[str] = (),
    updatable: bool = True,
    delete_first: bool = False,
    unsure: bool = False,
) -> Step:
    """The operation for an existing resource.

    Args:
        replace_on: properties that the type cannot change in place.
        replace_on_changes: property paths whose changes replace the resource by the program's option; `*` is any.
        updatable: whether the type can change in place at all.
        delete_first: whether the old resource must be deleted before its replacement can be created.
        unsure: whether an update was interrupted, so that another is needed even if nothing differs.
    """
    differing = changed(old, new)
    is_requested = any(_path_changed(old, new, path, differing) for path in replace_on_changes)
    if differing & set(replace_on) or is_requested or (differing and not updatable):
        return Step.REPLACE_DELETE_FIRST if delete_first else Step.REPLACE
    return Step.UPDATE if differing or (unsure and updatable) else Step.SAME


def _path_changed(old: Mapping[str, Any], new: Mapping[str, Any], path: str, differing: set[str]) -> bool:
    if path == "*":
        return bool(differing)
    segments = parse_path(path)
    return _without_nulls(plain(_get(old, segments)[1])) != _without_nulls(plain(_get(new, segments)[1]))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in cast(dict[str, Any], value).items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in cast(list[Any], value)]
    return value


def _get(value: Any, segments: Sequence[str | int]) -> tuple[bool, Any]:
    """Whether the path exists, and its value."""
    for segment in segments:
        try:
            value = value[segment]
        except (KeyError, IndexError, TypeError):
            return False, None
    return True, copy.deepcopy(value)


def _set_or_remove(container: Any, segments: Sequence[str | int], present: bool, value: Any) -> None:
    """Set or remove the value at a path; does nothing if the path's parent does not exist."""
    parent = container
    for segment in segments[:-1]:
        try:
            parent = parent[segment]
        except (KeyError, IndexError, TypeError):
            return
    last = segments[-1]
    if isinstance(parent, dict):
        if present:
            parent[last] = value
        else:
            cast(dict[Any, Any], parent).pop(last, None)
    elif isinstance(parent, list) and present and isinstance(last, int):
        items = cast(list[Any], parent)
        if last < len(items):
            items[last] = value

"""What an update would do: pure comparisons of a resource's inputs before and now."""

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, cast

from .model.values import plain

# A property path: `a.b`, `a[0]`, `a["with.dots"]`.
_PART = re.compile(r"""\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\.?([^.\[\]]+)""")


class Step(Enum):
    """What is done with a resource that the program registers."""

    CREATE = "create"
    SAME = "same"
    UPDATE = "update"
    REPLACE = "replace"
    """The new one is created first, the old one deleted at the end."""
    REPLACE_DELETE_FIRST = "replace, the old one deleted first"


def changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """The properties whose values differ. What is null is absent, and being a secret is no difference."""
    before, after = plain(old), plain(new)
    return {key for key in {*before, *after} if _tidy(before.get(key)) != _tidy(after.get(key))}


def ignoring(old: Mapping[str, Any], new: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """The new inputs with the old values wherever changes are to be ignored."""
    result: dict[str, Any] = copy.deepcopy(dict(new))
    for path in paths:
        if path == "*":
            return copy.deepcopy(dict(old))
        parts = parse(path)
        if parts:
            _put(result, parts, *_get(old, parts))
    return result


def parse(path: str) -> list[str | int]:
    """A property path as keys and indices."""
    return [int(index) if index else quoted or word for index, quoted, word in _PART.findall(path)]


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
    """What to do with a resource that exists.

    Args:
        replace_on: properties that the type cannot change in place.
        replace_on_changes: property paths for which the program asks for a replacement; `*` is any.
        updatable: whether the type can change in place at all.
        delete_first: whether two of them cannot be there at once.
        unsure: whether an update was begun and not ended, so that one is needed even where nothing differs.
    """
    differing = changed(old, new)
    asked = any(_path_changed(old, new, path, differing) for path in replace_on_changes)
    if differing & set(replace_on) or asked or (differing and not updatable):
        return Step.REPLACE_DELETE_FIRST if delete_first else Step.REPLACE
    return Step.UPDATE if differing or (unsure and updatable) else Step.SAME


def _path_changed(old: Mapping[str, Any], new: Mapping[str, Any], path: str, differing: set[str]) -> bool:
    if path == "*":
        return bool(differing)
    parts = parse(path)
    return _tidy(plain(_get(old, parts)[1])) != _tidy(plain(_get(new, parts)[1]))


def _tidy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tidy(item) for key, item in cast(dict[str, Any], value).items() if item is not None}
    if isinstance(value, list):
        return [_tidy(item) for item in cast(list[Any], value)]
    return value


def _get(value: Any, parts: Sequence[str | int]) -> tuple[bool, Any]:
    """Whether there is something at a path, and what."""
    for part in parts:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return False, None
    return True, copy.deepcopy(value)


def _put(container: Any, parts: Sequence[str | int], present: bool, value: Any) -> None:
    """Set or remove what is at a path; where the path does not lead anywhere, nothing is done."""
    there, parent = True, container
    for part in parts[:-1]:
        try:
            parent = parent[part]
        except (KeyError, IndexError, TypeError):
            there = False
            break
    last = parts[-1]
    if isinstance(parent, dict) and there:
        if present:
            parent[last] = value
        else:
            cast(dict[Any, Any], parent).pop(last, None)
    elif isinstance(parent, list) and there and present and isinstance(last, int):
        items = cast(list[Any], parent)
        if last < len(items):
            items[last] = value

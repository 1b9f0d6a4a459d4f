"""What differs between two values: inside of JSON texts, by name in lists of named objects, without secret values."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from ..pulumi_engine.model.values import Secret, Unknown, plain

Path = tuple[str, ...]

# The key that identifies an object in a list, in this order: containers and variables, IAM statements, tags.
_NAMES = ("name", "Name", "Sid", "sid", "containerName", "key", "Key")
# Lists in container definitions whose objects are a name and a value: the value itself stands for the object.
_NAMED_VALUES = {"environment": "value", "secrets": "valueFrom"}
SECRET = "(secret)"  # noqa: S105 stands for one
UNKNOWN = "(known after the update)"


class Difference(NamedTuple):
    """A value that differs."""

    path: Path
    before: Any
    """None if there is none."""
    after: Any
    secret: bool = False


def differences(before: Any, after: Any, path: Path = ()) -> Iterator[Difference]:
    """The values that differ, each as deep inside as possible. Null and empty lists and objects count as absent."""
    if isinstance(before, Secret) or isinstance(after, Secret):
        yield from _of_secrets(_revealed(before), _revealed(after), path)
        return
    before, after = _parsed(before, after)
    if isinstance(before, list) and isinstance(after, list):
        old_items, new_items = cast(list[Any], before), cast(list[Any], after)
        if not all(isinstance(item, Mapping) for item in (*old_items, *new_items)):
            if plain(old_items) != plain(new_items):
                has_secrets = shown([old_items, new_items]) != plain([old_items, new_items])
                yield Difference(path, _emptied(shown(before)), _emptied(shown(after)), has_secrets)
            return
        name = _name_key([*old_items, *new_items], old_items, new_items)
        before, after = _by_name(old_items, name, path), _by_name(new_items, name, path)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        old, new = cast(Mapping[str, Any], before), cast(Mapping[str, Any], after)
        for key in sorted({*old, *new}):  # a program sends them in any order
            yield from differences(old.get(key), new.get(key), (*path, key))
    elif not _same(before, after):
        yield Difference(path, _emptied(before), _emptied(after))


def shown(value: Any) -> Any:
    """The value as a report may show it: as JSON, with a text for each value that is secret or not known."""
    if isinstance(value, Secret):
        return SECRET
    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: shown(item) for key, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [shown(item) for item in cast(Sequence[Any], value)]
    return value


def unknown_paths(before: Any, after: Any, path: Path = ()) -> Iterator[str]:
    """The paths of the values that are known on neither side."""
    before, after = _revealed(before), _revealed(after)
    if isinstance(before, Unknown) and isinstance(after, Unknown):
        yield ".".join(path)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        old, new = cast(Mapping[str, Any], before), cast(Mapping[str, Any], after)
        for key in sorted({*old} & {*new}):
            yield from unknown_paths(old[key], new[key], (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        for index, (old, new) in enumerate(zip(cast(list[Any], before), cast(list[Any], after), strict=False)):
            yield from unknown_paths(old, new, (*path, str(index)))


def _of_secrets(before: Any, after: Any, path: Path) -> Iterator[Difference]:
    for difference in differences(before, after, path):
        yield Difference(
            difference.path,
            None if difference.before is None else SECRET,
            None if difference.after is None else SECRET,
            secret=True,
        )


def _revealed(value: Any) -> Any:
    return value.value if isinstance(value, Secret) else value


def _parsed(before: Any, after: Any) -> tuple[Any, Any]:
    """Both as the objects or lists whose JSON they are, if one is and the other is as well, or is absent."""
    if not any(isinstance(value, str) for value in (before, after)):
        return before, after
    values = [json_value(value) if isinstance(value, str) else value for value in (before, after)]
    if any(isinstance(value, Mapping | list) for value in values) and all(
        value is None or isinstance(value, Mapping | list) for value in values
    ):
        empty: Any = [] if any(isinstance(value, list) for value in values) else {}
        return tuple(empty if value is None else value for value in values)  # type: ignore[return-value]
    return before, after


def json_value(text: str) -> Any:
    """The object or list whose JSON the text is, or the text itself."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _name_key(items: Sequence[Any], *lists: Sequence[Any]) -> str:
    """The key that names each object of both lists; empty if none does."""
    for key in _NAMES:
        texts = [[item.get(key) for item in each] for each in lists]
        are_names = items and all(isinstance(text, str) for each in texts for text in each)
        if are_names and all(len(set(each)) == len(each) for each in texts):
            return key
    return ""


def _by_name(items: Sequence[Any], name: str, path: Path) -> dict[str, Any]:
    """Objects by name, or by position if they have none."""
    if not name:
        return {str(index): item for index, item in enumerate(items)}
    value = _NAMED_VALUES.get(path[-1]) if path else None
    if value and all(set(item) <= {name, value} for item in items):
        return {item[name]: item.get(value) for item in items}
    return {item[name]: item for item in items}


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, Unknown) and isinstance(after, Unknown):
        return True
    return _emptied(before) == _emptied(after)


def _emptied(value: Any) -> Any:
    return None if value in ({}, []) else value

"""The names of a component's arguments, before anything looks at their values: unknown ones, missing ones, and Outputs
where only a plain value can decide what is created. `Component` checks them for every component.
"""

import difflib
import functools
import inspect
import types
from collections.abc import Awaitable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

import pulumi

from ._names import snake_case


class Problem(NamedTuple):
    """One thing wrong with the arguments: which argument, and a whole sentence with its value and the fix."""

    argument: str
    reason: str


# pulumi.Input[str] names `Output[T]` as a text.
_PULUMI_NAMES = {"Output": pulumi.Output, "T": Any}


def argument_problems(kind: type[Any], args: Mapping[str, Any], owner: str, path: str = "") -> Iterator[Problem]:
    """What the declared arguments have to do with those that are given, a sentence each.

    Args:
        kind: the TypedDict that declares the arguments.
        args: the given arguments; None counts as absent.
        owner: what has these arguments, with its article, like `a Database`.
        path: where they are within the arguments of the component, like `schedules[0].`.
    """
    hints = _hints(kind)
    for name in args:
        if name not in hints:
            yield Problem(path + name, f"is not an argument of {owner}; {_hint(name, hints)}")
    for name in sorted(cast(frozenset[str], kind.__required_keys__), key=list(hints).index):
        if args.get(name) is None:
            yield Problem(path + name, f"is missing; {owner} cannot be created without it.")
    for name, value in args.items():
        if name in hints:
            yield from _value_problems(path + name, value, hints[name])


def args_type(component: type[Any]) -> type[Any]:
    """The TypedDict of a component's arguments, as its constructor declares it."""
    return _constructor_hints(component)["args"]


@functools.cache
def _constructor_hints(component: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(component.__init__, localns=_PULUMI_NAMES)


@functools.cache
def _hints(kind: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(kind, localns=_PULUMI_NAMES)


def _hint(name: str, known: Collection[str]) -> str:
    if snake_case(name) in known:
        return f"in Python it is {snake_case(name)}."
    near = difflib.get_close_matches(snake_case(name), known, 1)
    return f"did you mean {near[0]}?" if near else f"it has {', '.join(known)}."


def _value_problems(path: str, value: Any, hint: Any) -> Iterator[Problem]:
    plain, takes_output = _plain(hint)
    if isinstance(value, pulumi.Output) or inspect.isawaitable(value):
        if not takes_output and plain is not Any:
            yield Problem(path, "needs a plain value, not an Output: it decides what is created, before anything is.")
        return
    inner = get_args(plain)
    if isinstance(value, Mapping):
        given = cast(Mapping[str, Any], value)
        if is_typeddict(plain):
            yield from argument_problems(plain, given, f"an entry of {path.partition('[')[0]}", f"{path}.")
        elif get_origin(plain) is Mapping:
            for key, item in given.items():
                yield from _value_problems(f"{path}.{key}", item, inner[1])
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes) and get_origin(plain) is Sequence:
        for index, item in enumerate(cast(Sequence[Any], value)):
            yield from _value_problems(f"{path}[{index}]", item, inner[0])


def _plain(hint: Any) -> tuple[Any, bool]:
    """The type of the value itself, and whether an Output may take its place, as in `pulumi.Input[str]`."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    members = get_args(hint)
    late = [member for member in members if _is_late(member)]
    return next(member for member in members if member not in late), bool(late)


def _is_late(hint: Any) -> bool:
    origin = get_origin(hint) or hint
    return isinstance(origin, type) and issubclass(origin, pulumi.Output | Awaitable)

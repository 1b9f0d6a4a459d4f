"""Whether arguments have the types that a component's Args declare, before any check looks at their values.

Neither Pulumi's hosted package nor Python checks types: a string would count as true where a boolean is expected, and as
a list of its characters. A value of another type, or a word that a `Choice` does not have, is reported, and excluded from
the checks of values.
"""

import functools
import inspect
import types
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, ForwardRef, NotRequired, Required, TypeVar, Union, cast, get_args, get_origin

import pulumi

from .choices import Choice
from .problems import Problem
from .values import choice_problems

_Check = TypeVar("_Check", bound=Callable[..., Iterator[Problem]])
# Arguments whose values no message may repeat: they are secrets, or people may put secrets there by mistake.
SECRET_ARGUMENTS = frozenset({"secret_values", "build_secrets", "secrets", "values", "origin_secret"})
_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
_PLURALS = {bool: "true or false values", int: "whole numbers", float: "numbers", str: "texts"}


def typed(kind: type[Any]) -> Callable[[_Check], _Check]:
    """Decorate a check of values, whose last argument is the Args, to report values of another type than `kind` declares.

    The decorated check receives the arguments without these.
    """

    def decorate(check: _Check) -> _Check:
        @functools.wraps(check)
        def checked(*positional: Any) -> Iterator[Problem]:
            *before, args = positional
            rejected = [*type_problems(kind, args), *_word_problems(kind, args)]
            invalid = {head(problem.argument) for problem in rejected}
            rest = {key: value for key, value in args.items() if key not in invalid}
            yield from rejected
            yield from (problem for problem in check(*before, rest) if head(problem.argument) not in invalid)

        return cast(_Check, checked)

    return decorate


def type_problems(kind: type[Any], args: Mapping[str, Any]) -> Iterator[Problem]:
    """Arguments of another type than `kind` declares, one sentence each; None counts as absent."""
    # Unevaluated: pulumi.Input refers to Output as a string, with a type variable that evaluation would lose.
    hints = cast(Mapping[str, Any], kind.__annotations__)
    for name, value in args.items():
        if name in hints and value is not None:
            yield from _value_problems(name, value, hints[name], name in SECRET_ARGUMENTS)


def _word_problems(kind: type[Any], args: Mapping[str, Any]) -> Iterator[Problem]:
    """Arguments that are none of the words of their `Choice`."""
    for name, hint in kind.__annotations__.items():
        choice, value = plain_type(hint), args.get(name)
        if isinstance(value, str) and inspect.isclass(choice) and issubclass(choice, Choice):
            yield from choice_problems(name, str(value), list(choice))


def head(path: str) -> str:
    """The argument at the start of a path: `env` of `env.NAME`, `schedules` of `schedules[0].name`."""
    return path.partition(".")[0].partition("[")[0]


def _value_problems(path: str, value: Any, hint: Any, is_secret: bool) -> Iterator[Problem]:
    hint, is_input = _plain(hint)
    if isinstance(value, pulumi.Output) or inspect.isawaitable(value):
        if not is_input and hint is not Any:
            yield Problem(path, "needs a plain value, not an Output: it decides which resources are created.")
        return
    if _is_a(value, hint):
        inner = get_args(hint)
        if get_origin(hint) is Mapping:
            for key, item in cast(Mapping[str, Any], value).items():
                yield from _value_problems(f"{path}.{key}", item, inner[1], is_secret)
        elif get_origin(hint) is Sequence:
            for index, item in enumerate(cast(Sequence[Any], value)):
                yield from _value_problems(f"{path}[{index}]", item, inner[0], is_secret)
        return
    shown = "" if is_secret else f"{value!r} "
    yield Problem(path, f"{shown}must be {_description(hint)}.")


def plain_type(hint: Any) -> Any:
    """The type of an argument's value itself: `str` of `Required[pulumi.Input[str]]`."""
    return _plain(hint)[0]


def _plain(hint: Any) -> tuple[Any, bool]:
    """The type of the value itself, and whether an output may take its place, as in `pulumi.Input[str]`."""
    if get_origin(hint) in (Required, NotRequired):
        return _plain(get_args(hint)[0])
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    members = get_args(hint)
    plain = [member for member in members if not _is_late(member) and member is not type(None)]
    return plain[0], any(_is_late(member) for member in members)


def _is_late(hint: Any) -> bool:
    return isinstance(hint, ForwardRef) or get_origin(hint) in (pulumi.Output, Awaitable)


def _is_a(value: Any, hint: Any) -> bool:
    kind = get_origin(hint) or hint
    if kind is Any:
        return True
    if kind is Mapping:
        return isinstance(value, Mapping) and all(isinstance(key, str) for key in cast(Mapping[Any, Any], value))
    if kind is Sequence:
        return isinstance(value, Sequence) and not isinstance(value, str | bytes)
    if kind in (int, float):  # fractions and booleans are left to the checks of values, which have the limits
        return isinstance(value, int | float)
    if issubclass(kind, Choice):
        return isinstance(value, str)
    return isinstance(value, kind)


def _description(hint: Any) -> str:
    inner = get_args(hint)
    if get_origin(hint) is Mapping:
        return f"names with {_plurals(inner[1])}"
    if get_origin(hint) is Sequence:
        return f"a list of {_plurals(inner[0])}"
    return _NAMES[str] if issubclass(hint, Choice) else _NAMES.get(hint, str(hint))


def _plurals(hint: Any) -> str:
    hint, _ = _plain(hint)
    return "objects" if get_origin(hint) is Mapping else _PLURALS.get(hint, "values")

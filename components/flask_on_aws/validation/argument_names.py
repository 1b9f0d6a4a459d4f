"""Checks of the names of a component's arguments, unknown and missing ones, before any check of their values.

`Component` checks them for every component, together with the types of the values (`argument_types.py`).
"""

import difflib
import inspect
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..naming import snake_case
from .problems import Problem


def name_problems(kind: type[Any], args: Mapping[str, Any], owner: str) -> Iterator[Problem]:
    """Arguments that are not declared, and required ones that are missing, one sentence each.

    Args:
        kind: the TypedDict that declares the arguments.
        args: the arguments; None counts as absent.
        owner: the component's name with its article, like `a Database`.
    """
    for name in args:
        if name not in kind.__annotations__:
            yield Problem(name, f"is not an argument of {owner}; {_hint(name, kind.__annotations__)}")
    for name in kind.__annotations__:
        if name in kind.__required_keys__ and args.get(name) is None:
            yield Problem(name, f"is missing; {owner} cannot be created without it.")


def args_type(component: type[Any]) -> type[Any]:
    """The TypedDict of a component's arguments, as its constructor declares it."""
    return inspect.get_annotations(component.__init__)["args"]


def _hint(name: str, names: Collection[str]) -> str:
    if snake_case(name) in names:
        return f"in Python it is {snake_case(name)}."
    near = difflib.get_close_matches(snake_case(name), names, 1)
    return f"did you mean {near[0]}?" if near else f"it has {', '.join(names)}."

"""The base of every component: its type token, options for its children, its outputs, and the checks of its arguments."""

import inspect
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Self, TypeVar, cast

import pulumi

from ._arguments import Problem, args_type, argument_problems

__all__ = ["LONGEST_PHYSICAL_NAME", "PACKAGE", "SUFFIX_LENGTH", "Component", "Problem", "refuse", "settle"]

PACKAGE = "flask-on-aws"

# AWS allows 32 characters for load balancers and target groups; automatic naming appends "-" and 7 characters.
LONGEST_PHYSICAL_NAME = 32
SUFFIX_LENGTH = 8

_Args = TypeVar("_Args", bound=Mapping[str, Any])


class Component(pulumi.ComponentResource):
    """A component whose outputs are exactly its class annotations, and whose arguments are those that it declares."""

    def __new__(cls, *given: Any, **named: Any) -> Self:
        """Check the arguments' names before the constructor, which takes name, args and opts, reads one.

        Raises:
            pulumi.InputPropertiesError: for unknown and missing arguments, and Outputs where plain values are needed.
        """
        bound = inspect.signature(cls.__init__).bind(None, *given, **named)
        refuse(argument_problems(args_type(cls), bound.arguments["args"], f"{_article(cls.__name__)} {cls.__name__}"))
        return super().__new__(cls)

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(f"{PACKAGE}:index:{type(self).__name__}", name, {}, opts)
        self._name = name

    def _child(self, **options: Any) -> pulumi.ResourceOptions:
        """Options for a child resource: this component as its parent, and whatever else is given."""
        return pulumi.ResourceOptions(parent=self, **options)

    def _register(self) -> None:
        """Register the class annotations as outputs. Called once, as the last line of the constructor."""
        self.register_outputs({name: getattr(self, name) for name in inspect.get_annotations(type(self))})


def settle(args: _Args, defaults: Mapping[str, Any]) -> _Args:
    """The arguments over their defaults, without None and with whole floats as ints.

    A hosted component receives every number as a float and every absent value as None.
    """
    given = {key: _whole(value) for key, value in args.items() if value is not None}
    return cast(_Args, {**defaults, **given})


def refuse(problems: Iterable[Problem]) -> None:
    """Raise all problems at once, before anything is registered.

    Raises:
        pulumi.InputPropertiesError: if there is at least one problem.
    """
    found = list(problems)
    if found:
        message = "; ".join(f"{problem.argument}: {problem.reason}" for problem in found)
        details = [pulumi.InputPropertyErrorDetails(property_path=p.argument, reason=p.reason) for p in found]
        raise pulumi.InputPropertiesError(message, details)


def _article(noun: str) -> str:
    return "an" if noun[0] in "AEIOU" else "a"


def _whole(value: Any) -> Any:
    if isinstance(value, Enum):  # what a hosted component receives of one; in Python callers write the text
        return value.value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in cast(dict[Any, Any], value).items()}
    if isinstance(value, list):
        return [_whole(item) for item in cast(list[Any], value)]
    return value

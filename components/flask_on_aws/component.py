"""The base of every component: its type token, options for its children, its outputs, and the checks of its arguments."""

import inspect
from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar, Self, TypeVar, cast

import pulumi

from .data_loss.guard import Guard
from .naming import PACKAGE
from .tags import tag_problems, with_tags
from .validation.argument_names import args_type, name_problems
from .validation.argument_types import type_problems
from .validation.problems import raise_problems

_Args = TypeVar("_Args", bound=Mapping[str, Any])


class Component(pulumi.ComponentResource):
    """A component whose outputs are exactly its class annotations, and whose arguments are those that it declares.

    Its argument `tags`, where it declares one, applies to every resource in it that supports tags.
    """

    _TAGS_ARGUMENT: ClassVar = "tags"

    def __new__(cls, *positional: Any, **named: Any) -> Self:
        """Check the arguments' names and types before the constructor, which takes name, args and opts, reads one.

        Raises:
            ArgumentsError: for unknown and missing arguments, and values of another type, Outputs for plain ones included.
        """
        args = inspect.signature(cls.__init__).bind(None, *positional, **named).arguments.get("args")
        if args is not None:  # a component inside the library may have none
            owner = f"{_article(cls.__name__)} {cls.__name__}"
            raise_problems([*name_problems(args_type(cls), args, owner), *type_problems(args_type(cls), args)])
        component = super().__new__(cls)
        component._tags = cast(Mapping[str, Any], args or {}).get(cls._TAGS_ARGUMENT) or {}
        return component

    _tags: Mapping[str, str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None, guard: Guard | None = None) -> None:
        raise_problems(tag_problems(self._tags, self._TAGS_ARGUMENT))
        kind = type(self).__name__
        # After the caller's transformations, so that tags which they set are kept.
        opts = with_tags(opts, self._tags)
        inputs: dict[str, Any] = {}
        if guard:
            inputs, opts = guard.inputs(), pulumi.ResourceOptions.merge(opts, guard.options(f"{kind}-{name}"))
        super().__init__(f"{PACKAGE}:index:{kind}", name, inputs, opts)
        self._name = name

    def _child(self, **options: Any) -> pulumi.ResourceOptions:
        """Options for a child resource: this component as its parent, and any other options."""
        return pulumi.ResourceOptions(parent=self, **options)

    def _register(self) -> None:
        """Register the class annotations as outputs. Called once, as the last line of the constructor."""
        self.register_outputs({name: getattr(self, name) for name in inspect.get_annotations(type(self))})


def with_defaults(args: _Args, defaults: Mapping[str, Any]) -> _Args:
    """The arguments over their defaults, without None and with whole floats as ints.

    A hosted component receives every number as a float and every absent value as None.
    """
    set_args = {key: _whole(value) for key, value in args.items() if value is not None}
    return cast(_Args, {**defaults, **set_args})


def _article(noun: str) -> str:
    return "an" if noun[0] in "AEIOU" else "a"


def _whole(value: Any) -> Any:
    if isinstance(value, Enum):  # hosted components receive enums; in Python callers write the string
        return value.value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in cast(dict[Any, Any], value).items()}
    if isinstance(value, list):
        return [_whole(item) for item in cast(list[Any], value)]
    return value

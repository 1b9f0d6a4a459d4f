"""Patching an attribute of moto or botocore, and the table of all patches."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

_PATCHED_MARK = "flask_on_aws_patched"


@dataclass(frozen=True)
class Patch:
    """A patched attribute of moto or botocore."""

    target: str
    """Class and attribute, such as `DBInstance.address`; module and name for a function."""
    reason: str
    """Why it is patched, in one sentence."""
    function: Callable[..., Any]


PATCHES: dict[str, Patch] = {}
"""The patches that this process has applied, by target. `tests/moto_contracts.py` has a scenario for each."""


def patch(owner: Any, name: str, *, reason: str = "") -> Callable[[Callable[..., Any]], None]:
    """Replace a method, a property's getter, a static method or a module's function with the decorated function.

    The function's first argument is the original (None if there is none); the original's arguments follow. Applying the
    same patch again changes nothing.

    Args:
        owner: the class or module.
        name: the attribute.
        reason: why it is patched, in one sentence. Default: the first line of the function's docstring.

    Raises:
        TypeError: if there is no reason, or if another function patches the attribute already.
    """

    def install(function: Callable[..., Any]) -> None:
        target = f"{getattr(owner, '__qualname__', owner.__name__)}.{name}"
        stated_reason = reason or (inspect.getdoc(function) or "").partition("\n")[0]
        if not stated_reason:
            raise TypeError(f"The patch of {target} has no reason: give {function.__name__} a docstring.")
        applied = PATCHES.setdefault(target, Patch(target, stated_reason, function))
        if applied.function.__code__ is not function.__code__:
            raise TypeError(f"{target} is patched twice, by {applied.function.__name__} and {function.__name__}.")
        attribute = inspect.getattr_static(owner, name, None)
        original = attribute.fget if isinstance(attribute, property) else getattr(owner, name, None)
        if not hasattr(original, _PATCHED_MARK):
            setattr(owner, name, _wrap(owner, attribute, original, function))

    return install


def _wrap(owner: Any, attribute: Any, original: Any, function: Callable[..., Any]) -> Any:
    def patched(*args: Any, **kwargs: Any) -> Any:
        return function(original, *args, **kwargs)

    setattr(patched, _PATCHED_MARK, True)
    if isinstance(attribute, property):
        return property(patched, attribute.fset, attribute.fdel)
    return (
        staticmethod(patched) if isinstance(attribute, staticmethod) and not isinstance(owner, ModuleType) else patched
    )

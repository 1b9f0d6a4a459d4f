"""How an attribute of moto is patched, and the table of all patches."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

_PATCHED = "flask_on_aws_patched"


@dataclass(frozen=True)
class Patch:
    """An attribute of moto that behaves otherwise than moto's."""

    target: str
    """Class and attribute, such as `DBInstance.address`; for a function its module and name."""
    reason: str
    """Why, in one sentence."""
    function: Callable[..., Any]


PATCHES: dict[str, Patch] = {}
"""Those that this process has applied, by target. `tests/moto_contracts.py` has a scenario for each."""


def patch(owner: Any, name: str, *, reason: str = "") -> Callable[[Callable[..., Any]], None]:
    """Put the decorated function in place of a method, a property's getter, a static method or a module's function.

    It gets the original first (None if moto has none), then what the original gets. Patched twice by the same function,
    it is the same as once.

    Args:
        owner: class or module.
        name: the attribute.
        reason: why, in one sentence. Default: the first line of the function's docstring.

    Raises:
        TypeError: if there is no reason, or the attribute is patched by another function, which would take no effect.
    """

    def install(function: Callable[..., Any]) -> None:
        target = f"{getattr(owner, '__qualname__', owner.__name__)}.{name}"
        why = reason or (inspect.getdoc(function) or "").partition("\n")[0]
        if not why:
            raise TypeError(f"The patch of {target} has no reason: give {function.__name__} a docstring.")
        applied = PATCHES.setdefault(target, Patch(target, why, function))
        if applied.function.__code__ is not function.__code__:
            raise TypeError(f"{target} is patched twice, by {applied.function.__name__} and {function.__name__}.")
        declared = inspect.getattr_static(owner, name, None)
        original = declared.fget if isinstance(declared, property) else getattr(owner, name, None)
        if not hasattr(original, _PATCHED):
            setattr(owner, name, _wrap(owner, declared, original, function))

    return install


def _wrap(owner: Any, declared: Any, original: Any, function: Callable[..., Any]) -> Any:
    def patched(*args: Any, **kwargs: Any) -> Any:
        return function(original, *args, **kwargs)

    setattr(patched, _PATCHED, True)
    if isinstance(declared, property):
        return property(patched)
    return (
        staticmethod(patched) if isinstance(declared, staticmethod) and not isinstance(owner, ModuleType) else patched
    )

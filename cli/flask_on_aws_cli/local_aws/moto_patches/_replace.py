"""How a method of moto is replaced."""

from collections.abc import Callable
from typing import Any


def replace(owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
    """Put the decorated function in place of a method: it gets the original first, then what the method gets.

    A method that is ours already stays, so that mending twice is the same as mending once.
    """

    def install(function: Callable[..., Any]) -> None:
        original = getattr(owner, name, None)
        if getattr(original, "mended", False):
            return

        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            return function(original, self, *args, **kwargs)

        method.mended = True  # type: ignore[attr-defined]
        setattr(owner, name, method)

    return install

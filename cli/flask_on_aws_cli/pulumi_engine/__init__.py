"""Evaluate a Pulumi program without the Pulumi CLI, and apply its graph to a local AWS.

What applies a graph is imported on first use: evaluating a program needs no clients of AWS.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .model.errors import EngineError
from .model.graph import Graph, Options, Resource
from .model.values import UNKNOWN, Secret
from .program.evaluate import evaluate

if TYPE_CHECKING:
    from .operations import Event, Override
    from .session import Result, apply, destroy, state_file

__all__ = [
    "UNKNOWN",
    "EngineError",
    "Event",
    "Graph",
    "Options",
    "Override",
    "Resource",
    "Result",
    "Secret",
    "apply",
    "destroy",
    "evaluate",
    "state_file",
]

_MODULES = {
    **dict.fromkeys(("Event", "Override"), "operations"),
    **dict.fromkeys(("Result", "apply", "destroy", "state_file"), "session"),
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)

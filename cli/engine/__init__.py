"""Evaluate a Pulumi program without the Pulumi CLI, and apply its graph to a local AWS."""

from .errors import EngineError
from .evaluate import evaluate
from .graph import Graph, Options, Resource
from .operations import Event, Override
from .session import Result, apply, destroy, state_file
from .values import UNKNOWN, Secret

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

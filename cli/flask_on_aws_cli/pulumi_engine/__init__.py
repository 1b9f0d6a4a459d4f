"""Evaluate a Pulumi program without the Pulumi CLI, and apply its graph to a local AWS."""

from .model.errors import EngineError
from .model.graph import Graph, Options, Resource
from .model.values import UNKNOWN, Secret
from .operations import Event, Override
from .program.evaluate import evaluate
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

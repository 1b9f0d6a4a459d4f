"""Evaluate a Pulumi program without the Pulumi CLI, and apply its graph to a local AWS."""

from .errors import EngineError
from .evaluate import evaluate
from .graph import Graph, Options, Resource

__all__ = ["EngineError", "Graph", "Options", "Resource", "evaluate"]

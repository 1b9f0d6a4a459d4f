"""Chooses an image's builder by the rule of Pulumi's image provider, so that the later push finds every layer."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...shared.docker_engine import DockerError, attempt

# The engine's built-in builder, which the provider docker-build does not use.
_BUILT_IN = "docker"


def pushing_builder() -> str:
    """The builder that the provider docker-build will use; empty for one that it has yet to create."""
    try:
        chosen = attempt("buildx", "inspect").stdout.decode(errors="replace")
        listed = attempt("buildx", "ls", "--format", "json").stdout.decode(errors="replace")
    except DockerError:
        return ""
    return choose(chosen, listed)


def choose(chosen: str, listed: str) -> str:
    """The chosen builder unless it is the engine's built-in one, else the first that runs. Pure.

    Args:
        chosen: the output of `docker buildx inspect`.
        listed: the output of `docker buildx ls` as JSON, one builder per line.
    """
    head = dict(line.split(":", 1) for line in chosen.partition("\nNodes:")[0].splitlines() if ":" in line)
    if head.get("Driver", _BUILT_IN).strip() != _BUILT_IN:
        return head.get("Name", "").strip()
    for line in listed.splitlines():
        try:
            builder: Mapping[str, Any] = json.loads(line)
        except ValueError:  # the table of an older buildx
            return ""
        nodes: Sequence[Mapping[str, str]] = builder.get("Nodes") or [{}]
        if builder.get("Driver") != _BUILT_IN and all(node.get("Status") == "running" for node in nodes):
            return str(builder.get("Name", ""))
    return ""

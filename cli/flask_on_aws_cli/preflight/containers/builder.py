"""Where an image is built that is pushed next: by the image provider's own rule, so that the push finds every layer."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...shared.docker_engine import DockerError, attempt

# The engine's own builder, which the provider docker-build does not take.
_OF_ENGINE = "docker"


def pushing_builder() -> str:
    """The builder that the provider docker-build will take; empty for one that it has yet to make."""
    try:
        chosen = attempt("buildx", "inspect").stdout.decode(errors="replace")
        listed = attempt("buildx", "ls", "--format", "json").stdout.decode(errors="replace")
    except DockerError:
        return ""
    return choose(chosen, listed)


def choose(chosen: str, listed: str) -> str:
    """The chosen builder unless it is the engine's own, else the first that runs: pure.

    Args:
        chosen: what `docker buildx inspect` prints.
        listed: what `docker buildx ls` prints as JSON, a builder a line.
    """
    head = dict(line.split(":", 1) for line in chosen.partition("\nNodes:")[0].splitlines() if ":" in line)
    if head.get("Driver", _OF_ENGINE).strip() != _OF_ENGINE:
        return head.get("Name", "").strip()
    for line in listed.splitlines():
        try:
            known: Mapping[str, Any] = json.loads(line)
        except ValueError:  # the table of an older buildx
            return ""
        nodes: Sequence[Mapping[str, str]] = known.get("Nodes") or [{}]
        if known.get("Driver") != _OF_ENGINE and all(node.get("Status") == "running" for node in nodes):
            return str(known.get("Name", ""))
    return ""

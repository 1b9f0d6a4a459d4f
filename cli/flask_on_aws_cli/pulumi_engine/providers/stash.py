"""Pulumi's own Stash: a value that the state keeps as it was when the resource was created."""

import uuid
from collections.abc import Mapping

from .base import Call, Json, Provider


def create(call: Call) -> str:
    return str(uuid.uuid4())


def read(call: Call) -> Json:
    """What it keeps: what was put in at first, which is what there is to keep right after the creation."""
    return {"id": call.id, "output": call.outputs.get("output", call.inputs.get("input"))}


def nothing(call: Call) -> None:
    """There is nothing but the state."""


PROVIDERS: Mapping[str, Provider] = {
    # Values are plain here, so that what was put in as a secret cannot be told from the rest: all of it counts as one.
    "pulumi:index:Stash": Provider(create, read, nothing, update=nothing, secret_outputs=frozenset({"output"})),
}

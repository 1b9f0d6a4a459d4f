"""Pulumi's Stash: a value that stays in the state as it was when the resource was created."""

import uuid
from collections.abc import Mapping

from .base import Call, Json, Provider


def create(call: Call) -> str:
    return str(uuid.uuid4())


def read(call: Call) -> Json:
    """The stored value: the first input, which is the current one right after the creation."""
    return {"id": call.id, "output": call.outputs.get("output", call.inputs.get("input"))}


def do_nothing(call: Call) -> None:
    """Does nothing: the value exists only in the state."""


PROVIDERS: Mapping[str, Provider] = {
    # Values are plain here, so secret inputs cannot be distinguished from others: every output is treated as a secret.
    "pulumi:index:Stash": Provider(create, read, do_nothing, update=do_nothing, secret_outputs=frozenset({"output"})),
}

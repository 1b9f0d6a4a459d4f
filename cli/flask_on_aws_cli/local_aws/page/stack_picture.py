"""The picture of the stack that `./up` has deployed, from the state that the deployment writes.

The state has values that are secret. They are left out here, and the picture shows names, sizes and ports alone.
"""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from ...picture import Resource, as_svg, description, diagram

# The key of objects that stand for a secret, an asset or another value that JSON has no type for. It is the same as in
# `pulumi_engine.model.values`, which needs Pulumi.
_SIGNATURE = "4dabf18193072939515e22adb298388d"


class Picture(NamedTuple):
    """A picture, and the state that it shows."""

    version: str
    """Differs from that of the picture before if the state does; empty without a deployment."""
    text: str
    """The picture in words."""
    svg: str


_NONE = Picture("", "", "")


class StackPicture:
    """Draws the stack again when its state changes."""

    def __init__(self, title: str, state: Path) -> None:
        self._title, self._state, self._lock = title, state, threading.Lock()
        self._picture = _NONE

    def current(self) -> Picture:
        """The picture of the stack as it is; without a version if nothing is deployed."""
        with self._lock:
            try:
                version = str(self._state.stat().st_mtime_ns)
                if version != self._picture.version:
                    self._picture = self._draw(version)
            except OSError:
                self._picture = _NONE
            return self._picture

    def _draw(self, version: str) -> Picture:
        # The file is replaced as a whole, so it is never half written.
        document = json.loads(self._state.read_text("utf-8"))
        resources = [_resource(entry) for entry in document["resources"] if entry["custom"] and not entry["planned"]]
        if not resources:
            return _NONE
        drawing = diagram(self._title, resources)
        return Picture(version, description(drawing), as_svg(drawing))


def _resource(entry: Mapping[str, Any]) -> Resource:
    return Resource(
        entry["urn"],
        entry["type"],
        entry["name"],
        _without_secrets(entry["i"]),
        {**_without_secrets(entry["o"]), "id": entry["id"]},
        entry["property_dependencies"],
    )


def _without_secrets(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_secrets(item) for item in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    entries = cast(dict[str, Any], value)
    return None if _SIGNATURE in entries else {key: _without_secrets(item) for key, item in entries.items()}

"""The daemon's side of `flask-on-aws dev`: runs tasks from a folder in which the code is being edited."""

import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .data_plane import Ecs


class DevelopmentRoute:
    """Runs the code of the services' tasks from a folder."""

    def __init__(self, ecs: Ecs) -> None:
        self._ecs = ecs

    def answer(self, path: str, environ: Mapping[str, Any]) -> tuple[str, str, bytes]:
        """The endpoint's route for `DEVELOPMENT`."""
        if environ.get("REQUEST_METHOD") != "POST":
            return "405 Method Not Allowed", "text/plain", b"Only flask-on-aws dev uses this path, with POST."
        query = dict(urllib.parse.parse_qsl(str(environ.get("QUERY_STRING", ""))))
        self._ecs.develop(Path(query["folder"]) if "folder" in query else None)
        return "200 OK", "text/plain", b""

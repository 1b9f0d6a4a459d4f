"""Code that is being written, in the tasks that run: the daemon's side of `flask-on-aws dev`."""

import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .data_plane import Ecs

PREFIX = "/.local/development"
"""POST with the folder of the code as the query's `folder`; without one, what is deployed runs again."""


class DevelopmentRoute:
    """Has the services' tasks run from a folder."""

    def __init__(self, ecs: Ecs) -> None:
        self._ecs = ecs

    def answer(self, path: str, environ: Mapping[str, Any]) -> tuple[str, str, bytes]:
        """The endpoint's route for `PREFIX`."""
        if environ.get("REQUEST_METHOD") != "POST":
            return "405 Method Not Allowed", "text/plain", b"This is for flask-on-aws dev."
        query = dict(urllib.parse.parse_qsl(str(environ.get("QUERY_STRING", ""))))
        self._ecs.develop(Path(query["folder"]) if "folder" in query else None)
        return "200 OK", "text/plain", b""

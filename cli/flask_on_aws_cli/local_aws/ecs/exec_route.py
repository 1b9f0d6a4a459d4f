"""The daemon's side of `flask-on-aws local exec`: describes the process that has the environment of a task."""

import json
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

from .data_plane import Ecs


class ExecRoute:
    """Answers, in the daemon, how to run a command in the environment of a task."""

    def __init__(self, ecs: Ecs) -> None:
        self._ecs = ecs

    def answer(self, task_id: str, environ: Mapping[str, Any]) -> tuple[str, str, bytes]:
        """The endpoint's route for `EXEC`."""
        query = dict(urllib.parse.parse_qsl(str(environ.get("QUERY_STRING", ""))))
        command: Sequence[str] = json.loads(query["command"])
        try:
            process = self._ecs.exec_process(task_id, command, "terminal" in query, query.get("container"))
        except LookupError as error:
            return "404 Not Found", "text/plain", str(error.args[0]).encode()
        except PermissionError as error:
            return "403 Forbidden", "text/plain", str(error).encode()
        body = {**process._asdict(), "folder": str(process.folder), "environment": dict(process.environment)}
        return "200 OK", "application/json", json.dumps(body).encode()

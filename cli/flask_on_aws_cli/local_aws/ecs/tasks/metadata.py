"""The metadata of tasks, of which ECS's agent serves more: what a task needs to find itself in ECS's API.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html
"""

import json
import threading
from typing import Any

from ...api.record_values import TaskRecord

PREFIX = "/.local/metadata/"


class TaskMetadata:
    """Serves `/task` to the tasks that run; nothing in it is secret."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._tasks: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    def environment(self, task: TaskRecord) -> dict[str, str]:
        """The variable with the URL of a task's metadata."""
        family, _, revision = task.task_definition.rsplit("/", 1)[-1].partition(":")
        values = {"Cluster": task.cluster, "TaskARN": task.arn, "Family": family, "Revision": revision}
        with self._lock:
            self._tasks[task.id] = {**values, "LaunchType": "FARGATE"}
        return {"ECS_CONTAINER_METADATA_URI_V4": f"{self._endpoint}{PREFIX}{task.id}"}

    def forget(self, task_id: str) -> None:
        """Forget a task that has ended."""
        with self._lock:
            self._tasks.pop(task_id, None)

    def answer(self, path: str, _environ: dict[str, Any]) -> tuple[str, str, bytes]:
        """The endpoint's route for `PREFIX`."""
        task_id, _, name = path.partition("/")
        with self._lock:
            task = self._tasks.get(task_id)
        if task is None or name != "task":
            return (
                "404 Not Found",
                "application/json",
                b'{"message": "The task does not run, or has no such metadata."}',
            )
        return "200 OK", "application/json", json.dumps(task).encode()

"""Credentials of task roles, served as ECS's agent serves them.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
"""

import hmac
import json
import secrets
import threading
from typing import Any

PREFIX = "/.local/credentials/"


class Credentials:
    """Answers a task's SDK with temporary keys of the task's role."""

    def __init__(self, sts: Any, endpoint: str) -> None:
        self._sts = sts
        self._endpoint = endpoint
        self._tasks: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()

    def environment(self, task_id: str, role: str | None) -> dict[str, str]:
        """Where a task's SDK finds its credentials, and the password for it; nothing without a role."""
        if role is None:
            return {}
        with self._lock:
            token, _ = self._tasks.setdefault(task_id, (secrets.token_urlsafe(), role))
        uri = f"{self._endpoint}{PREFIX}{task_id}"
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN": token}

    def forget(self, task_id: str) -> None:
        """The task has ended."""
        with self._lock:
            self._tasks.pop(task_id, None)

    def answer(self, task_id: str, environ: dict[str, Any]) -> tuple[str, str, bytes]:
        """The endpoint's route for `PREFIX`."""
        with self._lock:
            token, role = self._tasks.get(task_id, ("", ""))
        given = str(environ.get("HTTP_AUTHORIZATION", ""))
        if not token or not hmac.compare_digest(given.encode(), token.encode()):
            return (
                "403 Forbidden",
                "application/json",
                b'{"code": "AccessDenied", "message": "Not this task\'s token."}',
            )
        found = self._sts.assume_role(RoleArn=role, RoleSessionName=task_id)["Credentials"]
        body = {
            "AccessKeyId": found["AccessKeyId"],
            "SecretAccessKey": found["SecretAccessKey"],
            "Token": found["SessionToken"],
            "Expiration": found["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "RoleArn": role,
        }
        return "200 OK", "application/json", json.dumps(body).encode()

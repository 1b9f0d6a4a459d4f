"""Credentials of task roles, served in the same way as by ECS's agent.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
"""

import hmac
import json
import secrets
import threading
from typing import Any

PREFIX = "/.local/credentials/"


class Credentials:
    """Serves temporary credentials of a task's role to the SDK in the task."""

    def __init__(self, sts: Any, endpoint: str) -> None:
        self._sts = sts
        self._endpoint = endpoint
        self._tasks: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()

    def environment(self, task_id: str, role: str | None) -> dict[str, str]:
        """The variables with the URL of a task's credentials and the token for it; empty without a role."""
        if role is None:
            return {}
        with self._lock:
            token, _ = self._tasks.setdefault(task_id, (secrets.token_urlsafe(), role))
        uri = f"{self._endpoint}{PREFIX}{task_id}"
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN": token}

    def forget(self, task_id: str) -> None:
        """Forget the token of a task that has ended."""
        with self._lock:
            self._tasks.pop(task_id, None)

    def answer(self, task_id: str, environ: dict[str, Any]) -> tuple[str, str, bytes]:
        """The endpoint's route for `PREFIX`."""
        with self._lock:
            token, role = self._tasks.get(task_id, ("", ""))
        authorization = str(environ.get("HTTP_AUTHORIZATION", ""))
        if not token or not hmac.compare_digest(authorization.encode(), token.encode()):
            return (
                "403 Forbidden",
                "application/json",
                b'{"code": "AccessDenied", "message": "The authorization token is not valid for this task."}',
            )
        keys = self._sts.assume_role(RoleArn=role, RoleSessionName=task_id)["Credentials"]
        body = {
            "AccessKeyId": keys["AccessKeyId"],
            "SecretAccessKey": keys["SecretAccessKey"],
            "Token": keys["SessionToken"],
            "Expiration": keys["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "RoleArn": role,
        }
        return "200 OK", "application/json", json.dumps(body).encode()

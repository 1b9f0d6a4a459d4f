"""Chooses the task that a tunnel leads through, and starts one if none accepts sessions."""

import time
from collections.abc import Callable, Mapping
from threading import Event, Lock
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from flask_on_aws.ecs.containers import TUNNEL_CONTAINER
from flask_on_aws.releases.diagnosis import Evidence, diagnose
from flask_on_aws.releases.release_task import POLL_SECONDS

from ..app import App, AppService, short_name
from ..errors import OperationError, explain
from ..task_start import start_task
from .tasks import NoSessionTaskError, SessionTask, session_state, session_task

_STARTED_BY = "flask-on-aws-tunnel"
# Fargate starts most tasks within a minute; a large image takes longer.
_START_SECONDS = 300


class TunnelTasks:
    """The tasks of one tunnel: those of the service, or a separate task while they accept no sessions."""

    def __init__(self, app: App, service: AppService, say: Callable[[str], None]) -> None:
        """Start nothing yet.

        Args:
            app: the app.
            service: the service whose tasks are used first.
            say: prints a sentence for the user.
        """
        self._ecs, self._app, self._service, self._say = app.client("ecs"), app, service, say
        self._task_arn = ""
        self._stopping, self._lock = Event(), Lock()

    def current(self) -> SessionTask:
        """The task for a session that starts now.

        Raises:
            OperationError: if none accepts sessions, and none can be started.
        """
        try:
            return session_task(self._app, self._service)
        except NoSessionTaskError as error:
            return self._own_task(error)

    def stop(self) -> None:
        """Stop the task that was started, if any, and start no other."""
        self._stopping.set()
        with self._lock:
            if not self._task_arn:
                return
            try:
                self._ecs.stop_task(cluster=self._service.cluster, task=self._task_arn, reason="The tunnel is closed")
            except (ClientError, BotoCoreError) as error:
                self._say(
                    f"Task {short_name(self._task_arn)} could not be stopped, and ends by itself after twelve hours: "
                    f"{explain(error)}"
                )

    def _own_task(self, refusal: NoSessionTaskError) -> SessionTask:
        if self._task_arn:
            task, _ = session_state(self._described(), TUNNEL_CONTAINER)
            if task:
                return task
        definition = self._definition()
        if definition is None:
            raise OperationError(
                f"{str(refusal).removesuffix('.')}. Or update the stack with the current version of flask-on-aws, "
                "whose tunnels start a task of their own."
            ) from refusal
        with self._lock:
            if self._stopping.is_set():
                raise OperationError("The tunnel is closed.")
            self._say(f"starting a task of {short_name(definition)} for this tunnel, which takes about a minute")
            service = self._service
            started = start_task(
                self._ecs, service.cluster, definition, service.network, _STARTED_BY, enableExecuteCommand=True
            )
            self._task_arn = started["taskArn"]
        return self._connected()

    def _definition(self) -> str | None:
        """ARN of the stack's task definition for tunnels; other stacks of the account may have some of this family."""
        service = self._service
        family = f"{service.app_name}-{TUNNEL_CONTAINER}"
        pages = self._ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status="ACTIVE")
        arns = [arn for page in pages for arn in page["taskDefinitionArns"]]
        for arn in sorted(arns, key=_revision, reverse=True):
            definition = self._ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
            if definition.get("executionRoleArn") == service.definition.get("executionRoleArn"):
                return arn
        return None

    def _described(self) -> Mapping[str, Any]:
        """The task that was started; a pending one until ECS describes it."""
        tasks = self._ecs.describe_tasks(cluster=self._service.cluster, tasks=[self._task_arn])["tasks"]
        return tasks[0] if tasks else {"lastStatus": "PENDING", "containers": [{"name": TUNNEL_CONTAINER}]}

    def _connected(self) -> SessionTask:
        """Wait until the task that was started accepts sessions."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._stopping.wait(POLL_SECONDS):
            task = self._described()
            session, agent = session_state(task, TUNNEL_CONTAINER)
            if session:
                return session
            if task["lastStatus"] == "STOPPED":
                evidence = Evidence(task.get("stopCode", ""), task.get("stoppedReason", ""), task["containers"])
                cause = diagnose(evidence)
                raise OperationError(f"The task for the tunnel did not start ({cause.kind}): {cause.reason}")
            if time.monotonic() > deadline:
                raise OperationError(
                    f"The task for the tunnel accepts no sessions after {_START_SECONDS} s: the task is "
                    f"{task['lastStatus']}, ECS Exec's agent in it {agent}. The agent must reach ssmmessages (route, "
                    "security group or VPC endpoint)."
                )
        raise OperationError("The tunnel is closed.")


def _revision(task_definition: str) -> int:
    return int(task_definition.rpartition(":")[2])

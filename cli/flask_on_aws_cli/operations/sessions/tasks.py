"""Chooses the task of a session."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..app import App, AppService, short_name
from ..errors import OperationError

_AGENT = "ExecuteCommandAgent"
_MAX_DESCRIBED = 100  # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
_ENABLE = "enable it with `pulumi config set enableExec true` and `pulumi up`: tasks that are started then have it"


class NoSessionTaskError(OperationError):
    """No task of a service accepts sessions."""


class SessionTask(NamedTuple):
    """A container of a running task."""

    cluster: str
    """Name of the cluster."""
    id: str
    container: str
    runtime_id: str

    @property
    def target(self) -> str:
        """What StartSession connects to."""
        return f"ecs:{self.cluster}_{self.id}_{self.runtime_id}"


def session_task(app: App, service: AppService) -> SessionTask:
    """The newest task of a service that accepts sessions.

    Raises:
        NoSessionTaskError: if none does, with the reason.
    """
    tasks = _running_tasks(app.client("ecs"), service)
    if not tasks:
        raise NoSessionTaskError(
            f"No task of {service.role} is running; see: flask-on-aws status and flask-on-aws logs"
        )
    enabled = [task for task in tasks if task.get("enableExecuteCommand")]
    if not enabled:
        raise NoSessionTaskError(
            f"The tasks of {service.role} accept no sessions: they run without ECS Exec; {_ENABLE}."
        )
    states: list[str] = []
    for task in sorted(enabled, key=lambda task: task["startedAt"], reverse=True):
        connected, state = session_state(task, service.role)
        if connected:
            return connected
        states.append(f"{short_name(task['taskArn'])}: {state}")
    raise NoSessionTaskError(
        f"ECS Exec's agent does not run in the tasks of {service.role} ({', '.join(states)}). Right after the start, "
        "wait some seconds; otherwise the task cannot reach ssmmessages (route, security group or VPC endpoint), its "
        "role lacks ssmmessages:*Channel, or its memory is used up."
    )


def session_state(task: Mapping[str, Any], name: str) -> tuple[SessionTask | None, str]:
    """A task's container if it accepts sessions, and the state of its agent.

    Args:
        task: the task as DescribeTasks describes it.
        name: the container.
    """
    container = next(each for each in task["containers"] if each["name"] == name)
    state = _agent_state(container)
    if task["lastStatus"] != "RUNNING" or state != "RUNNING":
        return None, state
    cluster, task_id = short_name(task["clusterArn"]), short_name(task["taskArn"])
    return SessionTask(cluster, task_id, name, container["runtimeId"]), state


def _running_tasks(ecs: Any, service: AppService) -> Sequence[Mapping[str, Any]]:
    pages = ecs.get_paginator("list_tasks").paginate(
        cluster=service.cluster, serviceName=service.name, desiredStatus="RUNNING"
    )
    arns = [arn for page in pages for arn in page["taskArns"]]
    tasks: list[Mapping[str, Any]] = []
    for start in range(0, len(arns), _MAX_DESCRIBED):
        tasks += ecs.describe_tasks(cluster=service.cluster, tasks=arns[start : start + _MAX_DESCRIBED])["tasks"]
    return [task for task in tasks if task["lastStatus"] == "RUNNING"]


def _agent_state(container: Mapping[str, Any]) -> str:
    """The state of the agent that ECS reports for a container."""
    agents: Sequence[Mapping[str, Any]] = container.get("managedAgents", ())
    return next((str(agent.get("lastStatus", "")) for agent in agents if agent["name"] == _AGENT), "absent")

"""Starts single tasks next to those of a service."""

from collections.abc import Mapping
from typing import Any

from .app import AppService
from .errors import OperationError


def start_task(ecs: Any, service: AppService, definition: str, started_by: str, **options: Any) -> Mapping[str, Any]:
    """Start a task on Fargate in the network of a service's tasks.

    Args:
        ecs: the client of ECS.
        service: the service.
        definition: ARN of the task definition.
        started_by: what DescribeTasks shows as its origin.
        options: further parameters of RunTask.

    Returns:
        The task as DescribeTasks describes it.

    Raises:
        OperationError: if ECS cannot start it.
    """
    network = service.description.get("networkConfiguration") or service.deployment["networkConfiguration"]
    answer = ecs.run_task(
        cluster=service.cluster,
        taskDefinition=definition,
        launchType="FARGATE",
        networkConfiguration=network,
        startedBy=started_by,
        propagateTags="TASK_DEFINITION",
        **options,
    )
    if not answer["tasks"]:
        reasons = "; ".join(str(failure.get("reason", "")) for failure in answer["failures"])
        raise OperationError(f"ECS could not start the task: {reasons}; try again in a minute.")
    return answer["tasks"][0]

"""Starts single tasks."""

from collections.abc import Mapping
from typing import Any

from .errors import OperationError


def start_task(
    ecs: Any, cluster: str, definition: str, network: Mapping[str, Any], started_by: str, **options: Any
) -> Mapping[str, Any]:
    """Start a task on Fargate.

    Args:
        ecs: the client of ECS.
        cluster: name or ARN of the cluster.
        definition: ARN of the task definition.
        network: the task's network, as RunTask takes it.
        started_by: what DescribeTasks shows as its origin.
        options: further parameters of RunTask.

    Returns:
        The task as DescribeTasks describes it.

    Raises:
        OperationError: if ECS cannot start it.
    """
    answer = ecs.run_task(
        cluster=cluster,
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

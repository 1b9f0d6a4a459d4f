"""Prepares a task's containers to start: their environment variables, secrets and log groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ....local_project.location import Location
from ....task_model.definition import Container, TaskPlan
from ....task_model.runtime import CannotStart, Skipped, TaskSandbox
from ...api.record_values import TaskRecord
from ...api.records import Records
from .connections import check_aws, check_databases
from .container import ContainerRun
from .credentials import Credentials
from .metadata import TaskMetadata
from .secret_references import SecretReader


@dataclass(frozen=True)
class Launches:
    """Prepares the containers of tasks."""

    location: Location
    records: Records
    secrets: SecretReader
    credentials: Credentials
    metadata: TaskMetadata

    @property
    def logs(self) -> Path:
        """Folder of the files with the containers' output."""
        return self.location.folder / "logs"

    def prepare(self, task: TaskRecord, plan: TaskPlan, room: TaskSandbox) -> list[ContainerRun]:
        """The task's containers, ready to start.

        Raises:
            CannotStart: if one of them cannot be prepared.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        check_aws(self.records, task.network, plan)
        return [self._prepare(task, plan, container, room) for container in plan.containers]

    def _prepare(self, task: TaskRecord, plan: TaskPlan, container: Container, room: TaskSandbox) -> ContainerRun:
        self._check_log_group(container)
        environment = self._environment(task, plan, container)
        check_databases(self.records, task.network, environment)
        log = self.logs / f"{task.id}.{container.name}.log"
        try:
            launch = room.prepare(container, environment, log)
        except Skipped as skipped:
            return ContainerRun(container, None, reason=str(skipped))
        return ContainerRun(container, launch)

    def _environment(self, task: TaskRecord, plan: TaskPlan, container: Container) -> Mapping[str, str]:
        """Fargate's environment variables, those of the task definition, and secrets."""
        return {
            "AWS_REGION": self.location.region,
            "AWS_DEFAULT_REGION": self.location.region,
            "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
            "AWS_ENDPOINT_URL": self.location.endpoint,
            **self.credentials.environment(task.id, plan.task_role),
            **self.metadata.environment(task),
            **container.environment,
            **self.secrets.fetch(container.secrets, plan.execution_role),
        }

    def _check_log_group(self, container: Container) -> None:
        log = container.log
        if log and log.create:
            self.records.create_log_group(log.group)
        elif log and not self.records.has_log_group(log.group):
            raise CannotStart(
                "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
                "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not "
                f"exist: {log.group} : exit status 1"
            )

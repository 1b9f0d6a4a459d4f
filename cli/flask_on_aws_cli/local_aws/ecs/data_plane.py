"""The data plane of ECS, a part of the local AWS."""

from collections.abc import Sequence
from pathlib import Path

from ...local_project.clients import client
from ...local_project.location import Location
from ...task_model.runtime import ExecProcess, Runtime
from ..api.endpoint import Endpoint
from ..api.record_values import ServiceRecord
from ..parts import Targets
from .scheduler.service import Scheduler
from .tasks import metadata
from .tasks.credentials import PREFIX, Credentials
from .tasks.launches import Launches
from .tasks.log_streams import LogStreams
from .tasks.secret_references import SecretReader
from .tasks.task import TaskDependencies
from .tasks.usage import Load, UsageMeter

# The error message of ExecuteCommand: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
_NOT_ENABLED = (
    "The execute command failed because execute command was not enabled when the task was run or the execute command "
    "agent isn't running."
)


class Ecs:
    """Runs services and tasks; start it after the endpoint and the load balancer, and stop it before them."""

    def __init__(self, location: Location, endpoint: Endpoint, targets: Targets, runtime: Runtime) -> None:
        records = endpoint.records
        credentials = Credentials(client(location, "sts"), location.endpoint)
        secrets = SecretReader(
            client(location, "secretsmanager"), client(location, "ssm"), location.region, records.role_permits
        )
        task_metadata = metadata.TaskMetadata(location.endpoint)
        launches = Launches(location, records, secrets, credentials, task_metadata)
        self._runtime = runtime
        self._log_streams = LogStreams(records, endpoint.faults)
        dependencies = TaskDependencies(records, runtime, self._log_streams, targets, launches, endpoint.faults)
        self._scheduler = Scheduler(dependencies)
        endpoint.serve(PREFIX, credentials.answer, is_open=True)  # each task authenticates with its token
        endpoint.serve(metadata.PREFIX, task_metadata.answer, is_open=True)  # as on ECS, without authentication

    def start(self) -> None:
        """Stop tasks that a killed daemon left running, and start scheduling."""
        self._runtime.start()
        self._log_streams.start()
        self._scheduler.start()

    def stop(self) -> None:
        """Stop all tasks gracefully: SIGTERM, and SIGKILL after their stop timeout."""
        self._scheduler.stop()
        self._log_streams.stop()
        self._runtime.close()

    def wake(self) -> None:
        """Run the scheduler at once, because a target's health has changed."""
        self._scheduler.wake()

    def meters(self) -> dict[str, UsageMeter]:
        """The resource usage of running tasks, by task id."""
        return {run.record.id: run.meter for run in self._scheduler.runs()}

    def load(self, service: ServiceRecord) -> Load | None:
        """The average load of a service's tasks; None while none is running."""
        return self._scheduler.load(service)

    def develop(self, folder: Path | None) -> None:
        """Run the code of the services' tasks from a folder, restarting it if necessary; None: from their images."""
        self._scheduler.develop(folder)

    def exec_process(
        self, task_id: str, command: Sequence[str], terminal: bool, container: str | None = None
    ) -> ExecProcess:
        """How to run a command in the environment of a running container, as ECS Exec does.

        Args:
            task_id: the task's id.
            command: the command's words.
            terminal: whether the command gets this process's terminal.
            container: the container's name. Default: the first running container.

        Raises:
            LookupError: if no such container is running.
            PermissionError: with AWS's message, if the service does not enable ExecuteCommand.
        """
        for run in self._scheduler.runs():
            if run.record.id != task_id:
                continue
            if not run.record.may_execute:
                raise PermissionError(_NOT_ENABLED)
            for container_run in run.containers:
                has_name = container in (None, container_run.container.name)
                if container_run.alive and container_run.running is not None and has_name:
                    return container_run.running.exec_process(command, terminal)
        raise LookupError(f"No container {container or ''} of a task {task_id} is running.")

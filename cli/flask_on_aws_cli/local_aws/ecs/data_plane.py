"""ECS's data plane as one part of the local AWS."""

from collections.abc import Sequence
from pathlib import Path

from ...local_project.clients import client
from ...local_project.location import Location
from ...task_model.runtime import ExecProcess, Runtime
from ..api.endpoint import Endpoint
from ..api.record_values import ServiceRecord
from ..parts import Targets
from .scheduler.service import Scheduler
from .tasks.credentials import PREFIX, Credentials
from .tasks.launches import Launches
from .tasks.log_streams import Streams
from .tasks.secret_references import Secrets
from .tasks.task import Tools
from .tasks.usage import Load, UsageMeter

# The words of ExecuteCommand: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
_NOT_ENABLED = (
    "The execute command failed because execute command was not enabled when the task was run or the execute command "
    "agent isn't running."
)


class Ecs:
    """Services and tasks; start it after the endpoint and the balancer, stop it before them."""

    def __init__(self, place: Location, endpoint: Endpoint, targets: Targets, runtime: Runtime) -> None:
        records = endpoint.records
        credentials = Credentials(client(place, "sts"), place.endpoint)
        secrets = Secrets(client(place, "secretsmanager"), client(place, "ssm"), place.region, records.role_permits)
        launches = Launches(place, records, secrets, credentials)
        self._runtime = runtime
        self._streams = Streams(records, endpoint.faults)
        self._scheduler = Scheduler(Tools(records, self._runtime, self._streams, targets, launches, endpoint.faults))
        endpoint.serve(PREFIX, credentials.answer, is_open=True)  # by a token for each task

    def start(self) -> None:
        """End what a killed daemon left running, and begin."""
        self._runtime.start()
        self._streams.start()
        self._scheduler.start()

    def stop(self) -> None:
        """End all tasks in order: SIGTERM, their stop timeout, SIGKILL."""
        self._scheduler.stop()
        self._streams.stop()
        self._runtime.close()

    def wake(self) -> None:
        """Look at the services at once: a target's health has changed."""
        self._scheduler.wake()

    def meters(self) -> dict[str, UsageMeter]:
        """What the tasks that run use, by their ids."""
        return {run.record.id: run.meter for run in self._scheduler.runs()}

    def load(self, service: ServiceRecord) -> Load | None:
        """The average load of a service's tasks; None while none runs."""
        return self._scheduler.load(service)

    def develop(self, folder: Path | None) -> None:
        """Have the services' tasks run from a folder, anew if they do already; None: from their images again."""
        self._scheduler.develop(folder)

    def beside(self, task_id: str, command: Sequence[str], terminal: bool, container: str | None = None) -> ExecProcess:
        """How a command runs beside a running container, as ECS Exec does it, with this process's terminal or without.

        Raises `LookupError` when there is no such container, and `PermissionError` in AWS's words when the service does
        not enable ExecuteCommand.
        """
        for run in self._scheduler.runs():
            if run.record.id != task_id:
                continue
            if not run.record.may_execute:
                raise PermissionError(_NOT_ENABLED)
            for one in run.containers:
                if one.alive and one.running is not None and container in (None, one.container.name):
                    return one.running.exec_process(command, terminal)
        raise LookupError(f"No container {container or ''} of a task {task_id} runs.")

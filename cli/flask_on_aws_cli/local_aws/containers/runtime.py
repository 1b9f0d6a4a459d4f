"""The containers of all tasks of a local AWS."""

import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from ...task_model.definition import TaskPlan
from ..faults import Faults
from ..reaper_supervisor import ReaperSupervisor
from .docker_client import LABEL, engine_url, remove_all
from .gateway import Gateway
from .task_containers import ContainerDependencies, TaskContainers


class ContainerRuntime:
    """Runs labelled containers; a reaper removes them if this process ends without doing so."""

    def __init__(
        self,
        client: Any,
        folder: Path,
        certificates: Path,
        ports: Callable[[], Collection[int]],
        local_reference: Callable[[str], str],
        faults: Faults | None = None,
    ) -> None:
        """Run containers in an engine.

        Args:
            client: a client of the engine.
            folder: the folder of the local AWS.
            certificates: file of the local CA.
            ports: returns the loopback ports that containers may connect to.
            local_reference: image of a task definition → the engine's reference to it.
            faults: receives failures. Default: they are only logged.
        """
        faults = faults or Faults(folder)
        self._gateway = Gateway(ports, faults=faults)
        self._dependencies = ContainerDependencies(
            client=client,
            label=str(folder),
            gateway=self._gateway,
            local_reference=local_reference,
            certificates=certificates,
            url=engine_url(),
            faults=faults,
            processors=int(client.info()["NCPU"]),
        )
        self._label = f"{LABEL}={folder}"
        command = [sys.executable, "-m", "flask_on_aws_cli.local_aws.containers.container_reaper", self._label]
        self._supervisor = ReaperSupervisor(command, faults)

    def create_sandbox(self, task_id: str, plan: TaskPlan) -> TaskContainers:
        """The containers of a task, with their network and volumes."""
        self._supervisor.start()
        return TaskContainers(task_id, plan, self._dependencies)

    def start(self) -> None:
        """Open the gateway, and remove the containers that a killed daemon left."""
        self._gateway.start()
        remove_all(self._dependencies.client, self._label)

    def close(self) -> None:
        """Dismiss the reaper, and close the gateway."""
        self._supervisor.stop()
        self._gateway.stop()
        self._dependencies.client.close()

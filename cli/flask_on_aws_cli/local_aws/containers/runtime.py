"""The containers of all tasks of a place."""

import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from flask_on_aws.image.dockerfile import CA_FILE, CA_FOLDER

from ...task_model.definition import TaskPlan
from ..faults import Faults
from ..reaper_supervisor import ReaperSupervisor
from .docker_client import LABEL, engine_url, remove_all
from .gateway import Gateway
from .task_containers import ContainerRoom, Surroundings


class ContainerRuntime:
    """Containers that are marked with the place; a reaper removes them when this process ends without doing so."""

    def __init__(
        self,
        client: Any,
        folder: Path,
        certificates: Path,
        ports: Callable[[], Collection[int]],
        image_here: Callable[[str], str],
        faults: Faults | None = None,
    ) -> None:
        """Run containers at an engine.

        Args:
            client: the engine.
            folder: the place's.
            certificates: file of the local CA.
            ports: the ports of loopback that containers may reach.
            image_here: image of a task definition → its name at the engine.
            faults: where it is told what fails. Default: the log alone.
        """
        faults = faults or Faults(folder)
        self._gateway = Gateway(ports, faults=faults)
        self._around = Surroundings(
            client=client,
            label=str(folder),
            gateway=self._gateway,
            image_here=image_here,
            certificates=certificates,
            rds_certificates=(CA_FOLDER / CA_FILE).read_text(encoding="ascii"),
            url=engine_url(),
            faults=faults,
            processors=int(client.info()["NCPU"]),
        )
        self._marked = f"{LABEL}={folder}"
        command = [sys.executable, "-m", "flask_on_aws_cli.local_aws.containers.container_reaper", self._marked]
        self._supervisor = ReaperSupervisor(command, faults)

    def create_sandbox(self, task_id: str, plan: TaskPlan) -> ContainerRoom:
        """Room for a task's containers."""
        self._supervisor.watch()
        return ContainerRoom(task_id, plan, self._around)

    def start(self) -> None:
        """Remove what a killed daemon left, and open the gateway."""
        self._gateway.start()
        remove_all(self._around.client, self._marked)

    def close(self) -> None:
        """Send the reaper away, and close the gateway."""
        self._supervisor.dismiss()
        self._gateway.stop()
        self._around.client.close()

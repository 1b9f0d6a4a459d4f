"""The containers of all tasks of a place."""

import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from flask_on_aws.dockerfile import CA_FILE, CA_FOLDER

from ..ecs.definition import TaskPlan
from ..ecs.watchman import Watchman
from ..faults import Faults
from .engine import LABEL, engine_url, remove_all
from .gate import Gate
from .room import ContainerRoom, Surroundings


class ContainerRuntime:
    """Containers that are marked with the place; a guardian removes them when this process ends without doing so."""

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
        self._gate = Gate(ports, faults=faults)
        self._around = Surroundings(
            client=client,
            label=str(folder),
            gate=self._gate,
            image_here=image_here,
            certificates=certificates,
            rds_certificates=(CA_FOLDER / CA_FILE).read_text(encoding="ascii"),
            url=engine_url(),
            faults=faults,
            processors=int(client.info()["NCPU"]),
        )
        self._marked = f"{LABEL}={folder}"
        command = [sys.executable, "-m", "flask_on_aws_cli.local.containers.guardian", self._marked]
        self._watchman = Watchman(command, faults)

    def room(self, task_id: str, plan: TaskPlan) -> ContainerRoom:
        """Room for a task's containers."""
        self._watchman.watch()
        return ContainerRoom(task_id, plan, self._around)

    def start(self) -> None:
        """Remove what a killed daemon left, and open the gate."""
        self._gate.start()
        remove_all(self._around.client, self._marked)

    def close(self) -> None:
        """Send the guardian away, and close the gate."""
        self._watchman.dismiss()
        self._gate.stop()
        self._around.client.close()

"""The containers of all tasks of a place."""

import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from flask_on_aws.dockerfile import CA_FILE, CA_FOLDER

from ..ecs.definition import TaskPlan
from .engine import LABEL, connect, engine_url, remove_all
from .gate import Gate
from .room import ContainerRoom, Surroundings


class ContainerRuntime:
    """Containers that are marked with the place; a guardian removes them when this process ends without doing so."""

    def __init__(
        self,
        folder: Path,
        certificates: Path,
        ports: Callable[[], Collection[int]],
        image_here: Callable[[str], str],
    ) -> None:
        """Connect to the engine.

        Args:
            folder: the place's.
            certificates: file of the local CA.
            ports: the ports of loopback that containers may reach.
            image_here: image of a task definition → its name at the engine.

        Raises:
            NoEngineError: if none answers.
        """
        client = connect()
        self._label = str(folder)
        self._gate = Gate(ports)
        self._around = Surroundings(
            client=client,
            label=self._label,
            gate=self._gate,
            image_here=image_here,
            certificates=certificates,
            rds_certificates=(CA_FOLDER / CA_FILE).read_text(encoding="ascii"),
            url=engine_url(),
            processors=int(client.info()["NCPU"]),
        )
        self._guardian: subprocess.Popen[bytes] | None = None

    def room(self, task_id: str, plan: TaskPlan) -> ContainerRoom:
        """Room for a task's containers."""
        self._watch()
        return ContainerRoom(task_id, plan, self._around)

    def start(self) -> None:
        """Remove what a killed daemon left, and open the gate."""
        self._gate.start()
        remove_all(self._around.client, self._marked)

    def close(self) -> None:
        """Send the guardian away, and close the gate."""
        if self._guardian is not None and self._guardian.stdin is not None:
            self._guardian.stdin.close()
            self._guardian.wait()
        self._gate.stop()
        self._around.client.close()

    @property
    def _marked(self) -> str:
        return f"{LABEL}={self._label}"

    def _watch(self) -> None:
        """The guardian reads from a pipe that nobody writes to, which ends when this process does, however it does."""
        if self._guardian is None or self._guardian.poll() is not None:
            command = [sys.executable, "-m", "flask_on_aws_cli.local.containers.guardian", self._marked]
            self._guardian = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 our own

"""From a task's plan to what its processes get: command, folder, environment, port, secrets."""

import os
import random
import shutil
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

from ..parts import HOST, Place
from ..records import Records
from .container import ContainerRun
from .credentials import Credentials
from .definition import Container, TaskPlan
from .references import CannotStart, Secrets
from .runtime import Launch

# Below the ports that systems give to outgoing connections (32768 on Linux, 49152 on macOS), so that none of those
# takes a task's port between its choice and its use.
_PORTS = range(20000, 30000)


class ImagePlan(NamedTuple):
    """How an image's app runs as a process."""

    folder: Path
    """Where it runs."""
    command: str
    """The start command, for a shell."""
    environment: Mapping[str, str]
    """What the image itself sets, like PATH with the app's own environment first."""
    files: Mapping[str, str] = MappingProxyType({})
    """Files of the image that are elsewhere here: path in the image → path on this machine."""


CommandFor = Callable[[str], ImagePlan | None]
"""Image URI → how it runs here; None for images that are not known here."""


@dataclass(frozen=True)
class Launches:
    """Prepares the containers of tasks."""

    place: Place
    records: Records
    secrets: Secrets
    credentials: Credentials
    command_for: CommandFor

    @property
    def logs(self) -> Path:
        """Folder of the containers' output."""
        return self.place.folder / "logs"

    def prepare(self, task_id: str, plan: TaskPlan, ports: dict[str, int]) -> list[ContainerRun]:
        """The task's containers, ready to start, and their ports in `ports`; raises `CannotStart`."""
        self.logs.mkdir(parents=True, exist_ok=True)
        return [self._prepare(task_id, plan, container, ports) for container in plan.containers]

    def _prepare(self, task_id: str, plan: TaskPlan, container: Container, ports: dict[str, int]) -> ContainerRun:
        image = self.command_for(container.image)
        if image is None and container.essential:
            raise CannotStart(
                f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
                f"{container.image}: {container.image}: not found"
            )
        command = container.command or (["/bin/sh", "-c", f"exec {image.command}"] if image else None)
        if command is None or (image is None and shutil.which(command[0]) is None):
            why = f"Skipped: {container.image} cannot run as a process of this machine."
            return ContainerRun(container, None, reason=why)
        self._check_log_group(container)
        if container.ports or "PORT" in container.environment:
            ports[container.name] = free_port()
        environment = self._environment(task_id, plan, container, image, ports.get(container.name))
        name = f"{task_id}.{container.name}"
        folder = image.folder if image else self.place.folder
        return ContainerRun(container, Launch(name, command, folder, environment, self.logs / f"{name}.log"))

    def _environment(
        self, task_id: str, plan: TaskPlan, container: Container, image: ImagePlan | None, port: int | None
    ) -> dict[str, str]:
        """The task definition's, the image's, and what every container on Fargate has."""
        region = self.place.region
        given = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(image.folder if image else self.place.folder),
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
            "AWS_ENDPOINT_URL": self.place.endpoint,
            **self.credentials.environment(task_id, plan.task_role),
            **(image.environment if image else {}),
            **container.environment,
            **self.secrets.fetch(container.secrets, plan.execution_role),
            **({"PORT": str(port)} if port else {}),
        }
        return {name: on_this_machine(value, image.files) for name, value in given.items()} if image else given

    def _check_log_group(self, container: Container) -> None:
        log = container.log
        if log and log.create:
            self.records.make_log_group(log.group)
        elif log and not self.records.has_log_group(log.group):
            raise CannotStart(
                "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: "
                "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not "
                f"exist: {log.group} : exit status 1"
            )


def on_this_machine(value: str, files: Mapping[str, str]) -> str:
    """A variable's value with the image's paths as they are on this machine, also where they are part of a URL."""
    for inside, outside in files.items():
        value = value.replace(inside, outside).replace(quote(inside, safe=""), quote(outside, safe=""))
    return value


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise CannotStart(f"ResourceInitializationError: no port from {_PORTS[0]} to {_PORTS[-1]} is free")

"""From a task's containers to processes: command, folder, environment and a port of this machine for each."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

from flask_on_aws.runtime_contract.shell import shell_command

from ..local_project.location import HOST, Target
from ..local_project.ports import PortBusyError, free_port
from .definition import Container
from .runtime import CannotStart, Skipped, not_pulled


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


class ProcessPlan(NamedTuple):
    """A container as a process."""

    name: str
    """Unique in the place: the task's id and the container's name."""
    command: Sequence[str]
    folder: Path
    """Working directory."""
    environment: Mapping[str, str]
    """The whole of it."""
    log: Path
    """File to which its output is appended."""
    target: Target | None


@dataclass(frozen=True)
class ProcessRooms:
    """Plans the processes of tasks, which share this machine with all others."""

    folder: Path
    """Where what is no app of ours runs."""
    command_for: CommandFor

    def plan(self, task_id: str, container: Container, environment: Mapping[str, str], log: Path) -> ProcessPlan:
        """The process of a container, as `Room.prepare` has it."""
        image = self.command_for(container.image)
        if image is None and container.essential:
            raise not_pulled(container.image, "not found")
        own = shell_command(image.command) if image else []
        command = [*container.entry_point, *container.command] or own
        if not command or (image is None and shutil.which(command[0]) is None):
            raise Skipped(f"Skipped: {container.image} cannot run as a process of this machine.")
        port = _port() if container.ports or "PORT" in container.environment else None
        variables = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(image.folder if image else self.folder),
            **(image.environment if image else {}),
            **environment,
            **({"PORT": str(port)} if port else {}),
        }
        files: Mapping[str, str] = image.files if image else {}
        return ProcessPlan(
            name=f"{task_id}.{container.name}",
            command=command,
            folder=image.folder if image else self.folder,
            environment={name: on_this_machine(value, files) for name, value in variables.items()},
            log=log,
            target=Target(HOST, port) if port else None,
        )


def on_this_machine(value: str, files: Mapping[str, str]) -> str:
    """A variable's value with the image's paths as they are on this machine, also where they are part of a URL."""
    for inside, outside in files.items():
        there = quote(outside) if "://" in value else outside
        value = value.replace(inside, there).replace(quote(inside, safe=""), quote(outside, safe=""))
    return value


def _port() -> int:
    try:
        return free_port()
    except PortBusyError as error:
        raise CannotStart(f"ResourceInitializationError: {error}") from error

"""Plans the containers of a task as processes on this machine: command, folder, environment and port of each."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

from flask_on_aws.runtime_contract.shell import container_command, shell_command

from ..local_project.location import HOST, Target
from ..local_project.ports import PortBusyError, free_port
from .definition import Container
from .runtime import CannotStart, Skipped, cannot_pull


class ImagePlan(NamedTuple):
    """How an image's app runs as a process."""

    folder: Path
    """Working directory."""
    command: str
    """The start command, for a shell."""
    environment: Mapping[str, str]
    """Variables that the image sets, such as a PATH that starts with the app's virtual environment."""
    files: Mapping[str, str] = MappingProxyType({})
    """Files with another path on this machine: path in the image → path on this machine."""
    image_process: str = ""
    """What an app's own Dockerfile starts, in whose place `command` runs here; empty without one."""


FindImagePlan = Callable[[str], ImagePlan | None]
"""Image URI → how it runs on this machine; None for images that were not built on it."""


class ProcessPlan(NamedTuple):
    """A container that runs as a process."""

    name: str
    """The task's id and the container's name, unique in a local AWS."""
    command: Sequence[str]
    folder: Path
    """Working directory."""
    environment: Mapping[str, str]
    """All variables of the process."""
    log: Path
    """File to which its output is appended."""
    target: Target | None


@dataclass(frozen=True)
class ProcessPlanner:
    """Plans the processes of tasks, which are not isolated from other processes on this machine."""

    folder: Path
    """Working directory of containers whose image was not built on this machine."""
    find_image_plan: FindImagePlan

    def plan(self, task_id: str, container: Container, environment: Mapping[str, str], log: Path) -> ProcessPlan:
        """The process of a container; arguments and errors are those of `TaskSandbox.prepare`."""
        image = self.find_image_plan(container.image)
        if image is None and container.essential:
            raise cannot_pull(container.image, "not found")
        image_command = shell_command(image.command) if image else []
        command = [*container.entry_point, *container.command]
        if not command or (image and _is_image_process(container, image.image_process)):
            command = image_command
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
            environment={name: localize_paths(value, files) for name, value in variables.items()},
            log=log,
            target=Target(HOST, port) if port else None,
        )


def _is_image_process(container: Container, line: str) -> bool:
    """Whether a container's command is the image's own ENTRYPOINT and CMD, which an entry point of the stack runs."""
    if not line or not container.entry_point:
        return False
    return list(container.command) == container_command(line, container.entry_point)


def localize_paths(value: str, files: Mapping[str, str]) -> str:
    """Replace paths in the image by those on this machine in the value of a variable, including those in a URL."""
    for image_path, local_path in files.items():
        replacement = quote(local_path) if "://" in value else local_path
        value = value.replace(image_path, replacement).replace(quote(image_path, safe=""), quote(local_path, safe=""))
    return value


def _port() -> int:
    try:
        return free_port()
    except PortBusyError as error:
        raise CannotStart(f"ResourceInitializationError: {error}") from error

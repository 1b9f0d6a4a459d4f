"""Plans the containers of a task as processes on this machine: command, folder, environment and port of each."""

import os
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from flask_on_aws.build_plan.commands.direct_command import direct_command
from flask_on_aws.build_plan.project_files import FileError, ProjectFiles
from flask_on_aws.runtime_contract.contract import with_port
from flask_on_aws.runtime_contract.rds_ca import are_rds_certificates
from flask_on_aws.runtime_contract.shell import container_command, shell_command

from ..local_project.location import HOST, Target
from ..local_project.ports import PortBusyError, free_port
from ..shared.trusted_certificates import VARIABLE, trusted_file, uses_cache
from .container_paths import ContainerPaths
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


_TEMPORARY = "/tmp"  # noqa: S108 in the container
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
    paths: ContainerPaths = ContainerPaths({})
    """Where its container's paths are on this machine."""


@dataclass(frozen=True)
class ProcessPlanner:
    """Plans the processes of tasks, which are not isolated from other processes on this machine."""

    folder: Path
    """Working directory of containers whose image was not built on this machine."""
    find_image_plan: FindImagePlan
    certificates: Path | None = None
    """The local CA, which a container gets that writes those of RDS for others."""

    def plan(
        self, task_id: str, container: Container, environment: Mapping[str, str], log: Path, volumes: Path
    ) -> ProcessPlan:
        """The process of a container; arguments and errors are those of `TaskSandbox.prepare`.

        `volumes` is the folder of the task's volumes.
        """
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
            **(with_port(environment, port) if port else environment),
        }
        paths = _paths(container, image, volumes)
        # Paths in other variables, such as the image's PATH, are this machine's.
        named = {*container.environment, *container.secrets}
        variables |= {name: paths.localize(self._certificate(variables[name])) for name in named & variables.keys()}
        if self.certificates and uses_cache(variables):
            variables[VARIABLE] = str(trusted_file(self.certificates))
        return ProcessPlan(
            name=f"{task_id}.{container.name}",
            command=paths.command(_direct(command, image.folder) if image else command),
            folder=image.folder if image else self.folder,
            environment=variables,
            log=log,
            target=Target(HOST, port) if port else None,
            paths=paths,
        )

    def _certificate(self, value: str) -> str:
        return self.certificates.read_text() if self.certificates and are_rds_certificates(value) else value


def _direct(command: Sequence[str], folder: Path) -> Sequence[str]:
    """A command without a package manager, which an image of the app's own Dockerfile may contain."""
    try:
        line = direct_command(ProjectFiles(folder), shlex.join(command), "", installed=False).line
    except FileError:
        return command
    return command if line == shlex.join(command) else shlex.split(line)


def _paths(container: Container, image: ImagePlan | None, volumes: Path) -> ContainerPaths:
    """The paths of a container: its volumes, which hide files of the image below them, and these files."""
    known = dict(image.files) if image else {}
    for volume, path, _ in container.mounts:
        if image and path.rstrip("/") == _TEMPORARY:
            continue  # the app's code takes the machine's, and its command must mean the same
        known = {name: local for name, local in known.items() if not f"{name}/".startswith(f"{path.rstrip('/')}/")}
        folder = volumes / volume
        folder.mkdir(parents=True, exist_ok=True)
        known[path.rstrip("/")] = str(folder)
    return ContainerPaths(known, None if image else volumes / f"{container.name}.root")


def _is_image_process(container: Container, line: str) -> bool:
    """Whether a container's command is the image's own ENTRYPOINT and CMD, which an entry point of the stack runs."""
    if not line or not container.entry_point:
        return False
    return list(container.command) == container_command(line, container.entry_point)


def _port() -> int:
    try:
        return free_port()
    except PortBusyError as error:
        raise CannotStart(f"ResourceInitializationError: {error}") from error

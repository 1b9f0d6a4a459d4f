"""The network and the volumes that the containers of one task share, as on Fargate."""

import secrets
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import APIError, ImageNotFound
from docker.types import LogConfig, Mount
from flask_on_aws.runtime_contract.contract import CA_PATH

from ...local_project.location import ACCOUNT_ID, HOST, Target
from ...task_model.definition import Container, TaskPlan
from ...task_model.runtime import CannotStart, cannot_pull
from ..faults import Faults
from . import relay
from .container import ContainerLaunch
from .docker_client import LABEL, EngineFailure, quietly
from .gateway import Gateway

# Python starts and opens its ports in a fifth of a second, and in some seconds where many tasks start at once.
_READY_SECONDS = 30.0
# The relay: a Python with a few connections takes 12 MiB.
_RELAY_MEMORY = 64 * 1024 * 1024
_PYTHONS = ("python3", "python")
_BILLION = 1_000_000_000
# ECS has its own checks, and leaves an image's alone:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html
_NO_CHECK = {"test": ["NONE"]}
# Lines are followed into a file from the first on; the engine's own copy is no more than a buffer.
_LOG = LogConfig(type="local", config={"max-size": "16m", "max-file": "2"})


@dataclass
class Surroundings:
    """What all rooms of a place have in common."""

    client: Any
    label: str
    """What everything is marked with."""
    gateway: Gateway
    image_here: Callable[[str], str]
    """Image of a task definition → its name at the engine."""
    certificates: Path
    """The local CA, which stands where an image has RDS's."""
    rds_certificates: str
    """The text that stands for RDS's CA in a container that writes it for others."""
    url: str
    """The engine's."""
    faults: Faults
    """Where it is told what fails."""
    processors: int
    """How many the engine has: no container may be given more."""
    has_init: bool = True
    """Whether the engine brings its init process: Debian's has it in a package apart."""

    @property
    def labels(self) -> dict[str, str]:
        """The label as docker-py wants it."""
        return {LABEL: self.label}


class ContainerRoom:
    """The containers of one task."""

    def __init__(self, task_id: str, plan: TaskPlan, surroundings: Surroundings) -> None:
        self._task_id, self._plan, self._around = task_id, plan, surroundings
        self._name = f"flask-on-aws-{task_id[:12]}"  # 48 bits: tasks of one machine do not meet
        self._network: Any = None
        self._made: list[Any] = []
        self._volumes: dict[str, Any] = {}

    def prepare(self, container: Container, environment: Mapping[str, str], log: Path) -> ContainerLaunch:
        """Create a container, and with the first one the network of the task."""
        image = self._image(container.image)
        try:
            if self._network is None:
                self._network = self._open(image)
            made = self._create(container, image, environment)
        except EngineFailure as error:
            raise CannotStart(f"CannotCreateContainerError: {error}") from error
        self._made.append(made)
        return ContainerLaunch(made, log, self._target(container), self._around.url, self._around.faults)

    def close(self) -> None:
        """Remove the containers, their network and their volumes."""
        self._around.gateway.forget(self._task_id)
        for container in [*self._made, *([self._network] if self._network else [])]:
            quietly(lambda one=container: one.remove(force=True, v=True))
        for volume in self._volumes.values():
            quietly(lambda one=volume: one.remove(force=True))

    def _image(self, name: str) -> Any:
        """An image of the engine's, pulled where it is not there."""
        images = self._around.client.images
        try:
            try:
                return images.get(self._around.image_here(name))
            except ImageNotFound:
                if name.startswith(f"{ACCOUNT_ID}.dkr.ecr."):  # nobody's account: AWS must not be asked for it
                    raise cannot_pull(name, "not found") from None
                return images.pull(name)
        except EngineFailure as error:
            raise cannot_pull(name, str(getattr(error, "explanation", None) or error)) from error

    def _open(self, image: Any) -> Any:
        """A container that does nothing but keep the network of the task, with the local AWS at its own addresses.

        On Fargate a container named `~internal~ecs~pause` does the former.
        """
        made = next((found for python in _PYTHONS if (found := self._start_relay(image, python))), None)
        if made is None:
            raise CannotStart(
                f"ResourceInitializationError: {self._plan.containers[0].image} has no Python on its PATH, with which "
                "the local AWS makes itself known in the task's network; use the runtime process."
            )
        if not self._around.gateway.wait_for(self._task_id, _READY_SECONDS):
            said = made.logs(tail=5).decode(errors="replace")
            made.remove(force=True)
            raise CannotStart(f"ResourceInitializationError: containers do not reach the local AWS: {said}")
        made.reload()
        threading.Thread(target=self._end_with, args=[made], daemon=True).start()
        return made

    def _end_with(self, network: Any) -> None:
        """End the containers with their network, without which they reach nobody and nobody reaches them."""
        quietly(network.wait)
        for container in self._made:
            quietly(container.kill)

    def _start_relay(self, image: Any, python: str) -> Any:
        """The started container; None where the image does not have this program."""
        ports = [str(port) for one in self._plan.containers for port in one.ports]
        text = Path(relay.__file__).read_text(encoding="utf-8")
        made = self._around.client.containers.create(
            image,
            name=f"{self._name}-network",
            entrypoint=[python],
            command=["-c", text, self._task_id, self._around.gateway.address, *ports],
            labels=self._around.labels,
            volumes=self._around.gateway.mounts,
            ports={f"{port}/tcp": (HOST, None) for port in ports},
            read_only=True,
            init=self._around.has_init,
            cap_drop=["ALL"],
            mem_limit=_RELAY_MEMORY,
            healthcheck=_NO_CHECK,
            log_config=_LOG,
        )
        try:
            made.start()
        except APIError as refusal:
            made.remove(force=True)
            why = str(refusal.explanation)
            if "docker-init" in why and self._around.has_init:
                self._around.has_init = False
                return self._start_relay(image, python)
            if "executable file not found" in why:
                return None
            raise
        return made

    def _target(self, container: Container) -> Target | None:
        if not container.ports:
            return None
        published = self._network.attrs["NetworkSettings"]["Ports"][f"{container.ports[0]}/tcp"]
        return Target(HOST, int(published[0]["HostPort"]))

    def _create(self, container: Container, image: Any, environment: Mapping[str, str]) -> Any:
        memory = container.memory or self._plan.memory
        return self._around.client.containers.create(
            image,
            name=f"{self._name}-{container.name}-{secrets.token_hex(2)}",
            entrypoint=list(container.entry_point) or None,
            command=list(container.command) or None,
            environment=self._environment(environment),
            labels=self._around.labels,
            network_mode=f"container:{self._network.id}",
            user=container.user,
            read_only=container.read_only,
            init=container.has_init and self._around.has_init,
            cap_drop=list(container.dropped_capabilities),
            mounts=self._mounts(container, image),
            mem_limit=memory,
            memswap_limit=memory,
            nano_cpus=int(min(self._plan.cpu, self._around.processors) * _BILLION),
            healthcheck=_NO_CHECK,
            log_config=_LOG,
        )

    def _environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The variables, with the local CA where one holds RDS's."""
        known, local = self._around.rds_certificates, self._around.certificates
        return {name: local.read_text() if value == known else value for name, value in environment.items()}

    def _mounts(self, container: Container, image: Any) -> list[Any]:
        declared = {path.rstrip("/") for path in image.attrs["Config"].get("Volumes") or ()}
        mounts = [self._mount(volume, path, read_only, declared) for volume, path, read_only in container.mounts]
        if CA_PATH.rpartition("/")[0] not in [path for _, path, _ in container.mounts]:
            mounts.append(Mount(CA_PATH, str(self._around.certificates), type="bind", read_only=True))
        return mounts

    def _mount(self, volume: str, path: str, read_only: bool, declared: Collection[str]) -> Any:
        """Fargate's volumes are root's, unless the image declares the folder as a VOLUME of its user.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html
        """
        if volume not in self._volumes:
            name = f"{self._name}-{volume}"
            self._volumes[volume] = self._around.client.volumes.create(name, labels=self._around.labels)
        source = self._volumes[volume].name
        return Mount(path, source, type="volume", read_only=read_only, no_copy=path.rstrip("/") not in declared)

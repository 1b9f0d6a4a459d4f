"""The containers of a task, and the network and volumes that they share, as on Fargate."""

import secrets
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import APIError, ImageNotFound
from docker.types import LogConfig, Mount
from flask_on_aws.runtime_contract.contract import CA_PATH
from flask_on_aws.runtime_contract.rds_ca import are_rds_certificates

from ...local_project.location import ACCOUNT_ID, HOST, Target
from ...shared.trusted_certificates import CONTAINER_PATH, VARIABLE, trusted_file, uses_cache
from ...task_model.definition import Container, TaskPlan
from ...task_model.runtime import CannotStart, cannot_pull
from ..faults import Faults
from . import relay
from .container import PYTHONS, ContainerLaunch
from .docker_client import LABEL, EngineFailure, quietly
from .gateway import Gateway

# Python starts and opens its ports in a fifth of a second, or in a few seconds if many tasks start at once.
_READY_SECONDS = 30.0
# Of the relay: Python with a few connections needs 12 MiB.
_RELAY_MEMORY = 64 * 1024 * 1024
_BILLION = 1_000_000_000
# ECS runs the health checks of the task definition, and ignores those of the image:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html
_NO_HEALTH_CHECK = {"test": ["NONE"]}
# Each line is written to a file as soon as it is printed, so the engine's own log is only a buffer.
_LOG = LogConfig(type="local", config={"max-size": "16m", "max-file": "2"})


@dataclass
class ContainerDependencies:
    """The objects and settings that the containers of all tasks use."""

    client: Any
    label: str
    """The value of the label of everything that is created in the engine."""
    gateway: Gateway
    local_reference: Callable[[str], str]
    """Image of a task definition → the engine's reference to it."""
    certificates: Path
    """File of the local CA, which is mounted at the path of the RDS CA in an image."""
    url: str
    """URL of the engine."""
    faults: Faults
    """Receives failures."""
    processors: int
    """Number of the engine's processors, the maximum for a container."""
    has_init: bool = True
    """Whether the engine has an init process: on Debian, it is in a separate package."""

    @property
    def labels(self) -> dict[str, str]:
        """The label, as docker-py expects it."""
        return {LABEL: self.label}


class TaskContainers:
    """The containers of one task."""

    def __init__(self, task_id: str, plan: TaskPlan, dependencies: ContainerDependencies) -> None:
        self._task_id, self._plan, self._dependencies = task_id, plan, dependencies
        self._name = f"flask-on-aws-{task_id[:12]}"  # 48 bits: no two tasks of a machine have the same
        self._network: Any = None
        self._containers: list[Any] = []
        self._volumes: dict[str, Any] = {}

    def prepare(self, container: Container, environment: Mapping[str, str], log: Path) -> ContainerLaunch:
        """Create a container, and before the first one the network of the task."""
        image = self._image(container.image)
        try:
            if self._network is None:
                self._network = self._create_network(image)
            created = self._create(container, image, environment)
        except EngineFailure as error:
            raise CannotStart(f"CannotCreateContainerError: {error}") from error
        self._containers.append(created)
        return ContainerLaunch(created, log, self._target(container), self._dependencies.url, self._dependencies.faults)

    def close(self) -> None:
        """Remove the containers, their network and their volumes."""
        self._dependencies.gateway.forget(self._task_id)
        for container in [*self._containers, *([self._network] if self._network else [])]:
            quietly(lambda container=container: container.remove(force=True, v=True))
        for volume in self._volumes.values():
            quietly(lambda volume=volume: volume.remove(force=True))

    def _image(self, name: str) -> Any:
        """The engine's image, which is pulled if the engine does not have it."""
        images = self._dependencies.client.images
        try:
            try:
                return images.get(self._dependencies.local_reference(name))
            except ImageNotFound:
                # The account does not exist, so no request may be sent to AWS.
                if name.startswith(f"{ACCOUNT_ID}.dkr.ecr."):
                    raise cannot_pull(name, "not found") from None
                return images.pull(name)
        except EngineFailure as error:
            raise cannot_pull(name, str(getattr(error, "explanation", None) or error)) from error

    def _create_network(self, image: Any) -> Any:
        """Start a container that provides the task's network, and the local AWS at its usual addresses in it.

        On Fargate, the container `~internal~ecs~pause` provides the network.
        """
        network = next((started for python in PYTHONS if (started := self._start_relay(image, python))), None)
        if network is None:
            raise CannotStart(
                f"ResourceInitializationError: {self._plan.containers[0].image} has no Python on its PATH, which the "
                "local AWS needs to be reachable in the task's network; use `--runtime process`."
            )
        if not self._dependencies.gateway.wait_for(self._task_id, _READY_SECONDS):
            output = network.logs(tail=5).decode(errors="replace")
            network.remove(force=True)
            raise CannotStart(f"ResourceInitializationError: containers cannot reach the local AWS: {output}")
        network.reload()
        threading.Thread(target=self._end_with, args=[network], daemon=True).start()
        return network

    def _end_with(self, network: Any) -> None:
        """Kill the containers when their network ends, since they can no longer communicate."""
        quietly(network.wait)
        for container in self._containers:
            quietly(container.kill)

    def _start_relay(self, image: Any, python: str) -> Any:
        """The started container; None if the image does not have this program."""
        ports = [str(port) for container in self._plan.containers for port in container.ports]
        program = Path(relay.__file__).read_text(encoding="utf-8")
        container = self._dependencies.client.containers.create(
            image,
            name=f"{self._name}-network",
            entrypoint=[python],
            command=["-c", program, self._task_id, self._dependencies.gateway.address, *ports],
            labels=self._dependencies.labels,
            volumes=self._dependencies.gateway.mounts,
            ports={f"{port}/tcp": (HOST, None) for port in ports},
            read_only=True,
            init=self._dependencies.has_init,
            cap_drop=["ALL"],
            mem_limit=_RELAY_MEMORY,
            healthcheck=_NO_HEALTH_CHECK,
            log_config=_LOG,
        )
        try:
            container.start()
        except APIError as error:
            container.remove(force=True)
            reason = str(error.explanation)
            if "docker-init" in reason and self._dependencies.has_init:
                self._dependencies.has_init = False
                return self._start_relay(image, python)
            if "executable file not found" in reason:
                return None
            raise
        return container

    def _target(self, container: Container) -> Target | None:
        if not container.ports:
            return None
        published = self._network.attrs["NetworkSettings"]["Ports"][f"{container.ports[0]}/tcp"]
        return Target(HOST, int(published[0]["HostPort"]))

    def _create(self, container: Container, image: Any, environment: Mapping[str, str]) -> Any:
        memory = container.memory or self._plan.memory
        variables, mounts = self._environment(environment), self._mounts(container, image)
        if uses_cache(variables):
            variables[VARIABLE] = CONTAINER_PATH
            trusted = trusted_file(self._dependencies.certificates)
            mounts.append(Mount(CONTAINER_PATH, str(trusted), type="bind", read_only=True))
        return self._dependencies.client.containers.create(
            image,
            name=f"{self._name}-{container.name}-{secrets.token_hex(2)}",
            entrypoint=list(container.entry_point) or None,
            command=list(container.command) or None,
            environment=variables,
            labels=self._dependencies.labels,
            network_mode=f"container:{self._network.id}",
            user=container.user,
            read_only=container.read_only,
            init=container.has_init and self._dependencies.has_init,
            cap_drop=list(container.dropped_capabilities),
            mounts=mounts,
            mem_limit=memory,
            memswap_limit=memory,
            nano_cpus=int(min(self._plan.cpu, self._dependencies.processors) * _BILLION),
            healthcheck=_NO_HEALTH_CHECK,
            log_config=_LOG,
        )

    def _environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The variables; RDS's certificates, which a container writes for others, are replaced by the local CA."""
        local_ca = self._dependencies.certificates
        return {
            name: local_ca.read_text() if are_rds_certificates(value) else value for name, value in environment.items()
        }

    def _mounts(self, container: Container, image: Any) -> list[Any]:
        declared = {path.rstrip("/") for path in image.attrs["Config"].get("Volumes") or ()}
        mounts = [self._mount(volume, path, read_only, declared) for volume, path, read_only in container.mounts]
        if CA_PATH.rpartition("/")[0] not in [path for _, path, _ in container.mounts]:
            mounts.append(Mount(CA_PATH, str(self._dependencies.certificates), type="bind", read_only=True))
        return mounts

    def _mount(self, volume: str, path: str, read_only: bool, declared: Collection[str]) -> Any:
        """Mount a volume: on Fargate, root owns it unless the image declares the folder as a VOLUME of its user.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html
        """
        if volume not in self._volumes:
            name = f"{self._name}-{volume}"
            self._volumes[volume] = self._dependencies.client.volumes.create(name, labels=self._dependencies.labels)
        source = self._volumes[volume].name
        return Mount(path, source, type="volume", read_only=read_only, no_copy=path.rstrip("/") not in declared)

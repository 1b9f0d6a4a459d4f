"""Converts a task definition into the values that are needed to run it on this machine: pure functions.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

# Seconds from SIGTERM to SIGKILL: the default, and the maximum on Fargate (stopTimeout on the page above).
_STOP_TIMEOUT, _MAX_STOP_TIMEOUT = 30, 120
# Defaults of https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
_INTERVAL, _TIMEOUT, _RETRIES, _START_PERIOD = 30, 5, 3, 0
_MIB = 1024 * 1024
_NONE: Mapping[str, Any] = {}


class Dependency(NamedTuple):
    """A container that must reach a condition before another one starts."""

    name: str
    condition: str
    """START, COMPLETE, SUCCESS or HEALTHY."""


class HealthCheck(NamedTuple):
    """A container's health check; times in seconds."""

    command: Sequence[str]
    interval: float
    timeout: float
    retries: int
    start_period: float


class LogTarget(NamedTuple):
    """The log group of a container, and the prefix of its log stream."""

    group: str
    prefix: str
    create: bool
    """Whether the log group is created if it does not exist."""


class Mount(NamedTuple):
    """A mount point: a volume of the task in a container."""

    volume: str
    path: str
    read_only: bool


@dataclass(frozen=True)
class Container:
    """One container of a task."""

    name: str
    image: str
    entry_point: Sequence[str]
    """Empty if that of the image is used."""
    command: Sequence[str]
    """Arguments of the entry point; empty if those of the image are used."""
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    """Environment variable → ARN of a secret, or name or ARN of a parameter."""
    essential: bool
    depends_on: Sequence[Dependency]
    stop_timeout: float
    memory: int | None
    """Limit in bytes; None if only the task has one."""
    health_check: HealthCheck | None
    log: LogTarget | None
    ports: Sequence[int]
    user: str | None
    """None if that of the image is used."""
    read_only: bool
    """Whether only its mount points are writable."""
    mounts: Sequence[Mount]
    has_init: bool
    """Whether an init process runs as its first process."""
    dropped_capabilities: Sequence[str]


@dataclass(frozen=True)
class TaskPlan:
    """Everything that is needed to run a task."""

    containers: Sequence[Container]
    memory: int | None
    """Limit of the task in bytes; None if it has none."""
    cpu: float
    """vCPUs of the task."""
    execution_role: str | None
    task_role: str | None


def task_plan(definition: Mapping[str, Any], overrides: Mapping[str, Any] = _NONE) -> TaskPlan:
    """The plan of a task with a task definition and the overrides of RunTask."""
    container_overrides: dict[str, Mapping[str, Any]] = {
        override["name"]: override for override in _list(overrides, "containerOverrides")
    }
    containers = [
        _container(container, container_overrides.get(container["name"], _NONE))
        for container in definition["containerDefinitions"]
    ]
    memory = overrides.get("memory") or definition.get("memory")
    cpu = overrides.get("cpu") or definition.get("cpu") or 1024
    return TaskPlan(
        containers=containers,
        memory=int(memory) * _MIB if memory else None,
        cpu=int(cpu) / 1024,  # 1024 units are one vCPU
        execution_role=overrides.get("executionRoleArn") or definition.get("executionRoleArn"),
        task_role=overrides.get("taskRoleArn") or definition.get("taskRoleArn"),
    )


def _container(definition: Mapping[str, Any], override: Mapping[str, Any]) -> Container:
    linux: Mapping[str, Any] = definition.get("linuxParameters") or _NONE
    memory = override.get("memory") or definition.get("memory")
    stop_timeout = definition.get("stopTimeout")
    environment = [*(_list(definition, "environment")), *(_list(override, "environment"))]
    return Container(
        name=definition["name"],
        image=definition["image"],
        entry_point=_list(definition, "entryPoint"),
        command=override.get("command") or _list(definition, "command"),
        environment={variable["name"]: variable["value"] for variable in environment},
        secrets={secret["name"]: secret["valueFrom"] for secret in _list(definition, "secrets")},
        essential=definition.get("essential", True),
        depends_on=[
            Dependency(dependency["containerName"], dependency["condition"])
            for dependency in _list(definition, "dependsOn")
        ],
        stop_timeout=min(_STOP_TIMEOUT if stop_timeout is None else stop_timeout, _MAX_STOP_TIMEOUT),
        memory=int(memory) * _MIB if memory else None,
        health_check=_health_check(definition.get("healthCheck")),
        log=_log(definition.get("logConfiguration")),
        ports=[port["containerPort"] for port in _list(definition, "portMappings")],
        user=definition.get("user"),
        read_only=definition.get("readonlyRootFilesystem", False),
        mounts=[
            Mount(mount["sourceVolume"], mount["containerPath"], mount.get("readOnly", False))
            for mount in _list(definition, "mountPoints")
        ],
        has_init=linux.get("initProcessEnabled", False),
        dropped_capabilities=_list(linux.get("capabilities") or _NONE, "drop"),
    )


def _list(source: Mapping[str, Any], name: str) -> list[Any]:
    """A list in a definition; empty if it is absent or null."""
    value: list[Any] | None = source.get(name)
    return value or []


def _health_check(settings: Mapping[str, Any] | None) -> HealthCheck | None:
    """`CMD` runs a command, `CMD-SHELL` runs it in a shell, and `NONE` disables the check of the image."""
    if not settings or settings["command"][:1] == ["NONE"]:
        return None
    kind, *words = cast(list[str], settings["command"])
    command = ["/bin/sh", "-c", " ".join(words)] if kind == "CMD-SHELL" else words if kind == "CMD" else [kind, *words]
    return HealthCheck(
        command,
        settings.get("interval", _INTERVAL),
        settings.get("timeout", _TIMEOUT),
        settings.get("retries", _RETRIES),
        settings.get("startPeriod", _START_PERIOD),
    )


def _log(configuration: Mapping[str, Any] | None) -> LogTarget | None:
    if not configuration or configuration.get("logDriver") != "awslogs":
        return None
    options: Mapping[str, str] = configuration.get("options") or _NONE
    create = options.get("awslogs-create-group") == "true"
    return LogTarget(options["awslogs-group"], options.get("awslogs-stream-prefix", ""), create)

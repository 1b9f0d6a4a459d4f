"""A task definition as this machine runs it: plain values in, plain values out.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

# Seconds from SIGTERM to SIGKILL where nothing else is said, and at most on Fargate: stopTimeout on the page above.
_STOP_TIMEOUT, _LONGEST_STOP_TIMEOUT = 30, 120
# Defaults of https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
_INTERVAL, _TIMEOUT, _RETRIES, _START_PERIOD = 30, 5, 3, 0
_MIB = 1024 * 1024
_NONE: Mapping[str, Any] = {}


class Dependency(NamedTuple):
    """A container that another waits for."""

    name: str
    condition: str
    """START, COMPLETE, SUCCESS or HEALTHY."""


class HealthCheck(NamedTuple):
    """A container's own health check; times in seconds."""

    command: Sequence[str]
    interval: float
    timeout: float
    retries: int
    start_period: float


class LogTarget(NamedTuple):
    """Where a container's lines go in CloudWatch Logs."""

    group: str
    prefix: str
    create: bool
    """Whether the group is made when it is missing."""


class Mount(NamedTuple):
    """A volume of the task in a container."""

    volume: str
    path: str
    read_only: bool


@dataclass(frozen=True)
class Container:
    """One container of a task."""

    name: str
    image: str
    entry_point: Sequence[str]
    """Empty when the image's own is used."""
    command: Sequence[str]
    """What follows the entry point; empty when the image's own is used."""
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    """Variable → ARN, or name of a parameter."""
    essential: bool
    depends_on: Sequence[Dependency]
    stop_timeout: float
    memory: int | None
    """Limit in bytes; None when only the task has one."""
    health_check: HealthCheck | None
    log: LogTarget | None
    ports: Sequence[int]
    user: str | None
    """None when the image's own is used."""
    read_only: bool
    """Whether nothing but its mounts can be written."""
    mounts: Sequence[Mount]
    has_init: bool
    """Whether an init process comes before its own."""
    dropped_capabilities: Sequence[str]


@dataclass(frozen=True)
class TaskPlan:
    """All that is needed to run a task."""

    containers: Sequence[Container]
    memory: int | None
    """Limit of the whole task in bytes."""
    cpu: float
    """vCPUs of the task."""
    execution_role: str | None
    task_role: str | None


def plan_of(definition: Mapping[str, Any], overrides: Mapping[str, Any] = _NONE) -> TaskPlan:
    """The plan of a task definition, with what RunTask overrides."""
    changed: dict[str, Mapping[str, Any]] = {one["name"]: one for one in _several(overrides, "containerOverrides")}
    containers = [_container(one, changed.get(one["name"], _NONE)) for one in definition["containerDefinitions"]]
    memory = overrides.get("memory") or definition.get("memory")
    cpu = overrides.get("cpu") or definition.get("cpu") or 1024
    return TaskPlan(
        containers=containers,
        memory=int(memory) * _MIB if memory else None,
        cpu=int(cpu) / 1024,  # 1024 units are one vCPU
        execution_role=overrides.get("executionRoleArn") or definition.get("executionRoleArn"),
        task_role=overrides.get("taskRoleArn") or definition.get("taskRoleArn"),
    )


def _container(given: Mapping[str, Any], override: Mapping[str, Any]) -> Container:
    linux: Mapping[str, Any] = given.get("linuxParameters") or _NONE
    memory = override.get("memory") or given.get("memory")
    wanted = given.get("stopTimeout")
    environment = [*(_several(given, "environment")), *(_several(override, "environment"))]
    return Container(
        name=given["name"],
        image=given["image"],
        entry_point=_several(given, "entryPoint"),
        command=override.get("command") or _several(given, "command"),
        environment={one["name"]: one["value"] for one in environment},
        secrets={one["name"]: one["valueFrom"] for one in _several(given, "secrets")},
        essential=given.get("essential", True),
        depends_on=[Dependency(one["containerName"], one["condition"]) for one in _several(given, "dependsOn")],
        stop_timeout=min(_STOP_TIMEOUT if wanted is None else wanted, _LONGEST_STOP_TIMEOUT),
        memory=int(memory) * _MIB if memory else None,
        health_check=_health_check(given.get("healthCheck")),
        log=_log(given.get("logConfiguration")),
        ports=[one["containerPort"] for one in _several(given, "portMappings")],
        user=given.get("user"),
        read_only=given.get("readonlyRootFilesystem", False),
        mounts=[
            Mount(one["sourceVolume"], one["containerPath"], one.get("readOnly", False))
            for one in _several(given, "mountPoints")
        ],
        has_init=linux.get("initProcessEnabled", False),
        dropped_capabilities=_several(linux.get("capabilities") or _NONE, "drop"),
    )


def _several(given: Mapping[str, Any], name: str) -> list[Any]:
    found: list[Any] | None = given.get(name)
    return found or []


def _health_check(given: Mapping[str, Any] | None) -> HealthCheck | None:
    """`CMD` runs the words, `CMD-SHELL` a shell with them; `NONE` is no check."""
    if not given or given["command"][:1] == ["NONE"]:
        return None
    kind, *words = cast(list[str], given["command"])
    command = ["/bin/sh", "-c", " ".join(words)] if kind == "CMD-SHELL" else words if kind == "CMD" else [kind, *words]
    return HealthCheck(
        command,
        given.get("interval", _INTERVAL),
        given.get("timeout", _TIMEOUT),
        given.get("retries", _RETRIES),
        given.get("startPeriod", _START_PERIOD),
    )


def _log(given: Mapping[str, Any] | None) -> LogTarget | None:
    if not given or given.get("logDriver") != "awslogs":
        return None
    options: Mapping[str, str] = given.get("options") or _NONE
    create = options.get("awslogs-create-group") == "true"
    return LogTarget(options["awslogs-group"], options.get("awslogs-stream-prefix", ""), create)

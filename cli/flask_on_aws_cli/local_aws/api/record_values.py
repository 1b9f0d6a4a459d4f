"""Services, tasks and database addresses of the API as plain values, read from moto's objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class ServiceRecord:
    """A service as the API describes it; `raw` is moto's own object, to be used only while holding the lock."""

    key: str
    """`cluster:name`, unique in the region."""
    arn: str
    name: str
    cluster: str
    status: str
    desired: int
    configuration: Mapping[str, Any]
    """`deploymentConfiguration`."""
    load_balancers: Sequence[Mapping[str, Any]]
    grace: int
    """healthCheckGracePeriodSeconds."""
    raw: Any


@dataclass(frozen=True)
class CacheRecord:
    """What the server of a replication group needs to know."""

    id: str
    tokens: tuple[str, ...] = field(repr=False)
    """The valid AUTH tokens; two after a rotation."""
    eviction_policy: str


@dataclass(frozen=True)
class TaskRecord:
    """A task as the API describes it."""

    arn: str
    cluster: str
    group: str
    started_by: str
    status: str
    desired_status: str
    stop_code: str | None
    stopped_reason: str | None
    stopped_at: datetime | None
    task_definition: str
    overrides: Mapping[str, Any]
    may_execute: bool
    """Whether ExecuteCommand is enabled."""
    network: Mapping[str, Any]
    """`awsvpcConfiguration`."""

    @property
    def id(self) -> str:
        """The last part of the ARN."""
        return self.arn.rsplit("/", 1)[-1]


def service_record(key: str, raw: Any) -> ServiceRecord:
    """The record of one of moto's services."""
    return ServiceRecord(
        key=key,
        arn=raw.arn,
        name=raw.name,
        cluster=raw.cluster_name,
        status=raw.status,
        desired=raw.desired_count,
        configuration=getattr(raw, "deployment_configuration", {}) or {},
        load_balancers=raw.load_balancers or [],
        grace=getattr(raw, "health_check_grace_period_seconds", 0) or 0,
        raw=raw,
    )


def task_record(arn: str, raw: Any) -> TaskRecord:
    """The record of one of moto's tasks."""
    stopped: datetime | None = getattr(raw, "stopped_at", None)
    return TaskRecord(
        arn=arn,
        cluster=raw.cluster_name,
        group=raw.group,
        started_by=raw.started_by,
        status=raw.last_status,
        desired_status=raw.desired_status,
        stop_code=getattr(raw, "stop_code", None),
        stopped_reason=raw.stopped_reason,
        stopped_at=stopped.replace(tzinfo=UTC) if stopped and stopped.tzinfo is None else stopped,
        task_definition=raw.task_definition_arn,
        overrides=raw.overrides or {},
        may_execute=bool(getattr(raw, "enable_execute_command", False)),
        network=getattr(raw, "local_network", {}),
    )


@dataclass(frozen=True)
class DatabaseAddress:
    """Where a database or a cache listens on this machine, and what its security groups see."""

    identifier: str
    host: str
    port: int
    """The port on this machine."""
    group_port: int
    """The port that it was created with, which security group rules name."""
    groups: Sequence[str]
    """The ids of its security groups."""
    kind: str = "database"
    """`database` or `cache`."""

"""Conversion of service records: reads the desired state, and writes the actual state of deployments and tasks."""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.utils import utcnow

from ...api.record_values import ServiceRecord
from ..tasks.task import TaskRun
from .circuit_breaker import read_breaker
from .model import Deployment, Phase, Service


def read_service(record: ServiceRecord) -> Service:
    """The desired state of a service; the caller holds the records' lock."""
    configuration = record.configuration
    minimum, maximum = configuration.get("minimumHealthyPercent"), configuration.get("maximumPercent")
    last_good: Mapping[str, Any] | None = getattr(record.raw, "local_last_good", None)
    is_active = record.status == "ACTIVE"
    return Service(
        name=record.name,
        desired=record.desired if is_active else 0,
        deployments=tuple(_read_deployment(fields) for fields in record.raw.deployments) if is_active else (),
        # Defaults of https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
        minimum_percent=100 if minimum is None else int(minimum),
        maximum_percent=200 if maximum is None else int(maximum),
        breaker=read_breaker(configuration),
        last_good=_read_deployment(last_good) if last_good else None,
        steady=getattr(record.raw, "local_steady", False),
    )


def _read_deployment(fields: Mapping[str, Any]) -> Deployment:
    return Deployment(
        id=fields["id"],
        task_definition=fields["taskDefinition"],
        rollout=fields["rolloutState"],
        reason=fields["rolloutStateReason"],
        failed=fields["failedTasks"],
        retry_at=fields.get("localRetryAt", 0.0),
        failed_at=fields.get("localFailedAt", 0.0),
    )


def write_service(record: ServiceRecord, service: Service, runs: Sequence[TaskRun]) -> bool:
    """Write the actual state of a service to its record, for DescribeServices; the caller holds the records' lock.

    Returns whether the record has changed.
    """
    raw = record.raw
    before = _state(raw)
    last_good: Mapping[str, Any] | None = getattr(raw, "local_last_good", None)
    by_id = {fields["id"]: fields for fields in [*([dict(last_good)] if last_good else []), *raw.deployments]}
    if record.status == "ACTIVE":
        raw.deployments = [
            _update_deployment(by_id[deployment.id], deployment, index, runs)
            for index, deployment in enumerate(service.deployments)
        ]
        raw.task_definition = service.deployments[0].task_definition
        raw.deployments[0]["desiredCount"] = service.desired
        raw.local_last_good = dict(by_id[service.last_good.id]) if service.last_good else None
        raw.local_steady = service.steady
    else:
        raw.deployments = [
            fields for fields in raw.deployments if any(run.record.started_by == fields["id"] for run in runs)
        ]
        if not runs:
            raw.status = "INACTIVE"
    raw.running_count = sum(run.phase is Phase.RUNNING for run in runs)
    raw.pending_count = sum(run.phase is Phase.STARTING for run in runs)
    return _state(raw) != before


def _state(raw: Any) -> list[Any]:
    names = ("status", "task_definition", "running_count", "pending_count", "local_last_good", "local_steady")
    return [[dict(fields) for fields in raw.deployments], *(getattr(raw, name, None) for name in names)]


def _update_deployment(
    fields: dict[str, Any], deployment: Deployment, index: int, runs: Sequence[TaskRun]
) -> dict[str, Any]:
    deployment_runs = [run for run in runs if run.record.started_by == deployment.id]
    active = sum(run.phase is not Phase.STOPPING for run in deployment_runs)
    changes = {
        "status": "PRIMARY" if index == 0 else "ACTIVE",
        "rolloutState": deployment.rollout,
        "rolloutStateReason": deployment.reason,
        "failedTasks": deployment.failed,
        "localRetryAt": deployment.retry_at,
        "localFailedAt": deployment.failed_at,
        "runningCount": sum(run.phase is Phase.RUNNING for run in deployment_runs),
        "pendingCount": sum(run.phase is Phase.STARTING for run in deployment_runs),
        "desiredCount": fields["desiredCount"] if index == 0 else active,
    }
    if any(fields.get(name) != value for name, value in changes.items()):
        fields.update(changes, updatedAt=utcnow())
    return fields

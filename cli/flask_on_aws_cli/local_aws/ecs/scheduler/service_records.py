"""Between a service's record and the scheduler's values: read what is desired, write what is true."""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.utils import utcnow

from ...api.record_values import ServiceRecord
from ..tasks.task import TaskRun
from .circuit_breaker import breaker_of
from .model import Deployment, Phase, Service


def read_service(record: ServiceRecord) -> Service:
    """What the API desires of a service; under the records' lock."""
    configuration = record.configuration
    minimum, maximum = configuration.get("minimumHealthyPercent"), configuration.get("maximumPercent")
    good: Mapping[str, Any] | None = getattr(record.raw, "local_last_good", None)
    going = record.status == "ACTIVE"
    return Service(
        name=record.name,
        desired=record.desired if going else 0,
        deployments=tuple(_deployment(one) for one in record.raw.deployments) if going else (),
        # Defaults of https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
        minimum_percent=100 if minimum is None else int(minimum),
        maximum_percent=200 if maximum is None else int(maximum),
        breaker=breaker_of(configuration),
        last_good=_deployment(good) if good else None,
        steady=getattr(record.raw, "local_steady", False),
    )


def _deployment(told: Mapping[str, Any]) -> Deployment:
    return Deployment(
        id=told["id"],
        task_definition=told["taskDefinition"],
        rollout=told["rolloutState"],
        reason=told["rolloutStateReason"],
        failed=told["failedTasks"],
        retry_at=told.get("localRetryAt", 0.0),
        failed_at=told.get("localFailedAt", 0.0),
    )


def write_service(record: ServiceRecord, service: Service, runs: Sequence[TaskRun]) -> bool:
    """Make DescribeServices say how far a service is; under the records' lock. Whether it said something else."""
    raw = record.raw
    before = _said(raw)
    good: Mapping[str, Any] | None = getattr(raw, "local_last_good", None)
    known = {told["id"]: told for told in [*([dict(good)] if good else []), *raw.deployments]}
    if record.status == "ACTIVE":
        raw.deployments = [_told(known[one.id], one, index, runs) for index, one in enumerate(service.deployments)]
        raw.task_definition = service.deployments[0].task_definition
        raw.deployments[0]["desiredCount"] = service.desired
        raw.local_last_good = dict(known[service.last_good.id]) if service.last_good else None
        raw.local_steady = service.steady
    else:
        raw.deployments = [told for told in raw.deployments if any(run.record.started_by == told["id"] for run in runs)]
        if not runs:
            raw.status = "INACTIVE"
    raw.running_count = sum(run.phase is Phase.RUNNING for run in runs)
    raw.pending_count = sum(run.phase is Phase.STARTING for run in runs)
    return _said(raw) != before


def _said(raw: Any) -> list[Any]:
    names = ("status", "task_definition", "running_count", "pending_count", "local_last_good", "local_steady")
    return [[dict(one) for one in raw.deployments], *(getattr(raw, name, None) for name in names)]


def _told(told: dict[str, Any], deployment: Deployment, index: int, runs: Sequence[TaskRun]) -> dict[str, Any]:
    mine = [run for run in runs if run.record.started_by == deployment.id]
    now = {
        "status": "PRIMARY" if index == 0 else "ACTIVE",
        "rolloutState": deployment.rollout,
        "rolloutStateReason": deployment.reason,
        "failedTasks": deployment.failed,
        "localRetryAt": deployment.retry_at,
        "localFailedAt": deployment.failed_at,
        "runningCount": sum(run.phase is Phase.RUNNING for run in mine),
        "pendingCount": sum(run.phase is Phase.STARTING for run in mine),
        "desiredCount": told["desiredCount"] if index == 0 else sum(run.phase is not Phase.STOPPING for run in mine),
    }
    if any(told.get(name) != value for name, value in now.items()):
        told.update(now, updatedAt=utcnow())
    return told

"""The API's records that the data plane reads and writes back; the only module that uses moto's objects for them."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from moto.backends import get_backend
from moto.core.utils import utcnow
from moto.iam.access_control import IAMPolicy, PermissionResult

from ...local_project.location import ACCOUNT_ID
from ..faults import Faults
from ..moto_patches.elasticache import parameter_groups, set_endpoint
from ..parts import TargetHealth
from .rds_records import database_settings, servers, write_status
from .record_values import CacheRecord, DatabaseAddress, ServiceRecord, TaskRecord, service_record, task_record
from .security_groups import Group, Rule

_Record = TypeVar("_Record")
# ECS keeps a service's last 100 events: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html
_MAX_EVENTS = 100
# CloudWatch keeps data points with a period of less than a minute for three hours:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
_METRICS_RETENTION = timedelta(hours=3)
# Calls between two deletions of older data points.
_PUTS_PER_CLEANUP = 1000
ALL = "*"
"""In `stale`: all services."""


class Records:
    """The API's records of one region; hold `lock` while nothing may change between two calls."""

    def __init__(self, region: str, faults: Faults | None = None) -> None:
        self._faults = faults or Faults()
        self.region = region
        """The region of the records."""
        self.lock = threading.RLock()
        """Held during every call of the API."""
        self.changed = threading.Event()
        """Set when the data plane has written something that is to be saved soon."""
        self.stale: set[str] = set()
        """moto's names of services with changes that may not be on disk; `ALL` for all services."""
        self._listeners: list[Callable[[], None]] = []
        self._puts = 0
        self.version = 0
        """A new value after each call to the API that may have changed something."""

    def on_change(self, callback: Callable[[], None]) -> None:
        """Register a callback, called in the changing thread after a call to the API or a write of the data plane."""
        self._listeners.append(callback)

    def note_call(self, service: str, is_change: bool) -> None:
        """Note a call to a service, by moto's name. A change may affect other services as well.

        Even a read makes the service stale, since moto advances some records when they are read.
        """
        self.stale.add(ALL if is_change else service)
        if is_change:
            self.version += 1
            self._notify()

    def _notify(self) -> None:
        for callback in self._listeners:
            callback()

    def _backend(self, service: str, region: str | None = None) -> Any:
        return cast(Any, get_backend(cast(Any, service)))[ACCOUNT_ID][region or self.region]

    def _mark_changed(self, service: str) -> None:
        self.stale.add(service)
        self.changed.set()
        self._notify()

    def services(self) -> list[ServiceRecord]:
        """All services except inactive ones, which are deleted."""
        with self.lock:
            active = [(key, raw) for key, raw in self._backend("ecs").services.items() if raw.status != "INACTIVE"]
            return self._read_all("service", service_record, active)

    def task_definition(self, arn: str) -> dict[str, Any]:
        """A task definition's containers and limits, under the names of DescribeTaskDefinition."""
        with self.lock:
            raw = self._backend("ecs").describe_task_definition(arn)
            return {
                "family": raw.family,
                "containerDefinitions": raw.container_definitions,
                "cpu": raw.cpu,
                "memory": raw.memory,
                "taskRoleArn": getattr(raw, "task_role_arn", None),
                "executionRoleArn": getattr(raw, "execution_role_arn", None),
            }

    def tasks(self) -> list[TaskRecord]:
        """All tasks of all clusters."""
        with self.lock:
            return self._read_all("task", task_record, self._tasks())

    def _read_all(
        self, kind: str, read: Callable[[str, Any], _Record], raw_records: Iterable[tuple[str, Any]]
    ) -> list[_Record]:
        """All records that can be read: a broken one must not hide the others."""
        records, activity, seen = list[_Record](), f"reading ECS's record of a {kind}", list[str]()
        for key, raw in raw_records:
            seen.append(key)
            with self._faults.capture(activity, key, f"Delete the {kind} or deploy it again."):
                records.append(read(key, raw))
        self._faults.forget(activity, seen)
        return records

    def _tasks(self) -> Iterator[tuple[str, Any]]:
        for tasks in list(self._backend("ecs").tasks.values()):
            yield from list(tasks.items())

    def new_task(self, service: ServiceRecord, deployment: Mapping[str, Any]) -> TaskRecord:
        """Create the record of a new task of a service."""
        with self.lock:
            strategy = getattr(service.raw, "capacity_provider_strategy", None)
            task = self._backend("ecs").run_task(
                service.cluster,
                deployment["taskDefinition"],
                1,
                None,
                deployment["id"],
                service.raw.tags if service.raw.propagate_tags == "SERVICE" else [],
                # As on Fargate, there are no container instances to place the task on: it runs on this machine.
                None if strategy else "FARGATE",
                deployment["networkConfiguration"],
                f"service:{service.name}",
                deployment["platformVersion"],
                strategy or None,
            )[0]
            task.enable_execute_command = service.raw.enable_execute_command
            task.last_status = "PENDING"  # the caller starts it; PROVISIONING marks tasks of RunTask, not started yet
            return task_record(task.task_arn, task)

    def write_task(self, arn: str, changes: Mapping[str, Any], containers: Mapping[str, Mapping[str, Any]]) -> None:
        """Change what DescribeTasks returns: a task by moto's attribute names, its containers by the API's names."""
        with self.lock:
            raw = dict(self._tasks()).get(arn)
            if raw is None:
                return
            for name, value in changes.items():
                setattr(raw, name, value)
            raw.version += 1
            self._mark_changed("ecs")
            for container in raw.containers:
                container.update(containers.get(container["name"], {}))
                if getattr(raw, "enable_execute_command", False):
                    container["managedAgents"] = [_agent(container["lastStatus"])]

    def forget_tasks(self, stopped_before: datetime) -> list[str]:
        """Delete the records of tasks that stopped before a time; returns their ARNs."""
        with self.lock:
            expired = [task.arn for task in self.tasks() if (ended := task.stopped_at) and ended < stopped_before]
            for tasks in self._backend("ecs").tasks.values():
                for arn in expired:
                    tasks.pop(arn, None)
            return expired

    def add_event(self, service: ServiceRecord, message: str) -> None:
        """Add an event to a service's events, the newest first."""
        with self.lock:
            number = getattr(service.raw, "event_number", 0) + 1
            service.raw.event_number = number
            event = {"id": f"{number:08x}-0000-4000-8000-{number:012x}", "createdAt": utcnow(), "message": message}
            service.raw.events = [event, *service.raw.events][:_MAX_EVENTS]
            self.stale.add("ecs")

    def put_log_events(self, group: str, stream: str, events: Sequence[tuple[int, str]]) -> None:
        """Write log lines, each with its time in milliseconds; they are dropped if the group has been deleted."""
        with self.lock:
            logs = self._backend("logs")
            if group not in logs.groups:
                return
            if stream not in logs.groups[group].streams:
                logs.create_log_stream(group, stream)
            logs.put_log_events(group, stream, [{"timestamp": time, "message": line} for time, line in events])
            self.stale.add("logs")

    def put_metrics(self, namespace: str, data: Sequence[Mapping[str, Any]]) -> None:
        """Write current data points as PutMetricData accepts them, and delete those beyond CloudWatch's retention."""
        with self.lock:
            cloudwatch = self._backend("cloudwatch")
            cloudwatch.put_metric_data(namespace, [{**point, "Timestamp": utcnow()} for point in data])
            self._puts += 1
            if self._puts % _PUTS_PER_CLEANUP == 0:
                oldest = utcnow() - _METRICS_RETENTION
                points = cloudwatch.metric_data
                cloudwatch.metric_data = [
                    point for point in points if point.namespace != namespace or point.timestamp >= oldest
                ]
            self.stale.add("cloudwatch")

    def create_log_group(self, name: str) -> None:
        """Create a log group, unless it exists."""
        with self.lock:
            if not self.has_log_group(name):
                self._backend("logs").create_log_group(name, {})

    def has_log_group(self, name: str) -> bool:
        """Whether a log group exists."""
        with self.lock:
            return name in self._backend("logs").groups

    def write_target_health(self, group_arn: str, health: Mapping[tuple[str, int], TargetHealth]) -> None:
        """Replace what DescribeTargetHealth returns for a target group; a group that no longer exists is ignored."""
        with self.lock:
            group = self._backend("elbv2").target_groups.get(group_arn)
            if group is not None and getattr(group, "local_health", None) != dict(health):
                group.local_health = dict(health)
                self.stale.add("elbv2")

    def databases(self) -> dict[str, dict[str, Any]]:
        """The instances and clusters with a server, by identifier, with its settings."""
        with self.lock:
            rds = self._backend("rds")
            return {name: database_settings(rds, raw) for name, raw in servers(rds).items()}

    def write_database(
        self, identifier: str, status: str, host: str | None = None, port: int | None = None, reason: str = ""
    ) -> None:
        """Change what DescribeDBInstances or DescribeDBClusters returns, and why if something is wrong.

        A missing database is ignored.
        """
        with self.lock:
            rds = self._backend("rds")
            raw = servers(rds).get(identifier)
            if raw is not None:
                write_status(raw, status, host, port, reason)
                self._mark_changed("rds")

    def caches(self) -> list[CacheRecord]:
        """The replication groups, with the settings of their servers."""
        with self.lock:
            backend = self._backend("elasticache")
            return [_cache(backend, raw) for raw in backend.replication_groups.values()]

    def write_cache(self, group_id: str, status: str, host: str | None = None, port: int | None = None) -> None:
        """Change what DescribeReplicationGroups returns, if it differs; a missing group is ignored."""
        with self.lock:
            raw = self._backend("elasticache").replication_groups.get(group_id)
            if raw is None or (raw.status, getattr(raw, "local_address", None)) == (status, (host, port)):
                return
            raw.status = status
            if host and port:
                set_endpoint(raw, host, port)
            self._mark_changed("elasticache")

    def database_addresses(self) -> list[DatabaseAddress]:
        """The address of each database and of each cache that has a server."""
        with self.lock:
            databases = [
                DatabaseAddress(name, host, int(raw.port), _group_port(raw), list(raw.vpc_security_group_ids or ()))
                for name, raw in servers(self._backend("rds")).items()
                if (host := getattr(raw, "local_host", None))
            ]
            caches = [
                DatabaseAddress(
                    name, address[0], address[1], int(raw.port), list(raw.security_group_ids or ()), "cache"
                )
                for name, raw in self._backend("elasticache").replication_groups.items()
                if (address := getattr(raw, "local_address", None))
            ]
            return databases + caches

    def security_groups(self, ids: Sequence[str]) -> list[Group]:
        """Security groups with their rules; ids without a record are left out."""
        with self.lock:
            groups = [self._backend("ec2").get_security_group_from_id(group_id) for group_id in ids]
            return [
                Group(raw.id, [_rule(rule) for rule in raw.ingress_rules], [_rule(rule) for rule in raw.egress_rules])
                for raw in groups
                if raw is not None
            ]

    def task_groups(self, network: Mapping[str, Any]) -> list[Group]:
        """The security groups of a task; none if one is not in the records, or if the VPC's default group applies."""
        ids: list[str] = network.get("securityGroups") or []
        groups = self.security_groups(ids)
        return groups if len(groups) == len(ids) else []

    def write_snapshot(self, name: str, status: str) -> None:
        """Change what describes a snapshot of an instance or a cluster; one that no longer exists is ignored."""
        with self.lock:
            rds = self._backend("rds")
            raw = rds.database_snapshots.get(name) or rds.cluster_snapshots.get(name)
            if raw is not None:
                raw.status = status
                self._mark_changed("rds")

    def role_permits(self, role_arn: str, action: str, resource: str) -> bool:
        """Whether a role's policies allow an action; an unknown role allows nothing."""
        with self.lock:
            iam = get_backend("iam")[ACCOUNT_ID]["aws"]
            raw: Any = next((role for role in iam.roles.values() if role.arn == role_arn), None)
            if raw is None:
                return False
            documents = [*raw.policies.values(), *(policy.document for policy in raw.managed_policies.values())]
            results = [IAMPolicy(document).is_action_permitted(action, resource) for document in documents]
        return PermissionResult.PERMITTED in results and PermissionResult.DENIED not in results


def _group_port(raw: Any) -> int:
    """The port that security group rules name; PostgreSQL's default for records of an earlier version."""
    return int(getattr(raw, "local_group_port", None) or 5432)


def _cache(backend: Any, raw: Any) -> CacheRecord:
    group = parameter_groups(backend).get(raw.cache_parameter_group_name or "")
    parameters = group.parameters if group else {}
    # What ElastiCache's default parameter groups have.
    policy = parameters.get("maxmemory-policy", "volatile-lru")
    return CacheRecord(raw.replication_group_id, tuple(getattr(raw, "local_tokens", ())), policy)


def _rule(raw: Any) -> Rule:
    return Rule(raw.ip_protocol, raw.from_port, raw.to_port, raw.source_group.get("GroupId"))


def _agent(status: str) -> dict[str, str]:
    """ECS Exec's agent of a container with a status, as DescribeTasks describes it: it starts and ends with it."""
    state = status if status in ("RUNNING", "STOPPED") else "PENDING"
    return {"name": "ExecuteCommandAgent", "lastStatus": state}

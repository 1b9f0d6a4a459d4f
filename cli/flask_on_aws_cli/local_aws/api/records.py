"""What the data plane reads of the API's records, and what it writes back: the one place that knows moto's objects."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from moto.backends import get_backend
from moto.core.utils import utcnow
from moto.iam.access_control import IAMPolicy, PermissionResult

from ...local_project.location import ACCOUNT_ID
from ..faults import Faults
from ..parts import TargetHealth
from .record_values import DatabaseAddress, ServiceRecord, TaskRecord, service_record, task_record
from .security_groups import Group, Rule

_Record = TypeVar("_Record")
# ECS keeps a service's last 100 events: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html
_EVENTS = 100
# Measurements of less than a minute are told for three hours:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
_METRICS_KEPT = timedelta(hours=3)
# Calls between two looks for measurements that are older.
_PUTS_KEPT = 1000
ALL = "*"
"""In `stale`: any service."""


class Records:
    """The API's records of one region; hold `lock` for what must not change between two calls."""

    def __init__(self, region: str, faults: Faults | None = None) -> None:
        self._faults = faults or Faults()
        self.region = region
        """The one region."""
        self.lock = threading.RLock()
        """Held during every call of the API."""
        self.changed = threading.Event()
        """Set when the data plane wrote what is to be kept soon."""
        self.stale: set[str] = set()
        """Services, by their names in moto, of which not everything may be on disk; `ALL` for all of them."""
        self._listeners: list[Callable[[], None]] = []
        self._puts = 0
        self.version = 0
        """Another one after each call of the API that may have changed something."""

    def on_change(self, call: Callable[[], None]) -> None:
        """Have a function called, in the thread of the change, after a call of the API or when a task is written."""
        self._listeners.append(call)

    def called(self, changes: bool) -> None:
        """Take note of a call of the API. moto moves some of its records on when they are read."""
        self.stale.add(ALL)
        if changes:
            self.version += 1
            self._tell()

    def _tell(self) -> None:
        for call in self._listeners:
            call()

    def _backend(self, service: str, region: str | None = None) -> Any:
        return cast(Any, get_backend(cast(Any, service)))[ACCOUNT_ID][region or self.region]

    def _changed(self, service: str) -> None:
        self.stale.add(service)
        self.changed.set()
        self._tell()

    def services(self) -> list[ServiceRecord]:
        """All services that are not deleted for good."""
        with self.lock:
            found = [(key, raw) for key, raw in self._backend("ecs").services.items() if raw.status != "INACTIVE"]
            return self._readable("service", service_record, found)

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
            return self._readable("task", task_record, self._tasks())

    def _readable(
        self, kind: str, read: Callable[[str, Any], _Record], found: Iterable[tuple[str, Any]]
    ) -> list[_Record]:
        """All that can be read: a record that is broken is not to hide the others."""
        records, activity, seen = list[_Record](), f"reading ECS's record of a {kind}", list[str]()
        for key, raw in found:
            seen.append(key)
            with self._faults.kept(activity, key, f"Delete the {kind}, or deploy it anew."):
                records.append(read(key, raw))
        self._faults.forget(activity, seen)
        return records

    def _tasks(self) -> Iterator[tuple[str, Any]]:
        for tasks in list(self._backend("ecs").tasks.values()):
            yield from list(tasks.items())

    def new_task(self, service: ServiceRecord, deployment: Mapping[str, Any]) -> TaskRecord:
        """Make the record of a service's task."""
        with self.lock:
            strategy = getattr(service.raw, "capacity_provider_strategy", None)
            made = self._backend("ecs").run_task(
                service.cluster,
                deployment["taskDefinition"],
                1,
                None,
                deployment["id"],
                service.raw.tags if service.raw.propagate_tags == "SERVICE" else [],
                # Every task runs on this machine, which is Fargate's way: there are no instances to place it on.
                None if strategy else "FARGATE",
                deployment["networkConfiguration"],
                f"service:{service.name}",
                deployment["platformVersion"],
                strategy or None,
            )[0]
            made.enable_execute_command = service.raw.enable_execute_command
            made.last_status = "PENDING"  # the caller runs it; PROVISIONING are those of RunTask
            return task_record(made.task_arn, made)

    def write_task(self, arn: str, changes: Mapping[str, Any], containers: Mapping[str, Mapping[str, Any]]) -> None:
        """Change what DescribeTasks says, by moto's names for a task and the API's for its containers."""
        with self.lock:
            raw = dict(self._tasks()).get(arn)
            if raw is None:
                return
            for name, value in changes.items():
                setattr(raw, name, value)
            raw.version += 1
            self._changed("ecs")
            for container in raw.containers:
                container.update(containers.get(container["name"], {}))

    def forget_tasks(self, stopped_before: datetime) -> list[str]:
        """Drop the records of tasks that stopped before a time; returns their ARNs."""
        with self.lock:
            old = [task.arn for task in self.tasks() if (ended := task.stopped_at) and ended < stopped_before]
            for tasks in self._backend("ecs").tasks.values():
                for arn in old:
                    tasks.pop(arn, None)
            return old

    def say(self, service: ServiceRecord, message: str) -> None:
        """Add a service event, the newest first."""
        with self.lock:
            number = getattr(service.raw, "event_number", 0) + 1
            service.raw.event_number = number
            event = {"id": f"{number:08x}-0000-4000-8000-{number:012x}", "createdAt": utcnow(), "message": message}
            service.raw.events = [event, *service.raw.events][:_EVENTS]
            self.stale.add("ecs")

    def put_log_events(self, group: str, stream: str, events: Sequence[tuple[int, str]]) -> None:
        """Write lines, each with its time in milliseconds; a group that was deleted meanwhile loses them."""
        with self.lock:
            logs = self._backend("logs")
            if group not in logs.groups:
                return
            if stream not in logs.groups[group].streams:
                logs.create_log_stream(group, stream)
            logs.put_log_events(group, stream, [{"timestamp": time, "message": line} for time, line in events])
            self.stale.add("logs")

    def put_metrics(self, namespace: str, data: Sequence[Mapping[str, Any]]) -> None:
        """Write measurements of now, as PutMetricData takes them, and forget those that CloudWatch would not tell."""
        with self.lock:
            cloudwatch = self._backend("cloudwatch")
            cloudwatch.put_metric_data(namespace, [{**one, "Timestamp": utcnow()} for one in data])
            self._puts += 1
            if self._puts % _PUTS_KEPT == 0:
                kept = utcnow() - _METRICS_KEPT
                known = cloudwatch.metric_data
                cloudwatch.metric_data = [one for one in known if one.namespace != namespace or one.timestamp >= kept]
            self.stale.add("cloudwatch")

    def make_log_group(self, name: str) -> None:
        """Make a log group, unless it exists."""
        with self.lock:
            if not self.has_log_group(name):
                self._backend("logs").create_log_group(name, {})

    def has_log_group(self, name: str) -> bool:
        """Whether a log group exists."""
        with self.lock:
            return name in self._backend("logs").groups

    def write_target_health(self, group_arn: str, told: Mapping[tuple[str, int], TargetHealth]) -> None:
        """Make DescribeTargetHealth say this, and only this, of a target group; a group that is gone is passed over."""
        with self.lock:
            group = self._backend("elbv2").target_groups.get(group_arn)
            if group is not None and getattr(group, "local_health", None) != dict(told):
                group.local_health = dict(told)
                self.stale.add("elbv2")

    def databases(self) -> dict[str, dict[str, Any]]:
        """The database instances by identifier, with what their servers are made of."""
        with self.lock:
            rds = self._backend("rds")
            return {name: _database(rds, raw) for name, raw in rds.databases.items()}

    def write_database(
        self, identifier: str, status: str, host: str | None = None, port: int | None = None, why: str = ""
    ) -> None:
        """Make DescribeDBInstances say this, and what is wrong; an instance that is gone is passed over."""
        with self.lock:
            raw = self._backend("rds").databases.get(identifier)
            if raw is not None:
                raw.status = status
                if not hasattr(raw, "local_host"):  # still the port that CreateDBInstance named
                    raw.local_group_port = raw.port
                raw.local_host, raw.port = host or getattr(raw, "local_host", None), port or raw.port
                raw.status_infos = [{"Status": status, "Normal": False, "Message": why}] if why else []
                self._changed("rds")

    def database_addresses(self) -> list[DatabaseAddress]:
        """Where each database is that has a server."""
        with self.lock:
            return [
                DatabaseAddress(name, host, int(raw.port), _group_port(raw), list(raw.vpc_security_group_ids or ()))
                for name, raw in self._backend("rds").databases.items()
                if (host := getattr(raw, "local_host", None))
            ]

    def security_groups(self, ids: Sequence[str]) -> list[Group]:
        """Security groups with their rules; those that the API does not know are left out."""
        with self.lock:
            found = [self._backend("ec2").get_security_group_from_id(one) for one in ids]
            return [
                Group(raw.id, [_rule(one) for one in raw.ingress_rules], [_rule(one) for one in raw.egress_rules])
                for raw in found
                if raw is not None
            ]

    def task_groups(self, network: Mapping[str, Any]) -> list[Group]:
        """The security groups of a task; none where one of them is not known, or the VPC's default group counts."""
        ids: list[str] = network.get("securityGroups") or []
        found = self.security_groups(ids)
        return found if len(found) == len(ids) else []

    def write_snapshot(self, name: str, status: str) -> None:
        """Make DescribeDBSnapshots say this; a snapshot that is gone is passed over."""
        with self.lock:
            raw = self._backend("rds").database_snapshots.get(name)
            if raw is not None:
                raw.status = status
                self._changed("rds")

    def role_permits(self, role_arn: str, action: str, resource: str) -> bool:
        """Whether a role's policies allow an action; an unknown role has none."""
        with self.lock:
            iam = get_backend("iam")[ACCOUNT_ID]["aws"]
            raw: Any = next((role for role in iam.roles.values() if role.arn == role_arn), None)
            if raw is None:
                return False
            documents = [*raw.policies.values(), *(policy.document for policy in raw.managed_policies.values())]
            results = [IAMPolicy(document).is_action_permitted(action, resource) for document in documents]
        return PermissionResult.PERMITTED in results and PermissionResult.DENIED not in results


def _group_port(raw: Any) -> int:
    """PostgreSQL's own for an instance that an earlier version of this program has written."""
    return int(getattr(raw, "local_group_port", None) or 5432)


def _rule(raw: Any) -> Rule:
    return Rule(raw.ip_protocol, raw.from_port, raw.to_port, raw.source_group.get("GroupId"))


def _database(rds: Any, raw: Any) -> dict[str, Any]:
    group = rds.db_parameter_groups.get(raw.db_parameter_group_name or "")  # None is the default group
    parameters: dict[str, dict[str, str]] = group.parameters if group else {}
    return {
        "identifier": raw.db_instance_identifier,
        "engine_version": raw.engine_version,
        "username": raw.master_username,
        "password": raw._master_user_password,  # moto tells it nobody
        "database": raw.db_name,
        "parameters": {name: one["ParameterValue"] for name, one in parameters.items() if "ParameterValue" in one},
    }

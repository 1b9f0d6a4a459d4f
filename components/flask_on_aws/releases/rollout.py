"""A service's rollout, followed to its end: it runs, or there is a cause.

ECS's deployments: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .diagnosis import Cause, Evidence, capacity_cause, diagnose
from .release_task import LAST_LINES, POLL_SECONDS, Clients, Say
from .task_logs import log_stream

# DescribeServices may tell a service for some seconds as it was before an update.
_CONSISTENT_SECONDS = 5.0
# Stopped tasks that are looked at; a rollout with more failures has shown its cause.
_MOST_TASKS = 10
# Events of a service that are looked at; ECS keeps a hundred, and a rollout makes a handful.
_MOST_EVENTS = 20
# An event about a target, whose state is gone with its task: "(service web) (port 8080) is unhealthy in (target-group
# arn) due to (reason Health checks failed with these codes: [500])." in the words of
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
_UNHEALTHY = re.compile(r"is unhealthy in \(target-group [^)]*\) due to \(reason (.+)\)")


class RolloutError(Exception):
    """A rollout that failed, was rolled back, overtaken or took too long, with its cause and last log lines."""


class Rollout(NamedTuple):
    """What a service is to run."""

    cluster: str
    service: str
    """Name or ARN."""
    task_definition: str
    """ARN."""
    container: str
    """The app's container, whose log tells of crashes."""
    seconds: int
    """How long it may take."""


class Rollouts:
    """Follows rollouts with a cluster's API."""

    def __init__(self, client: Clients, say: Say, sleep: Callable[[float], None] = time.sleep) -> None:
        self._ecs, self._balancing, self._logs = client("ecs"), client("elbv2"), client("logs")
        self._say, self._sleep = say, sleep
        self._health: dict[str, str] = {}
        """What the load balancer said last of each target that is not well."""

    def follow(self, wanted: Rollout) -> None:
        """Wait until the service runs the task definition and nothing else gets requests.

        What ECS has rolled back before, or given up, is deployed again: what was missing may be there now.

        Raises:
            RolloutError: if it does not come to that.
        """
        until = time.monotonic() + wanted.seconds
        deployment, told = self._begin(wanted), ""
        while True:
            service = self._service(wanted)
            found = next((one for one in service["deployments"] if one["id"] == deployment), None)
            if found is None or found["status"] != "PRIMARY" or found.get("rolloutState") == "FAILED":
                successor = service["deployments"][0]
                if found is None and successor["taskDefinition"] == wanted.task_definition:
                    deployment = successor["id"]  # the same again, by hand
                    continue
                raise RolloutError(self._failure(wanted, service, deployment, found))
            healthy = self._healthy_targets(service)
            progress = _progress(service, found, len(healthy) if service.get("loadBalancers") else None)
            if progress != told:
                self._say(progress)
                told = progress
            if self._is_done(wanted, service, found, healthy):
                return
            if time.monotonic() > until:
                raise RolloutError(self._failure(wanted, service, deployment, found))
            self._sleep(POLL_SECONDS)

    def _begin(self, wanted: Rollout) -> str:
        """The id of the deployment to follow; a new one where ECS is not at it."""
        until = time.monotonic() + _CONSISTENT_SECONDS
        while True:
            service = self._service(wanted)
            primary, now = service["deployments"][0], service["taskDefinition"]
            is_ours = now == wanted.task_definition
            if is_ours and primary.get("rolloutState") != "FAILED":
                return primary["id"]
            if is_ours or time.monotonic() > until:
                break
            self._sleep(POLL_SECONDS)
        was = "is given up" if is_ours else f"has gone back to {_short(now)}"
        self._say(f"The service {was}; {_short(wanted.task_definition)} is deployed again.")
        updated = self._ecs.update_service(
            cluster=wanted.cluster,
            service=wanted.service,
            taskDefinition=wanted.task_definition,
            forceNewDeployment=True,
        )
        return updated["service"]["deployments"][0]["id"]

    def _service(self, wanted: Rollout) -> Mapping[str, Any]:
        found = self._ecs.describe_services(cluster=wanted.cluster, services=[wanted.service])["services"]
        if not found or found[0]["status"] == "INACTIVE":
            raise RolloutError(f"The service {wanted.service} is not there any more.")
        return found[0]

    def _healthy_targets(self, service: Mapping[str, Any]) -> set[str]:
        """Addresses of the targets that are well in all of the service's target groups."""
        groups = [one["targetGroupArn"] for one in service.get("loadBalancers", []) if one.get("targetGroupArn")]
        healthy: list[set[str]] = []
        for group in groups:
            found = self._balancing.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
            healthy.append({one["Target"]["Id"] for one in found if one["TargetHealth"]["State"] == "healthy"})
            for one in found:
                if one["TargetHealth"]["State"] == "unhealthy":
                    said = one["TargetHealth"].get("Description") or one["TargetHealth"].get("Reason", "")
                    self._health[one["Target"]["Id"]] = self._health[""] = said
        return healthy[0].intersection(*healthy[1:]) if healthy else set()

    def _is_done(
        self, wanted: Rollout, service: Mapping[str, Any], found: Mapping[str, Any], healthy: set[str]
    ) -> bool:
        """Whether ECS says so, or all tasks get requests and only the old ones' draining is left to wait for."""
        if found["runningCount"] < found["desiredCount"] or found["pendingCount"] > 0:
            return False
        if found.get("rolloutState", "COMPLETED") == "COMPLETED":
            return True
        if not service.get("loadBalancers") or len(healthy) < found["desiredCount"]:
            return False
        addresses = [_address(task) for task in self._tasks(wanted, found["id"], "RUNNING")]
        return len(addresses) >= found["desiredCount"] and all(one in healthy for one in addresses)

    def _tasks(self, wanted: Rollout, deployment: str, status: str) -> list[Mapping[str, Any]]:
        arns = self._ecs.list_tasks(cluster=wanted.cluster, serviceName=wanted.service, desiredStatus=status)
        if not arns["taskArns"]:
            return []
        found = self._ecs.describe_tasks(cluster=wanted.cluster, tasks=arns["taskArns"])["tasks"]
        return [task for task in found if task.get("startedBy") == deployment]

    def _failure(
        self, wanted: Rollout, service: Mapping[str, Any], deployment: str, found: Mapping[str, Any] | None
    ) -> str:
        events = [event["message"] for event in service.get("events", [])[:_MOST_EVENTS]]
        primary = service["deployments"][0]
        given_up = found is not None and found.get("rolloutState") == "FAILED"
        failed = given_up or any(deployment in text and "failed" in text for text in events)
        what = _short(wanted.task_definition)
        if primary["id"] != deployment and not failed:
            return (
                f"The rollout of {what} was overtaken by another deployment, of {_short(primary['taskDefinition'])}; "
                "run the update again if this one is to run."
            )
        cause, lines = self._cause(wanted, service, deployment, events)
        if not failed:
            how = f"did not end within {wanted.seconds} s"
        elif primary["id"] == deployment:
            how = "failed, and there is no earlier release to go back to"
        else:
            how = f"failed, and ECS has gone back to {_short(primary['taskDefinition'])}, which serves on"
        said = f"The rollout of {what} {how}. Cause ({cause.kind}): {cause.reason}"
        if lines:
            said += "\nThe last lines of the app's log:\n" + "\n".join(f"  {line}" for line in lines)
        return said

    def _cause(
        self, wanted: Rollout, service: Mapping[str, Any], deployment: str, events: Sequence[str]
    ) -> tuple[Cause, Sequence[str]]:
        """What the newest task that tells anything ended of, and its last lines."""
        short = capacity_cause(events)
        if short:
            return short, []
        stopped = self._tasks(wanted, deployment, "STOPPED")
        stopped.sort(key=lambda task: str(task.get("stoppedAt", "")), reverse=True)
        definition = self._ecs.describe_task_definition(taskDefinition=wanted.task_definition)["taskDefinition"]
        path = self._health_check_path(service)
        first: tuple[Cause, Sequence[str]] | None = None
        for task in [*stopped[:_MOST_TASKS], *self._tasks(wanted, deployment, "RUNNING")[:1]]:
            stream = log_stream(self._logs, definition["containerDefinitions"], wanted.container, task["taskArn"])
            lines = stream.last_lines(LAST_LINES) if stream else []
            seen = Evidence(
                stop_code=task.get("stopCode", ""),
                stopped_reason=task.get("stoppedReason", ""),
                containers=task["containers"],
                lines=lines,
                health=self._health.get(_address(task)) or _told_unhealthy(events) or self._health.get("", ""),
                health_check_path=path,
                memory=str(definition.get("memory", "")),
            )
            first = first or (diagnose(seen), lines)
            if diagnose(seen).kind != "unknown":
                return diagnose(seen), lines
        said = self._health.get("") or (events[0] if events else "ECS gives no reason.")
        return first or (Cause("unknown", said), [])

    def _health_check_path(self, service: Mapping[str, Any]) -> str:
        groups = [one["targetGroupArn"] for one in service.get("loadBalancers", []) if one.get("targetGroupArn")]
        if not groups:
            return ""
        found = self._balancing.describe_target_groups(TargetGroupArns=groups[:1])["TargetGroups"]
        return found[0].get("HealthCheckPath", "") if found else ""


def _told_unhealthy(events: Sequence[str]) -> str:
    """What the newest event about an unhealthy target gives as its reason; empty where there is none."""
    return next((found[1] for text in events if (found := _UNHEALTHY.search(text))), "")


def _progress(service: Mapping[str, Any], deployment: Mapping[str, Any], healthy: int | None) -> str:
    counts = f"{deployment['runningCount']} of {deployment['desiredCount']} tasks run"
    if deployment["pendingCount"] > 0:
        counts += f", {deployment['pendingCount']} start"
    if deployment.get("failedTasks"):
        counts += f", {deployment['failedTasks']} failed"
    if healthy is not None:
        counts += f"; {healthy} healthy behind the load balancer"
    return f"{service['serviceName']}: {counts}"


def _address(task: Mapping[str, Any]) -> str:
    """The task's address in the VPC; empty where it has none yet."""
    details = [one for attachment in task.get("attachments", []) for one in attachment.get("details", [])]
    return next((str(one["value"]) for one in details if one.get("name") == "privateIPv4Address"), "")


def _short(task_definition: str) -> str:
    """`family:revision` of an ARN."""
    return task_definition.rsplit("/", 1)[-1]

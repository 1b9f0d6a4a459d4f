"""A service's rollout, followed until it has succeeded or failed with a cause.

ECS's deployments: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .diagnosis import Cause, Evidence, capacity_cause, diagnose
from .release_task import LAST_LINES, POLL_SECONDS, Clients, Say
from .task_logs import log_stream

# DescribeServices may return a service's state from before an update for some seconds.
_CONSISTENT_SECONDS = 5.0
# Stopped tasks to examine; a rollout with more failures has shown its cause.
_MOST_TASKS = 10
# Events of a service to examine; ECS keeps a hundred, and a rollout creates a handful.
_MOST_EVENTS = 20
# An event about a target, whose state is gone with its task: "(service web) (port 8080) is unhealthy in (target-group
# arn) due to (reason Health checks failed with these codes: [500])", as documented in
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
_UNHEALTHY = re.compile(r"is unhealthy in \(target-group [^)]*\) due to \(reason (.+)\)")


class RolloutError(Exception):
    """A rollout that failed, was rolled back or superseded, or took too long, with its cause and last log lines."""


class Rollout(NamedTuple):
    """What a service should run."""

    cluster: str
    service: str
    """Name or ARN."""
    task_definition: str
    """ARN."""
    container: str
    """The app's container, whose log shows crashes."""
    seconds: int
    """How long it may take."""


class Rollouts:
    """Follows rollouts with a cluster's API."""

    def __init__(self, client: Clients, say: Say, sleep: Callable[[float], None] = time.sleep) -> None:
        self._ecs, self._balancing, self._logs = client("ecs"), client("elbv2"), client("logs")
        self._say, self._sleep = say, sleep
        self._health: dict[str, str] = {}
        """The load balancer's last description of each unhealthy target."""

    def follow(self, wanted: Rollout, deployment: str = "") -> None:
        """Wait until the service runs the task definition and nothing else gets requests.

        A release that ECS rolled back earlier, or gave up on, is deployed again: what was missing may exist now.

        Args:
            wanted: what the service should run.
            deployment: id of the deployment that has just been started for it. Default: the latest one.

        Raises:
            RolloutError: if the rollout fails or takes too long.
        """
        until = time.monotonic() + wanted.seconds
        visible = time.monotonic() + _CONSISTENT_SECONDS if deployment else 0.0
        deployment, reported = deployment or self._begin(wanted), ""
        while True:
            service = self._service(wanted)
            current = next((item for item in service["deployments"] if item["id"] == deployment), None)
            if current is None and time.monotonic() < visible:
                self._sleep(POLL_SECONDS)
                continue
            visible = 0.0
            if current is None or current["status"] != "PRIMARY" or current.get("rolloutState") == "FAILED":
                successor = service["deployments"][0]
                if current is None and successor["taskDefinition"] == wanted.task_definition:
                    deployment = successor["id"]  # the same release, deployed again by hand
                    continue
                raise RolloutError(self._failure(wanted, service, deployment, current))
            healthy = self._healthy_targets(service)
            progress = _progress(service, current, len(healthy) if service.get("loadBalancers") else None)
            if progress != reported:
                self._say(progress)
                reported = progress
            if self._is_done(wanted, service, current, healthy):
                return
            if time.monotonic() > until:
                raise RolloutError(self._failure(wanted, service, deployment, current))
            self._sleep(POLL_SECONDS)

    def _begin(self, wanted: Rollout) -> str:
        """The id of the deployment to follow; a new one is started if ECS has none in progress."""
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
        services = self._ecs.describe_services(cluster=wanted.cluster, services=[wanted.service])["services"]
        if not services or services[0]["status"] == "INACTIVE":
            raise RolloutError(f"The service {wanted.service} no longer exists.")
        return services[0]

    def _healthy_targets(self, service: Mapping[str, Any]) -> set[str]:
        """Addresses of the targets that are healthy in all of the service's target groups."""
        groups = [group["targetGroupArn"] for group in service.get("loadBalancers", []) if group.get("targetGroupArn")]
        healthy: list[set[str]] = []
        for group in groups:
            descriptions = self._balancing.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
            healthy.append(
                {target["Target"]["Id"] for target in descriptions if target["TargetHealth"]["State"] == "healthy"}
            )
            for target in descriptions:
                if target["TargetHealth"]["State"] == "unhealthy":
                    reason = target["TargetHealth"].get("Description") or target["TargetHealth"].get("Reason", "")
                    self._health[target["Target"]["Id"]] = self._health[""] = reason
        return healthy[0].intersection(*healthy[1:]) if healthy else set()

    def _is_done(
        self, wanted: Rollout, service: Mapping[str, Any], current: Mapping[str, Any], healthy: set[str]
    ) -> bool:
        """Whether ECS reports completion, or all tasks get requests and only the draining of old ones remains."""
        if current["runningCount"] < current["desiredCount"] or current["pendingCount"] > 0:
            return False
        if current.get("rolloutState", "COMPLETED") == "COMPLETED":
            return True
        if not service.get("loadBalancers") or len(healthy) < current["desiredCount"]:
            return False
        addresses = [_address(task) for task in self._tasks(wanted, current["id"], "RUNNING")]
        return len(addresses) >= current["desiredCount"] and all(address in healthy for address in addresses)

    def _tasks(self, wanted: Rollout, deployment: str, status: str) -> list[Mapping[str, Any]]:
        arns = self._ecs.list_tasks(cluster=wanted.cluster, serviceName=wanted.service, desiredStatus=status)
        if not arns["taskArns"]:
            return []
        tasks = self._ecs.describe_tasks(cluster=wanted.cluster, tasks=arns["taskArns"])["tasks"]
        return [task for task in tasks if task.get("startedBy") == deployment]

    def _failure(
        self, wanted: Rollout, service: Mapping[str, Any], deployment: str, current: Mapping[str, Any] | None
    ) -> str:
        events = [event["message"] for event in service.get("events", [])[:_MOST_EVENTS]]
        primary = service["deployments"][0]
        gave_up = current is not None and current.get("rolloutState") == "FAILED"
        failed = gave_up or any(deployment in text and "failed" in text for text in events)
        release = _short(wanted.task_definition)
        if primary["id"] != deployment and not failed:
            return (
                f"The rollout of {release} was overtaken by another deployment, of {_short(primary['taskDefinition'])}; "
                "run the update again to deploy this one."
            )
        cause, lines = self._cause(wanted, service, deployment, events)
        if not failed:
            outcome = f"did not end within {wanted.seconds} s"
        elif primary["id"] == deployment:
            outcome = "failed, and there is no earlier release to go back to"
        else:
            outcome = f"failed, and ECS has gone back to {_short(primary['taskDefinition'])}, which serves on"
        message = f"The rollout of {release} {outcome}. Cause ({cause.kind}): {cause.reason}"
        if lines:
            message += "\nThe last lines of the app's log:\n" + "\n".join(f"  {line}" for line in lines)
        return message

    def _cause(
        self, wanted: Rollout, service: Mapping[str, Any], deployment: str, events: Sequence[str]
    ) -> tuple[Cause, Sequence[str]]:
        """The cause of failure of the newest task that shows one, and its last lines."""
        shortage = capacity_cause(events)
        if shortage:
            return shortage, []
        stopped = self._tasks(wanted, deployment, "STOPPED")
        stopped.sort(key=lambda task: str(task.get("stoppedAt", "")), reverse=True)
        definition = self._ecs.describe_task_definition(taskDefinition=wanted.task_definition)["taskDefinition"]
        path = self._health_check_path(service)
        first: tuple[Cause, Sequence[str]] | None = None
        for task in [*stopped[:_MOST_TASKS], *self._tasks(wanted, deployment, "RUNNING")[:1]]:
            stream = log_stream(self._logs, definition["containerDefinitions"], wanted.container, task["taskArn"])
            lines = stream.last_lines(LAST_LINES) if stream else []
            evidence = Evidence(
                stop_code=task.get("stopCode", ""),
                stopped_reason=task.get("stoppedReason", ""),
                containers=task["containers"],
                lines=lines,
                health=self._health.get(_address(task)) or _unhealthy_reason(events) or self._health.get("", ""),
                health_check_path=path,
                memory=str(definition.get("memory", "")),
            )
            first = first or (diagnose(evidence), lines)
            if diagnose(evidence).kind != "unknown":
                return diagnose(evidence), lines
        reason = self._health.get("") or (events[0] if events else "ECS gives no reason.")
        return first or (Cause("unknown", reason), [])

    def _health_check_path(self, service: Mapping[str, Any]) -> str:
        groups = [group["targetGroupArn"] for group in service.get("loadBalancers", []) if group.get("targetGroupArn")]
        if not groups:
            return ""
        described = self._balancing.describe_target_groups(TargetGroupArns=groups[:1])["TargetGroups"]
        return described[0].get("HealthCheckPath", "") if described else ""


def _unhealthy_reason(events: Sequence[str]) -> str:
    """The reason in the newest event about an unhealthy target; empty without one."""
    return next((match[1] for text in events if (match := _UNHEALTHY.search(text))), "")


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
    details = [detail for attachment in task.get("attachments", []) for detail in attachment.get("details", [])]
    return next((str(detail["value"]) for detail in details if detail.get("name") == "privateIPv4Address"), "")


def _short(task_definition: str) -> str:
    """`family:revision` of an ARN."""
    return task_definition.rsplit("/", 1)[-1]

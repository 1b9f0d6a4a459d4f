"""The status page of a local AWS, which the load balancer serves at a dedicated host name."""

import json
import time
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

from flask_on_aws.releases.release_record import release_parameter, releases

from ...local_project.project import LocalAws, local_provider_settings
from ...operations.app import all_services, short_name
from ...shared.stack_options import LOCAL_STACK
from ..ecs.data_plane import Ecs
from ..faults import Faults, fault_as_json
from ..load_balancer.balancer import Balancer
from ..load_balancer.requests.application import PageResponse
from .stack_picture import StackPicture

_LINES, _LOG_SECONDS = 60, 900  # of the log: one or two screens, without reading the output of a whole day
_EVENTS = 8  # of each service: those of about one deployment
_RELEASES = 5
_TASKS = 100  # the maximum of DescribeTasks
_TYPES = {"page.html": "text/html; charset=utf-8", "page.js": "text/javascript", "page.css": "text/css"}


class StatusPage:
    """Serves the page, its files, and its data as JSON."""

    def __init__(self, local: LocalAws, ecs: Ecs, balancer: Balancer, faults: Faults) -> None:
        self._url, self._ecs, self._balancer = local.url, ecs, balancer
        self._settings, self._faults = local_provider_settings(local), faults
        self._picture = StackPicture("Stack", local.location.state_file(LOCAL_STACK))

    def answer(self, path: str) -> PageResponse:
        """The response for a path; called in a separate thread."""
        name = {"/": "page.html"}.get(path, path.removeprefix("/"))
        if name == "facts.json":
            return PageResponse(200, "application/json", json.dumps(self._facts(), default=str).encode())
        if name == "picture.svg":
            return PageResponse(200, "image/svg+xml", self._picture.current().svg.encode())
        if name in _TYPES:
            return PageResponse(200, _TYPES[name], (files(__name__) / name).read_bytes())
        return PageResponse(404, "text/plain", b"Not found: the status page is at /\n")

    def _facts(self) -> dict[str, Any]:
        ecs = self._settings.client("ecs")
        tasks = [task for cluster in ecs.list_clusters()["clusterArns"] for task in _tasks(ecs, cluster)]
        picture = self._picture.current()
        return {
            "url": self._url,
            "picture": {"version": picture.version, "text": picture.text},
            "services": [self._service(service) for service in all_services(ecs)],
            "tasks": [self._task(task) for task in tasks],
            "targets": list(self._targets()),
            "faults": [fault_as_json(fault) for fault in self._faults.current()],
            "log": self._log(),
        }

    def _service(self, service: Mapping[str, Any]) -> dict[str, Any]:
        name = release_parameter(service["clusterArn"], short_name(service["taskDefinition"]).rpartition(":")[0])
        last_releases = list(releases(self._settings.client("ssm"), name))[:_RELEASES]
        return {
            "name": service["serviceName"],
            "desired": service["desiredCount"],
            "running": service["runningCount"],
            "deployments": [
                {
                    "definition": short_name(deployment["taskDefinition"]),
                    "rollout": deployment["rolloutState"],
                    "running": deployment["runningCount"],
                    "failed": deployment["failedTasks"],
                }
                for deployment in service["deployments"]
            ],
            "releases": [
                {"number": release.number, "image": release.image.rpartition("@")[2][:19], "at": release.time}
                for release in last_releases
            ],
            "events": [
                {"at": event["createdAt"], "message": event["message"]} for event in service["events"][:_EVENTS]
            ],
        }

    def _task(self, task: Mapping[str, Any]) -> dict[str, Any]:
        identifier = task["taskArn"].rpartition("/")[2]
        meter = self._ecs.meters().get(identifier)
        return {
            "id": identifier,
            "of": task.get("group", "").removeprefix("service:"),
            "definition": short_name(task["taskDefinitionArn"]),
            "status": task["lastStatus"],
            "since": task.get("stoppedAt") or task.get("startedAt") or task.get("createdAt"),
            "reason": task.get("stoppedReason", ""),
            "cpu": meter.load.cpu if meter else None,
            "memory": meter.memory if meter else None,
        }

    def _targets(self) -> Iterable[dict[str, Any]]:
        elb = self._settings.client("elbv2")
        for group in elb.describe_target_groups()["TargetGroups"]:
            arn = group["TargetGroupArn"]
            for target, health in self._balancer.group_health(arn).items():
                counts = self._balancer.targets.target_counts(arn, target)
                yield {
                    "group": group["TargetGroupName"],
                    "address": f"{target.host}:{target.port}",
                    "state": health.state,
                    "reason": health.description or "",
                    "requests": counts.requests,
                    "statuses": dict(counts.statuses),
                }

    def _log(self) -> list[dict[str, Any]]:
        logs, since = self._settings.client("logs"), int((time.time() - _LOG_SECONDS) * 1000)
        events = [
            {"at": event["timestamp"], "stream": event["logStreamName"], "text": event["message"]}
            for group in logs.describe_log_groups()["logGroups"]
            for event in logs.filter_log_events(logGroupName=group["logGroupName"], startTime=since)["events"]
        ]
        return sorted(events, key=lambda event: event["at"])[-_LINES:]


def _tasks(ecs: Any, cluster: str) -> list[Mapping[str, Any]]:
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster=cluster, desiredStatus=status)["taskArns"]
    ]
    return ecs.describe_tasks(cluster=cluster, tasks=arns[:_TASKS])["tasks"] if arns else []

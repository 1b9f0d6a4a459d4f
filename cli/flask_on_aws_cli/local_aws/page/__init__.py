"""The page that shows a local AWS as it runs, at the load balancer's own host name."""

import json
import time
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

from flask_on_aws.releases.release_record import release_parameter, releases

from ...local_project.project import LocalAws, local_provider_settings
from ...operations.app import all_services, short_name
from ..ecs.data_plane import Ecs
from ..faults import Faults, told_fault
from ..load_balancer.part import Balancer
from ..load_balancer.requests.application import OwnAnswer

_LINES, _LOG_SECONDS = 60, 900  # of the log: a screen or two, and no reading of what a long day has printed
_EVENTS = 8  # of a service: a deployment's
_RELEASES = 5
_TASKS = 100  # DescribeTasks takes no more
_TYPES = {"page.html": "text/html; charset=utf-8", "page.js": "text/javascript", "page.css": "text/css"}


class StatusPage:
    """Answers for the host: the page, its parts, and what it shows as JSON."""

    def __init__(self, local: LocalAws, ecs: Ecs, balancer: Balancer, faults: Faults) -> None:
        self._url, self._ecs, self._balancer = local.url, ecs, balancer
        self._settings, self._faults = local_provider_settings(local), faults

    def answer(self, path: str) -> OwnAnswer:
        """The answer for a path; called in a thread of its own."""
        name = {"/": "page.html"}.get(path, path.removeprefix("/"))
        if name == "facts.json":
            return OwnAnswer(200, "application/json", json.dumps(self._facts(), default=str).encode())
        if name in _TYPES:
            return OwnAnswer(200, _TYPES[name], (files(__name__) / name).read_bytes())
        return OwnAnswer(404, "text/plain", b"There is nothing here but the page itself: /\n")

    def _facts(self) -> dict[str, Any]:
        ecs = self._settings.client("ecs")
        tasks = [task for cluster in ecs.list_clusters()["clusterArns"] for task in _tasks(ecs, cluster)]
        return {
            "url": self._url,
            "services": [self._service(one) for one in all_services(ecs)],
            "tasks": [self._task(one) for one in tasks],
            "targets": list(self._targets()),
            "faults": [told_fault(fault) for fault in self._faults.now()],
            "log": self._log(),
        }

    def _service(self, told: Mapping[str, Any]) -> dict[str, Any]:
        name = release_parameter(told["clusterArn"], short_name(told["taskDefinition"]).rpartition(":")[0])
        found = list(releases(self._settings.client("ssm"), name))[:_RELEASES]
        return {
            "name": told["serviceName"],
            "desired": told["desiredCount"],
            "running": told["runningCount"],
            "deployments": [
                {
                    "definition": short_name(one["taskDefinition"]),
                    "rollout": one["rolloutState"],
                    "running": one["runningCount"],
                    "failed": one["failedTasks"],
                }
                for one in told["deployments"]
            ],
            "releases": [
                {"number": one.number, "image": one.image.rpartition("@")[2][:19], "at": one.time} for one in found
            ],
            "events": [{"at": one["createdAt"], "message": one["message"]} for one in told["events"][:_EVENTS]],
        }

    def _task(self, told: Mapping[str, Any]) -> dict[str, Any]:
        identifier = told["taskArn"].rpartition("/")[2]
        meter = self._ecs.meters().get(identifier)
        return {
            "id": identifier,
            "of": told.get("group", "").removeprefix("service:"),
            "definition": short_name(told["taskDefinitionArn"]),
            "status": told["lastStatus"],
            "since": told.get("stoppedAt") or told.get("startedAt") or told.get("createdAt"),
            "reason": told.get("stoppedReason", ""),
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
            {"at": one["timestamp"], "stream": one["logStreamName"], "text": one["message"]}
            for group in logs.describe_log_groups()["logGroups"]
            for one in logs.filter_log_events(logGroupName=group["logGroupName"], startTime=since)["events"]
        ]
        return sorted(events, key=lambda one: one["at"])[-_LINES:]


def _tasks(ecs: Any, cluster: str) -> list[Mapping[str, Any]]:
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster=cluster, desiredStatus=status)["taskArns"]
    ]
    return ecs.describe_tasks(cluster=cluster, tasks=arns[:_TASKS])["tasks"] if arns else []

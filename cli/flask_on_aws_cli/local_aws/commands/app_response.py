"""Waits until the deployed app answers on its health path, and describes the path."""

import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple, NoReturn

from botocore.exceptions import BotoCoreError, ClientError
from flask_on_aws.ingress.health_path import DEFAULT_HEALTH_PATH

from ...local_project import daemon_control
from ...local_project.project import LocalAws, local_provider_settings
from ...operations.app import all_services
from ...shared.failure import fail
from ...shared.health_paths import FRONT_PAGE
from ...shared.output_format import task_counts
from .app_request import request_app

# An app has up to four minutes to start, by default one; by then it has responded, or ECS's events have the reason.
_RESPONSE_SECONDS = 240
_POLL_SECONDS = 0.2
_SHOWN = 5  # events and stopped tasks of each service: enough to recognize a crash loop


class HealthPath(NamedTuple):
    """The path on which the load balancer checks an app."""

    path: str
    default_status: int = 200
    """What the app answers on the default path, if this one was found in its place; else 200."""


def wait_for_response(local_aws: LocalAws) -> HealthPath:
    """Wait until the app answers over HTTPS on its health path, and return that; end the command if it does not."""
    deadline = time.monotonic() + _RESPONSE_SECONDS
    while True:
        paths = _health_paths(local_aws) or [HealthPath(FRONT_PAGE)]
        responses = [(health, request_app(local_aws, health.path)) for health in paths]
        answering = [health for health, response in responses if _is_success(response)]
        if answering:
            return answering[0]
        if time.monotonic() > deadline:
            _fail_without_response(local_aws, *responses[0])
        time.sleep(_POLL_SECONDS)


def services_after_failure(local_aws: LocalAws) -> list[str]:
    """What each service does after a failed `up`, and whether the app answers; empty if there is none yet."""
    try:
        services, paths = _services(local_aws), _health_paths(local_aws)
    except (BotoCoreError, ClientError):  # `up` failed because the local AWS does not respond
        return []
    lines = [f"  {service['serviceName']}: {task_counts(service)}" for service in services]
    answering = [health.path for health in paths if _is_success(request_app(local_aws, health.path))]
    if answering:
        lines.append(f"{local_aws.url} answers on {answering[0]}.")
    return ["The services now:", *lines] if lines else []


def health_path_lines(health: HealthPath, front_page: int | str) -> list[str]:
    """What to print of an app's health path, and of a front page that does not answer well: a pure function."""
    lines = [f"health path: {health.path}"]
    if health.default_status != HTTPStatus.OK:
        lines[0] += (
            f", since the app answers {health.default_status} on {DEFAULT_HEALTH_PATH}; "
            f"on AWS, set it with: pulumi config set healthCheckPath {health.path}"
        )
    if not _is_success(front_page):
        lines.append(f"front page: / answers {front_page}; see the log")
    return lines


def _is_success(response: int | str) -> bool:
    return isinstance(response, int) and response < HTTPStatus.BAD_REQUEST


def _health_paths(local_aws: LocalAws) -> list[HealthPath]:
    """Those of the services behind a load balancer."""
    found: Mapping[str, Mapping[str, Any]] = (daemon_control.status(local_aws) or {}).get("health_paths", {})
    groups = [balancer["targetGroupArn"] for service in _services(local_aws) for balancer in service["loadBalancers"]]
    if not groups:
        return []
    described = _client(local_aws, "elbv2").describe_target_groups(TargetGroupArns=groups)["TargetGroups"]
    paths = {group["TargetGroupArn"]: HealthPath(group["HealthCheckPath"]) for group in described}
    paths |= {
        arn: HealthPath(**found[arn]) for arn in groups if arn in found and paths[arn].path == DEFAULT_HEALTH_PATH
    }
    return list(dict.fromkeys(paths.values()))


def _fail_without_response(local_aws: LocalAws, health: HealthPath, last_response: int | str) -> NoReturn:
    services = _services(local_aws)
    events = [event["message"] for service in services for event in service["events"][:_SHOWN]]
    reasons = [reason for service in services for reason in _stopped_reasons(local_aws, service)]
    fail(
        f"{local_aws.url}{health.path} did not respond successfully within {_RESPONSE_SECONDS} s; its last response "
        f"was: {last_response}. The events of the services, and why tasks were stopped:",
        *events,
        *reasons,
    )


def _stopped_reasons(local_aws: LocalAws, service: Mapping[str, Any]) -> list[str]:
    """Why the last tasks of a service were stopped, each reason once."""
    ecs, cluster = _client(local_aws, "ecs"), service["clusterArn"]
    arns = ecs.list_tasks(cluster=cluster, serviceName=service["serviceName"], desiredStatus="STOPPED")["taskArns"]
    tasks: list[dict[str, Any]] = ecs.describe_tasks(cluster=cluster, tasks=arns[-_SHOWN:])["tasks"] if arns else []
    return list(dict.fromkeys(task["stoppedReason"] for task in tasks))


def _services(local_aws: LocalAws) -> Sequence[Mapping[str, Any]]:
    return all_services(_client(local_aws, "ecs"))


def _client(local_aws: LocalAws, service: str) -> Any:
    return local_provider_settings(local_aws).client(service)

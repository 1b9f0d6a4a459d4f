"""ECS services, and the wait for their rollouts."""

import time
from collections.abc import Mapping
from typing import Any

from ..base import Call, Json, Provider, none_if_missing, present
from .ecs import NOT_FOUND, client, tags, update_tags

# The AWS provider's timeout for a rollout; a failed rollout ends the wait sooner.
_STEADY_SECONDS = 20 * 60
_POLL_SECONDS = 0.25  # the endpoint is on this machine


def _circuit_breaker(inputs: Json) -> dict[str, Any] | None:
    settings = present(
        deploymentCircuitBreaker=inputs.get("deploymentCircuitBreaker"),
        maximumPercent=inputs.get("deploymentMaximumPercent"),
        minimumHealthyPercent=inputs.get("deploymentMinimumHealthyPercent"),
    )
    return settings or None


def _network(inputs: Json) -> dict[str, Any] | None:
    network = inputs.get("networkConfiguration")
    if network is None:
        return None
    public = "ENABLED" if network.get("assignPublicIp") else "DISABLED"
    groups = present(securityGroups=network.get("securityGroups"))
    return {"awsvpcConfiguration": {"subnets": network["subnets"], "assignPublicIp": public, **groups}}


def _service(inputs: Json) -> dict[str, Any]:
    """The arguments that CreateService and UpdateService have in common."""
    return present(
        taskDefinition=inputs["taskDefinition"],
        capacityProviderStrategy=inputs.get("capacityProviderStrategies"),
        deploymentConfiguration=_circuit_breaker(inputs),
        networkConfiguration=_network(inputs),
        healthCheckGracePeriodSeconds=inputs.get("healthCheckGracePeriodSeconds"),
        enableExecuteCommand=inputs.get("enableExecuteCommand"),
        enableECSManagedTags=inputs.get("enableEcsManagedTags"),
        propagateTags=inputs.get("propagateTags"),
        loadBalancers=inputs.get("loadBalancers"),
        serviceRegistries=inputs.get("serviceRegistries"),
        platformVersion=inputs.get("platformVersion"),
    )


def create_service(call: Call) -> str:
    inputs = call.inputs
    response = client(call).create_service(
        serviceName=call.name,
        tags=tags(call),
        desiredCount=inputs.get("desiredCount", 0),
        **present(cluster=inputs.get("cluster"), launchType=inputs.get("launchType")),
        **_service(inputs),
    )
    _wait(call, response["service"]["serviceArn"])
    return response["service"]["serviceArn"]


def _describe(call: Call, service: str) -> Json | None:
    cluster = call.inputs.get("cluster", "default")
    response: Any = none_if_missing(
        NOT_FOUND, lambda: client(call).describe_services(cluster=cluster, services=[service])
    )
    active = [entry for entry in response["services"] if entry["status"] != "INACTIVE"] if response else []
    return active[0] if active else None


def _wait(call: Call, service: str) -> None:
    """Wait, if `waitForSteadyState` is set, until the rollout is complete; raise an error if it fails."""
    deadline = time.monotonic() + _STEADY_SECONDS
    if not call.inputs.get("waitForSteadyState"):
        return
    while not is_rolled_out(_describe(call, service), call.inputs["taskDefinition"]):
        if time.monotonic() > deadline:
            raise TimeoutError(f"its rollout is not complete after {_STEADY_SECONDS} seconds")
        time.sleep(_POLL_SECONDS)


def is_rolled_out(service: Json | None, definition: str) -> bool:
    """Whether a service, as DescribeServices returns it, runs this task definition and no other.

    Raises:
        ValueError: if its rollout failed or was rolled back, with ECS's reason.
    """
    if service is None:
        raise ValueError("it disappeared while its tasks were starting")
    for deployment in service["deployments"]:
        if deployment["taskDefinition"] == definition and deployment.get("rolloutState") == "FAILED":
            raise ValueError(f"its rollout failed: {deployment.get('rolloutStateReason') or 'ECS gave no reason'}")
    if service["taskDefinition"] != definition:
        raise ValueError(f"its rollout was rolled back to {service['taskDefinition']}: {_last_event(service)}")
    primary = next(entry for entry in service["deployments"] if entry["status"] == "PRIMARY")
    running = primary["runningCount"] >= primary["desiredCount"]
    return running and len(service["deployments"]) == 1 and primary.get("rolloutState", "COMPLETED") == "COMPLETED"


def _last_event(service: Json) -> str:
    return service["events"][0]["message"] if service.get("events") else "ECS gave no reason"


def read_service(call: Call) -> Json | None:
    service = _describe(call, call.id)
    return service and {"id": call.id, "arn": call.id, "name": service["serviceName"], "cluster": service["clusterArn"]}


def update_service(call: Call) -> None:
    inputs = call.inputs
    desired = {"desiredCount": inputs["desiredCount"]} if call.changed("desiredCount") else {}
    # AWS moves running tasks to other capacity providers only in a new deployment.
    force = inputs.get("forceNewDeployment") or call.changed("capacityProviderStrategies")
    cluster = inputs.get("cluster", "default")
    client(call).update_service(
        service=call.id, cluster=cluster, forceNewDeployment=bool(force), **desired, **_service(inputs)
    )
    update_tags(call)
    _wait(call, call.id)


def delete_service(call: Call) -> None:
    cluster = call.inputs.get("cluster", "default")
    none_if_missing(NOT_FOUND, lambda: client(call).delete_service(cluster=cluster, service=call.id, force=True))


def find_service(call: Call) -> str | None:
    service = _describe(call, call.name)
    return service["serviceArn"] if service else None


PROVIDERS: Mapping[str, Provider] = {
    "aws:ecs/service:Service": Provider(
        create=create_service,
        read=read_service,
        update=update_service,
        delete=delete_service,
        find=find_service,
        replace_on=frozenset({"name", "cluster", "launchType", "schedulingStrategy"}),
        tagged=True,
    ),
}

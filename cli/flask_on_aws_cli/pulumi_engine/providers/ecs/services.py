"""Services, and the wait for their rollouts."""

import time
from collections.abc import Mapping
from typing import Any

from ..base import Call, Json, Provider, present, unless_gone
from .ecs import GONE, client, retag, tags

# The AWS provider's own patience with a rollout; a failed one ends it sooner.
_STEADY_SECONDS = 20 * 60
_POLL_SECONDS = 0.25  # the endpoint is on this machine


def _circuit_breaker(given: Json) -> dict[str, Any] | None:
    settings = present(
        deploymentCircuitBreaker=given.get("deploymentCircuitBreaker"),
        maximumPercent=given.get("deploymentMaximumPercent"),
        minimumHealthyPercent=given.get("deploymentMinimumHealthyPercent"),
    )
    return settings or None


def _network(given: Json) -> dict[str, Any] | None:
    network = given.get("networkConfiguration")
    if network is None:
        return None
    public = "ENABLED" if network.get("assignPublicIp") else "DISABLED"
    groups = present(securityGroups=network.get("securityGroups"))
    return {"awsvpcConfiguration": {"subnets": network["subnets"], "assignPublicIp": public, **groups}}


def _service(given: Json) -> dict[str, Any]:
    """What CreateService and UpdateService both take."""
    return present(
        taskDefinition=given["taskDefinition"],
        capacityProviderStrategy=given.get("capacityProviderStrategies"),
        deploymentConfiguration=_circuit_breaker(given),
        networkConfiguration=_network(given),
        healthCheckGracePeriodSeconds=given.get("healthCheckGracePeriodSeconds"),
        enableExecuteCommand=given.get("enableExecuteCommand"),
        enableECSManagedTags=given.get("enableEcsManagedTags"),
        propagateTags=given.get("propagateTags"),
        loadBalancers=given.get("loadBalancers"),
        serviceRegistries=given.get("serviceRegistries"),
        platformVersion=given.get("platformVersion"),
    )


def create_service(call: Call) -> str:
    given = call.inputs
    made = client(call).create_service(
        serviceName=call.name,
        tags=tags(call),
        desiredCount=given.get("desiredCount", 0),
        **present(cluster=given.get("cluster"), launchType=given.get("launchType")),
        **_service(given),
    )
    _wait(call, made["service"]["serviceArn"])
    return made["service"]["serviceArn"]


def _describe(call: Call, service: str) -> Json | None:
    cluster = call.inputs.get("cluster", "default")
    found: Any = unless_gone(GONE, lambda: client(call).describe_services(cluster=cluster, services=[service]))
    active = [entry for entry in found["services"] if entry["status"] != "INACTIVE"] if found else []
    return active[0] if active else None


def _wait(call: Call, service: str) -> None:
    """Wait, if the program asks for it, until the rollout is complete; a rollout that fails is an error."""
    end = time.monotonic() + _STEADY_SECONDS
    if not call.inputs.get("waitForSteadyState"):
        return
    while not is_rolled_out(_describe(call, service), call.inputs["taskDefinition"]):
        if time.monotonic() > end:
            raise TimeoutError(f"its rollout is not complete after {_STEADY_SECONDS} seconds")
        time.sleep(_POLL_SECONDS)


def is_rolled_out(service: Json | None, wanted: str) -> bool:
    """Whether a service, as DescribeServices tells it, runs the wanted task definition and nothing else.

    Raises:
        ValueError: if it never will, with ECS's own reason.
    """
    if service is None:
        raise ValueError("it vanished while its tasks were started")
    for deployment in service["deployments"]:
        if deployment["taskDefinition"] == wanted and deployment.get("rolloutState") == "FAILED":
            raise ValueError(f"its rollout failed: {deployment.get('rolloutStateReason') or 'no reason is given'}")
    if service["taskDefinition"] != wanted:
        raise ValueError(f"its rollout was rolled back to {service['taskDefinition']}: {_last_event(service)}")
    primary = next(entry for entry in service["deployments"] if entry["status"] == "PRIMARY")
    running = primary["runningCount"] >= primary["desiredCount"]
    return running and len(service["deployments"]) == 1 and primary.get("rolloutState", "COMPLETED") == "COMPLETED"


def _last_event(service: Json) -> str:
    return service["events"][0]["message"] if service.get("events") else "no event says why"


def read_service(call: Call) -> Json | None:
    found = _describe(call, call.id)
    return found and {"id": call.id, "arn": call.id, "name": found["serviceName"], "cluster": found["clusterArn"]}


def update_service(call: Call) -> None:
    given = call.inputs
    desired = {"desiredCount": given["desiredCount"]} if call.changed("desiredCount") else {}
    # AWS moves running tasks to other capacity with a new deployment alone.
    force = given.get("forceNewDeployment") or call.changed("capacityProviderStrategies")
    cluster = given.get("cluster", "default")
    client(call).update_service(
        service=call.id, cluster=cluster, forceNewDeployment=bool(force), **desired, **_service(given)
    )
    retag(call)
    _wait(call, call.id)


def delete_service(call: Call) -> None:
    cluster = call.inputs.get("cluster", "default")
    unless_gone(GONE, lambda: client(call).delete_service(cluster=cluster, service=call.id, force=True))


def find_service(call: Call) -> str | None:
    found = _describe(call, call.name)
    return found["serviceArn"] if found else None


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

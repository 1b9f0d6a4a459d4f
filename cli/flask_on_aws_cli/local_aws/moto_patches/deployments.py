"""ListServiceDeployments and DescribeServiceDeployments, by which newer AWS providers wait for a service.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.responses import EC2ContainerServiceResponse as Responses

from ._patch import patch

_STATES = {"IN_PROGRESS": "IN_PROGRESS", "COMPLETED": "SUCCESSFUL"}


def _state(service: Any, deployment: dict[str, Any]) -> str:
    """A failed deployment is being rolled back while another one is the primary, or is stopped when there was none."""
    known = _STATES.get(deployment["rolloutState"])
    if known:
        return known
    primary = service.deployments[0]
    if primary is deployment:
        return "STOPPED"
    return "ROLLBACK_SUCCESSFUL" if primary["rolloutState"] == "COMPLETED" else "ROLLBACK_IN_PROGRESS"


def _told(service: Any, deployment: dict[str, Any]) -> dict[str, Any]:
    def arn(kind: str) -> str:
        return f"{service.arn.replace(':service/', f':{kind}/')}/{deployment['id'].rsplit('/', 1)[-1]}"

    breaker = service.deployment_configuration.get("deploymentCircuitBreaker", {})
    state = _state(service, deployment)
    return {
        "serviceDeploymentArn": arn("service-deployment"),
        "targetServiceRevisionArn": arn("service-revision"),
        "targetServiceRevision": {"arn": arn("service-revision"), "requestedTaskCount": deployment["desiredCount"]},
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "createdAt": deployment["createdAt"],
        "startedAt": deployment["createdAt"],
        "updatedAt": deployment["updatedAt"],
        "status": state,
        "statusReason": deployment["rolloutStateReason"],
        "deploymentConfiguration": service.deployment_configuration,
        "deploymentCircuitBreaker": {
            "status": "MONITORING" if state == "IN_PROGRESS" and breaker.get("enable") else "MONITORING_COMPLETE",
            "failureCount": deployment["failedTasks"],
        },
    }


def _list(_: Any, self: Any) -> ActionResult:
    """moto lacks ListServiceDeployments, by which newer AWS providers wait for a service."""
    name, cluster = self._get_param("service").split("/")[-1], self._get_param("cluster", "default")
    wanted: list[str] | None = self._get_param("status")
    found = [
        _told(service, deployment)
        for service in self.ecs_backend.describe_services(cluster, [name])[0]
        for deployment in service.deployments
    ]
    return ActionResult({"serviceDeployments": [one for one in found if not wanted or one["status"] in wanted]})


def _describe(_: Any, self: Any) -> ActionResult:
    """moto lacks DescribeServiceDeployments, by which newer AWS providers wait for a service."""
    asked = self._get_param("serviceDeploymentArns", [])
    services = self.ecs_backend.services.values()
    known = {
        told["serviceDeploymentArn"]: told
        for service in services
        for told in (_told(service, deployment) for deployment in service.deployments)
    }
    failures = [{"arn": arn, "reason": "MISSING"} for arn in asked if arn not in known]
    return ActionResult({"serviceDeployments": [known[arn] for arn in asked if arn in known], "failures": failures})


def patch_deployments() -> None:
    """Apply these patches."""
    patch(Responses, "list_service_deployments")(_list)
    patch(Responses, "describe_service_deployments")(_describe)

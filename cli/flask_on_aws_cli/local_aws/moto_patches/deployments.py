"""ListServiceDeployments and DescribeServiceDeployments, with which newer AWS providers wait for a service.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.responses import EC2ContainerServiceResponse as Responses

from ._patch import patch

_STATUSES = {"IN_PROGRESS": "IN_PROGRESS", "COMPLETED": "SUCCESSFUL"}


def _status(service: Any, deployment: dict[str, Any]) -> str:
    """A failed deployment is stopped if it is the primary one; otherwise the primary one is its rollback."""
    status = _STATUSES.get(deployment["rolloutState"])
    if status:
        return status
    primary = service.deployments[0]
    if primary is deployment:
        return "STOPPED"
    return "ROLLBACK_SUCCESSFUL" if primary["rolloutState"] == "COMPLETED" else "ROLLBACK_IN_PROGRESS"


def _service_deployment(service: Any, deployment: dict[str, Any]) -> dict[str, Any]:
    def arn(kind: str) -> str:
        return f"{service.arn.replace(':service/', f':{kind}/')}/{deployment['id'].rsplit('/', 1)[-1]}"

    breaker = service.deployment_configuration.get("deploymentCircuitBreaker", {})
    status = _status(service, deployment)
    return {
        "serviceDeploymentArn": arn("service-deployment"),
        "targetServiceRevisionArn": arn("service-revision"),
        "targetServiceRevision": {"arn": arn("service-revision"), "requestedTaskCount": deployment["desiredCount"]},
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "createdAt": deployment["createdAt"],
        "startedAt": deployment["createdAt"],
        "updatedAt": deployment["updatedAt"],
        "status": status,
        "statusReason": deployment["rolloutStateReason"],
        "deploymentConfiguration": service.deployment_configuration,
        "deploymentCircuitBreaker": {
            "status": "MONITORING" if status == "IN_PROGRESS" and breaker.get("enable") else "MONITORING_COMPLETE",
            "failureCount": deployment["failedTasks"],
        },
    }


def _list(_: Any, self: Any) -> ActionResult:
    """moto lacks ListServiceDeployments, with which newer AWS providers wait for a service."""
    name, cluster = self._get_param("service").split("/")[-1], self._get_param("cluster", "default")
    statuses: list[str] | None = self._get_param("status")
    listed = [
        _service_deployment(service, deployment)
        for service in self.ecs_backend.describe_services(cluster, [name])[0]
        for deployment in service.deployments
    ]
    return ActionResult({"serviceDeployments": [item for item in listed if not statuses or item["status"] in statuses]})


def _describe(_: Any, self: Any) -> ActionResult:
    """moto lacks DescribeServiceDeployments, with which newer AWS providers wait for a service."""
    requested = self._get_param("serviceDeploymentArns", [])
    services = self.ecs_backend.services.values()
    existing = {
        described["serviceDeploymentArn"]: described
        for service in services
        for described in (_service_deployment(service, deployment) for deployment in service.deployments)
    }
    failures = [{"arn": arn, "reason": "MISSING"} for arn in requested if arn not in existing]
    described = [existing[arn] for arn in requested if arn in existing]
    return ActionResult({"serviceDeployments": described, "failures": failures})


def patch_deployments() -> None:
    """Apply these patches."""
    patch(Responses, "list_service_deployments")(_list)
    patch(Responses, "describe_service_deployments")(_describe)

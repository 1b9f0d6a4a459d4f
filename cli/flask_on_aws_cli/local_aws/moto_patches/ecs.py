"""ECS's API for services and tasks that really run: moto reports success at once, or drops settings."""

from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecs import models
from moto.ecs.exceptions import EcsClientException, InvalidParameterException, ServiceNotFoundException
from moto.ecs.responses import EC2ContainerServiceResponse as Responses
from moto.moto_api._internal import mock_random

from ._patch import patch

# Settings that CreateService stores and DescribeServices returns, with the defaults of
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html;
# moto stores them only on UpdateService.
_SETTINGS: dict[str, tuple[str, Any]] = {
    "availabilityZoneRebalancing": ("availability_zone_rebalancing", "DISABLED"),
    "capacityProviderStrategy": ("capacity_provider_strategy", []),
    "deploymentConfiguration": ("deployment_configuration", {"maximumPercent": 200, "minimumHealthyPercent": 100}),
    "enableECSManagedTags": ("enable_ecs_managed_tags", False),
    "enableExecuteCommand": ("enable_execute_command", False),
    "healthCheckGracePeriodSeconds": ("health_check_grace_period_seconds", 0),
    "placementConstraints": ("placement_constraints", []),
    "placementStrategy": ("placement_strategy", []),
}
# A change to one of these starts a deployment; a change to others, such as the desired count, does not:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-service-parameters.html
_DEPLOYMENT_SETTINGS = ("network_configuration", "platform_version", "capacity_provider_strategy", "load_balancers")


def new_deployment(service: Any) -> dict[str, Any]:
    """The record of a deployment of the service's current settings."""
    identifier = f"ecs-svc/{mock_random.randint(10**18, 10**19 - 1)}"  # AWS's ids have 19 digits
    now = utcnow()
    return {
        "id": identifier,
        "status": "PRIMARY",
        "taskDefinition": service.task_definition,
        "desiredCount": service.desired_count,
        "pendingCount": 0,
        "runningCount": 0,
        "failedTasks": 0,
        "createdAt": now,
        "updatedAt": now,
        "launchType": service.launch_type,
        "platformFamily": "Linux",
        "platformVersion": service.platform_version or "1.4.0",
        "networkConfiguration": service.network_configuration or None,
        "rolloutState": "IN_PROGRESS",
        "rolloutStateReason": f"ECS deployment {identifier} in progress.",
    }


def _start_deployment(service: Any) -> None:
    """Add a primary deployment; the others stay active until their tasks have ended."""
    for deployment in service.deployments:
        deployment["status"] = "ACTIVE"
    service.deployments.insert(0, new_deployment(service))


def _create_service(original: Any, self: Any) -> Any:
    """moto drops most settings of a new service and reports at once that its tasks run."""
    name, cluster = self._get_param("serviceName"), self._get_param("cluster", "default")
    existing = self.ecs_backend.describe_services(cluster, [name])[0]
    if existing and existing[0].status != "INACTIVE":  # moto would replace the running one
        raise InvalidParameterException("Creation of service was not idempotent.")
    response = original(self)
    service = self.ecs_backend.describe_services(cluster, [name])[0][0]
    for parameter, (attribute, default) in _SETTINGS.items():
        value = self._get_param(parameter)
        setattr(service, attribute, default if value is None else value)
    service.created_at = utcnow()
    service.task_definition = _full_arn(self.ecs_backend, service.task_definition)
    # Nothing runs yet; a desired count of 0 starts a deployment too.
    service.deployments = [new_deployment(service)]
    service.running_count, service.pending_count = 0, 0
    return response


def _full_arn(backend: Any, task_definition: str | None) -> str | None:
    if not task_definition:
        return None
    definition = backend.describe_task_definition(task_definition)
    if definition.status == "INACTIVE":
        raise EcsClientException("TaskDefinition is inactive")
    return definition.arn


def _update_service(original: Any, self: Any, properties: dict[str, Any]) -> Any:
    """moto starts no deployment of a new version, and sets the running count to the desired count."""
    cluster, name = properties.get("cluster", "default"), properties["service"].split("/")[-1]
    service = self._get_service(cluster, name)
    if service.status != "ACTIVE":
        raise ServiceNotFoundException
    counts, previous_version = (service.running_count, service.pending_count), _version(service)
    force = bool(properties.pop("force_new_deployment", False))
    properties["task_definition"] = _full_arn(self, properties.get("task_definition"))
    original(self, properties)
    service.running_count, service.pending_count = counts
    if force or _version(service) != previous_version:
        _start_deployment(service)
    return service


def _version(service: Any) -> list[Any]:
    return [service.task_definition, *(getattr(service, name, None) for name in _DEPLOYMENT_SETTINGS)]


def _delete_service(original: Any, self: Any, cluster: str, name: str, force: bool) -> Any:
    """A deleted service is draining until its last task has ended; moto deletes it at once."""
    service = original(self, cluster, name, force)
    service.desired_count, service.status = 0, "DRAINING"
    return service


def _list_services(original: Any, self: Any, cluster: str, *args: Any, **kwargs: Any) -> list[str]:
    """ListServices leaves out deleted services, but moto lists them."""
    active = {service.arn for service in self.services.values() if service.status != "INACTIVE"}
    return [arn for arn in original(self, cluster, *args, **kwargs) if arn in active]


def _new_task(original: Any, self: Any, cluster: Any, task_definition: Any, *args: Any, **kwargs: Any) -> None:
    """A task starts as PROVISIONING with all its containers; moto changes its status whenever it is described."""
    # AWS accepts a network configuration without security groups; moto fails on it.
    network: dict[str, dict[str, Any]] = kwargs.get("networking_configuration") or {}
    network.get("awsvpcConfiguration", {}).setdefault("securityGroups", [])
    original(self, cluster, task_definition, *args, **kwargs)
    self._transitions = []
    self.last_status = "PROVISIONING"
    self.created_at = utcnow()
    self.cpu, self.memory = task_definition.cpu, task_definition.memory
    self.desired_status, self.connectivity, self.version = "RUNNING", "CONNECTED", 1
    self.health_status = "UNKNOWN"
    self.enable_execute_command = False
    self.local_network = network.get("awsvpcConfiguration", {})
    self.stopped_reason = None
    self.containers = [
        {
            "containerArn": f"{self.task_arn.replace(':task/', ':container/')}/{mock_random.uuid4()}",
            "taskArn": self.task_arn,
            "name": container["name"],
            "image": container.get("image"),
            "lastStatus": "PENDING",
            "healthStatus": "UNKNOWN",
            "cpu": str(container.get("cpu", 0)),
            "networkInterfaces": [],
            # On Fargate, the task's id and ten digits.
            "runtimeId": f"{self.task_arn.rsplit('/', 1)[-1]}-{mock_random.randint(10**9, 10**10 - 1)}",
        }
        for container in task_definition.container_definitions
    ]


def _run_task(original: Any, self: Any, cluster: str, task_definition: str, *args: Any, **kwargs: Any) -> Any:
    """RunTask rejects a deregistered task definition, but moto runs it."""
    _full_arn(self, task_definition)
    return original(self, cluster, task_definition, *args, **kwargs)


def _request_task(original: Any, self: Any) -> Any:
    """moto ignores RunTask's enableExecuteCommand."""
    response = original(self)
    for task in response.result["tasks"]:
        task.enable_execute_command = bool(self._get_param("enableExecuteCommand", False))
    return response


def _stop_task(_: Any, self: Any, cluster: str, name: str, reason: str | None) -> Any:
    """A task is stopped when its processes have ended, not at once as in moto."""
    identifier = name.split("/")[-1]
    tasks = self.tasks.get(self._get_cluster(cluster).name, {})
    task = next((task for arn, task in tasks.items() if arn.endswith(f"/{identifier}")), None)
    if task is None:
        raise InvalidParameterException("The referenced task was not found.")
    if task.desired_status != "STOPPED":
        task.desired_status = "STOPPED"
        task.stop_code = "UserInitiated"
        task.stopped_reason = reason or "Task stopped by user"
    return task


def _describe_tasks(original: Any, self: Any) -> Any:
    """DescribeTasks reports tasks that do not exist as MISSING, but moto does not mention them."""
    cluster = self._get_param("cluster", "default")
    requested = self._get_param("tasks", [])
    response = original(self)
    existing = {task.id for task in response.result["tasks"]}
    prefix = f"arn:aws:ecs:{self.region}:{self.current_account}:task/{cluster.split('/')[-1]}"
    missing = [identifier for name in requested if (identifier := name.split("/")[-1]) not in existing]
    failures = [{"arn": f"{prefix}/{identifier}", "reason": "MISSING"} for identifier in missing]
    return ActionResult({"tasks": response.result["tasks"], "failures": failures})


def _list_tasks(original: Any, self: Any, *args: Any, **kwargs: Any) -> list[Any]:
    """ListTasks filters by service, and lists stopped tasks only on request; moto does neither."""
    filters = dict(zip(("cluster", "instance", "family", "started_by", "service", "desired"), args, strict=False))
    desired_status = filters.get("desired") or "RUNNING"
    service = filters.get("service")
    group = f"service:{service.split('/')[-1]}" if service else None
    tasks = original(self, *args, **kwargs)
    return [task for task in tasks if task.desired_status == desired_status and group in (None, task.group)]


def _no_requirements(*_: Any) -> dict[str, Any]:
    """moto adds up the memory of containers and fails where only the task has a limit, as on Fargate."""
    return {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}


def patch_ecs() -> None:
    """Apply these patches."""
    patch(Responses, "create_service")(_create_service)
    patch(Responses, "describe_tasks")(_describe_tasks)
    patch(Responses, "run_task")(_request_task)
    backend = models.EC2ContainerServiceBackend
    patch(backend, "update_service")(_update_service)
    patch(backend, "delete_service")(_delete_service)
    patch(backend, "list_services")(_list_services)
    patch(backend, "run_task")(_run_task)
    patch(backend, "stop_task")(_stop_task)
    patch(backend, "list_tasks")(_list_tasks)
    patch(models.Task, "__init__")(_new_task)
    patch(backend, "_calculate_task_resource_requirements")(_no_requirements)

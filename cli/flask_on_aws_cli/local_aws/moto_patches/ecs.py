"""ECS's API for services and tasks that really run: moto says at once that all is well, or forgets what it was told."""

from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecs import models
from moto.ecs.exceptions import EcsClientException, InvalidParameterException, ServiceNotFoundException
from moto.ecs.responses import EC2ContainerServiceResponse as Responses
from moto.moto_api._internal import mock_random

from ._patch import patch

# What CreateService keeps and DescribeServices tells, with the defaults of
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html;
# moto keeps them only on UpdateService.
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
# A change of these starts a deployment; of others, like the desired count, it does not:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-service-parameters.html
_DEPLOYING = ("network_configuration", "platform_version", "capacity_provider_strategy", "load_balancers")


def new_deployment(service: Any) -> dict[str, Any]:
    """The record of a deployment of what the service is now told to run."""
    identifier = f"ecs-svc/{mock_random.randint(10**18, 10**19 - 1)}"  # AWS's have 19 digits
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


def _deploy(service: Any) -> None:
    """A new deployment is the primary one, and the others stay active until their tasks are gone."""
    for deployment in service.deployments:
        deployment["status"] = "ACTIVE"
    service.deployments.insert(0, new_deployment(service))


def _create_service(original: Any, self: Any) -> Any:
    """moto forgets most settings of a new service and says at once that its tasks run."""
    name, cluster = self._get_param("serviceName"), self._get_param("cluster", "default")
    known = self.ecs_backend.describe_services(cluster, [name])[0]
    if known and known[0].status != "INACTIVE":  # moto forgets the one that runs
        raise InvalidParameterException("Creation of service was not idempotent.")
    answer = original(self)
    service = self.ecs_backend.describe_services(cluster, [name])[0][0]
    for parameter, (attribute, default) in _SETTINGS.items():
        given = self._get_param(parameter)
        setattr(service, attribute, default if given is None else given)
    service.created_at = utcnow()
    service.task_definition = _full_arn(self.ecs_backend, service.task_definition)
    # Nothing runs yet, also with a desired count of 0.
    service.deployments = [new_deployment(service)]
    service.running_count, service.pending_count = 0, 0
    return answer


def _full_arn(backend: Any, task_definition: str | None) -> str | None:
    if not task_definition:
        return None
    found = backend.describe_task_definition(task_definition)
    if found.status == "INACTIVE":
        raise EcsClientException("TaskDefinition is inactive")
    return found.arn


def _update_service(original: Any, self: Any, properties: dict[str, Any]) -> Any:
    """moto makes no deployment of a new version, and sets the counts to what is wanted instead of what runs."""
    cluster, name = properties.get("cluster", "default"), properties["service"].split("/")[-1]
    service = self._get_service(cluster, name)
    if service.status != "ACTIVE":
        raise ServiceNotFoundException
    counts, before = (service.running_count, service.pending_count), _version(service)
    force = bool(properties.pop("force_new_deployment", False))
    properties["task_definition"] = _full_arn(self, properties.get("task_definition"))
    original(self, properties)
    service.running_count, service.pending_count = counts
    if force or _version(service) != before:
        _deploy(service)
    return service


def _version(service: Any) -> list[Any]:
    return [service.task_definition, *(getattr(service, name, None) for name in _DEPLOYING)]


def _delete_service(original: Any, self: Any, cluster: str, name: str, force: bool) -> Any:
    """A deleted service is draining until its last task has ended; moto's is gone at once."""
    service = original(self, cluster, name, force)
    service.desired_count, service.status = 0, "DRAINING"
    return service


def _list_services(original: Any, self: Any, cluster: str, *args: Any, **kwargs: Any) -> list[str]:
    """ListServices leaves out services that are gone, which moto lists."""
    active = {service.arn for service in self.services.values() if service.status != "INACTIVE"}
    return [arn for arn in original(self, cluster, *args, **kwargs) if arn in active]


def _new_task(original: Any, self: Any, cluster: Any, task_definition: Any, *args: Any, **kwargs: Any) -> None:
    """A task starts as PROVISIONING with all its containers, and moves when something happens, not when asked for."""
    # AWS takes a network without security groups; moto breaks on it.
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
        }
        for container in task_definition.container_definitions
    ]


def _run_task(original: Any, self: Any, cluster: str, task_definition: str, *args: Any, **kwargs: Any) -> Any:
    """RunTask rejects a deregistered task definition, which moto runs."""
    _full_arn(self, task_definition)
    return original(self, cluster, task_definition, *args, **kwargs)


def _stop_task(_: Any, self: Any, cluster: str, name: str, reason: str | None) -> Any:
    """A task is stopped when its processes have ended, not at once as in moto."""
    identifier = name.split("/")[-1]
    tasks = self.tasks.get(self._get_cluster(cluster).name, {})
    found = next((task for arn, task in tasks.items() if arn.endswith(f"/{identifier}")), None)
    if found is None:
        raise InvalidParameterException("The referenced task was not found.")
    if found.desired_status != "STOPPED":
        found.desired_status = "STOPPED"
        found.stop_code = "UserInitiated"
        found.stopped_reason = reason or "Task stopped by user"
    return found


def _describe_tasks(original: Any, self: Any) -> Any:
    """Tasks that do not exist are reported as MISSING, of which moto says nothing."""
    cluster = self._get_param("cluster", "default")
    asked = self._get_param("tasks", [])
    answer = original(self)
    known = {task.id for task in answer.result["tasks"]}
    prefix = f"arn:aws:ecs:{self.region}:{self.current_account}:task/{cluster.split('/')[-1]}"
    gone = [identifier for name in asked if (identifier := name.split("/")[-1]) not in known]
    failures = [{"arn": f"{prefix}/{identifier}", "reason": "MISSING"} for identifier in gone]
    return ActionResult({"tasks": answer.result["tasks"], "failures": failures})


def _list_tasks(original: Any, self: Any, *args: Any, **kwargs: Any) -> list[Any]:
    """ListTasks filters by service, and lists stopped tasks only on request; moto does neither."""
    given = dict(zip(("cluster", "instance", "family", "started_by", "service", "desired"), args, strict=False))
    wanted = given.get("desired") or "RUNNING"
    service = given.get("service")
    group = f"service:{service.split('/')[-1]}" if service else None
    tasks = original(self, *args, **kwargs)
    return [task for task in tasks if task.desired_status == wanted and group in (None, task.group)]


def _no_requirements(*_: Any) -> dict[str, Any]:
    """moto adds up the memory of containers and fails where only the task has a limit, as on Fargate."""
    return {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}


def patch_ecs() -> None:
    """Apply these patches."""
    patch(Responses, "create_service")(_create_service)
    patch(Responses, "describe_tasks")(_describe_tasks)
    backend = models.EC2ContainerServiceBackend
    patch(backend, "update_service")(_update_service)
    patch(backend, "delete_service")(_delete_service)
    patch(backend, "list_services")(_list_services)
    patch(backend, "run_task")(_run_task)
    patch(backend, "stop_task")(_stop_task)
    patch(backend, "list_tasks")(_list_tasks)
    patch(models.Task, "__init__")(_new_task)
    patch(backend, "_calculate_task_resource_requirements")(_no_requirements)

"""A deployed app: its ECS services and their task definitions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from flask_on_aws.aws_session import ProviderSettings
from flask_on_aws.releases.release_record import release_parameter

from ..local_project.project import LocalAws
from .errors import OperationError

# DescribeServices accepts up to ten services: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
_MAX_DESCRIBED = 10


@dataclass(frozen=True)
class AppService:
    """A service and the task definition of its latest deployment."""

    cluster: str
    description: Mapping[str, Any]
    """Its description by DescribeServices."""
    definition: Mapping[str, Any]
    """The task definition, as DescribeTaskDefinition returns it."""

    @property
    def name(self) -> str:
        """Its name in ECS."""
        return self.description["serviceName"]

    @property
    def family(self) -> str:
        """The family of its task definitions; the name of its release record contains it."""
        return self.definition["family"]

    @property
    def role(self) -> str:
        """Its role in the app: web, or the name of a worker."""
        return app_container(self.definition)["name"]

    @property
    def app_name(self) -> str:
        """Name of the app, with which the families of all its task definitions begin."""
        return self.family.removesuffix(f"-{self.role}")

    @property
    def image(self) -> str:
        """The image of the app's container."""
        return app_container(self.definition)["image"]

    @property
    def is_load_balanced(self) -> bool:
        """Whether a load balancer forwards requests to it."""
        return bool(self.description.get("loadBalancers"))

    @property
    def target_groups(self) -> Sequence[str]:
        """ARNs of the target groups whose requests it gets."""
        groups: Sequence[Mapping[str, str]] = self.description.get("loadBalancers", [])
        return [group["targetGroupArn"] for group in groups if group.get("targetGroupArn")]

    @property
    def deployment(self) -> Mapping[str, Any]:
        """The latest deployment, which may still be in progress."""
        return self.description["deployments"][0]

    @property
    def running_definition(self) -> str:
        """ARN of the task definition that runs: during a rollout, that of the previous release."""
        deployments = self.description["deployments"]
        completed = [deployment for deployment in deployments if deployment.get("rolloutState") == "COMPLETED"]
        return (completed or deployments)[0]["taskDefinition"]

    @property
    def deployed_at(self) -> datetime:
        """When the latest deployment began."""
        return self.deployment["createdAt"]

    @property
    def network(self) -> Mapping[str, Any]:
        """The network of its tasks, as RunTask takes it."""
        return self.description.get("networkConfiguration") or self.deployment["networkConfiguration"]

    @property
    def releases_parameter(self) -> str:
        """Name of the SSM parameter that records its releases."""
        return release_parameter(self.cluster, self.family)

    def matches(self, name: str) -> bool:
        """Whether this is its role, name, task definition family or ARN."""
        return name in (self.role, self.name, self.family, self.description["serviceArn"])


class App:
    """An app in a cluster, and the services that a command applies to."""

    def __init__(
        self,
        settings: ProviderSettings,
        cluster: str,
        web: str = "",
        selected: str | None = None,
        url: str = "",
        local_aws: LocalAws | None = None,
    ) -> None:
        """Find the services of an app later, when they are needed.

        Args:
            settings: how to reach AWS.
            cluster: name or ARN of the ECS cluster.
            web: name of the web service; empty if it is not known.
            selected: role, name, family or ARN of the only service that the command applies to. Default: all services.
            url: URL of the app; empty if it is not known.
            local_aws: the local AWS that it runs on; None on AWS.
        """
        self._settings, self._web, self._selected = settings, web, selected
        self._clients: dict[str, Any] = {}
        self.cluster, self.url, self.local_aws = cluster, url, local_aws

    def client(self, service: str, region: str = "") -> Any:
        """The boto3 client of an AWS service, such as `ecs`, by default in the app's region."""
        if region and region == self._settings.given.get("region"):
            region = ""
        name = f"{service} {region}".strip()
        if name not in self._clients:
            settings = self._settings
            if region:
                settings = replace(settings, given={**settings.given, "region": region})
            self._clients[name] = settings.client(service)
        return self._clients[name]

    @property
    def credentials(self) -> Any:
        """The credentials of all clients, as botocore's."""
        return self._settings.credentials

    @cached_property
    def services(self) -> Sequence[AppService]:
        """All services of the app, or only the selected one; the web service comes first.

        Raises:
            OperationError: if there is none, or the cluster runs several apps and none is selected.
        """
        services = self._app_services()
        if not self._selected:
            return services
        selected = [service for service in services if service.matches(self._selected)]
        if not selected:
            raise OperationError(f"The app has no service {self._selected}; it has: {_roles(services)}")
        return selected

    @property
    def selected_service(self) -> AppService:
        """The selected service. Default: the web service."""
        return self.services[0]

    @property
    def has_selection(self) -> bool:
        """Whether a single service was selected."""
        return self._selected is not None

    def running_container(self, service: AppService) -> Mapping[str, Any]:
        """The app's container in the task definition that a service runs."""
        answer = self.client("ecs").describe_task_definition(taskDefinition=service.running_definition)
        return app_container(answer["taskDefinition"])

    def _app_services(self) -> Sequence[AppService]:
        descriptions = list(cluster_services(self.client("ecs"), self.cluster))
        if not descriptions:
            raise OperationError(f"No service runs in the cluster {self.cluster}; is the stack deployed?")
        apps = _by_app([self._service(description) for description in self._candidates(descriptions)])
        matching = [services for services in apps if self._is_selected(services)]
        if len(matching) == 1:
            return sorted(matching[0], key=lambda service: (not service.is_load_balanced, service.name))
        all_found = [service for services in apps for service in services]
        if matching:
            raise OperationError(
                f"Several apps run in the cluster {self.cluster}; select one with --service and a service's name in "
                f"ECS: {', '.join(service.name for service in all_found)}"
            )
        raise OperationError(
            f"The cluster {self.cluster} has no service {self._web or self._selected}; it has: {_roles(all_found)}"
        )

    def _candidates(self, descriptions: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """The services whose family has the web service's prefix, if that is known: a cluster may run many apps."""
        web = next((service for service in descriptions if service["serviceName"] == self._web), None)
        prefix = _family(web).rpartition("-")[0] if web else ""
        return [service for service in descriptions if _family(service).startswith(prefix)] if prefix else descriptions

    def _is_selected(self, services: Sequence[AppService]) -> bool:
        if self._web:
            return any(service.name == self._web for service in services)
        return self._selected is None or any(service.matches(self._selected) for service in services)

    def _service(self, description: Mapping[str, Any]) -> AppService:
        answer = self.client("ecs").describe_task_definition(taskDefinition=description["taskDefinition"])
        return AppService(self.cluster, description, answer["taskDefinition"])


def cluster_services(ecs: Any, cluster: str) -> Iterator[Mapping[str, Any]]:
    """The description, by DescribeServices, of every active service of a cluster."""
    pages = ecs.get_paginator("list_services").paginate(cluster=cluster)
    arns = [arn for page in pages for arn in page["serviceArns"]]
    for start in range(0, len(arns), _MAX_DESCRIBED):
        answer = ecs.describe_services(cluster=cluster, services=arns[start : start + _MAX_DESCRIBED])
        yield from (service for service in answer["services"] if service["status"] == "ACTIVE")


def all_services(ecs: Any) -> list[Mapping[str, Any]]:
    """The descriptions of the active services of every cluster."""
    return [service for cluster in ecs.list_clusters()["clusterArns"] for service in cluster_services(ecs, cluster)]


def app_container(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """The container that runs the app: the first essential one."""
    containers: Sequence[Mapping[str, Any]] = definition["containerDefinitions"]
    return next(container for container in containers if container.get("essential", True))


def short_name(task_definition: str) -> str:
    """The last part of an ARN, such as `family:revision` of a task definition's."""
    return task_definition.rsplit("/", 1)[-1]


def _family(description: Mapping[str, Any]) -> str:
    return short_name(description["taskDefinition"]).partition(":")[0]


def _by_app(services: Sequence[AppService]) -> Sequence[Sequence[AppService]]:
    """Group services by app: those of one app share a task role and an image repository."""
    apps: dict[tuple[str, str], list[AppService]] = {}
    for service in services:
        key = (str(service.definition.get("taskRoleArn", service.name)), service.image.partition("@")[0])
        apps.setdefault(key, []).append(service)
    return list(apps.values())


def _roles(services: Sequence[AppService]) -> str:
    return ", ".join(sorted({service.role for service in services}))

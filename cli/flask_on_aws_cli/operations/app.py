"""A running app: its services on ECS, and what each of them runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from flask_on_aws.aws_session import ProviderSettings
from flask_on_aws.releases.release_record import release_parameter

from .errors import OperationError

# DescribeServices takes ten: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
_AT_ONCE = 10


@dataclass(frozen=True)
class AppService:
    """One service and the task definition that it is to run."""

    cluster: str
    told: Mapping[str, Any]
    """What DescribeServices tells of it."""
    definition: Mapping[str, Any]
    """What DescribeTaskDefinition tells of its task definition."""

    @property
    def name(self) -> str:
        """Its name on AWS."""
        return self.told["serviceName"]

    @property
    def family(self) -> str:
        """The family of its task definitions, under which its releases are recorded."""
        return self.definition["family"]

    @property
    def role(self) -> str:
        """What it is for the app: web, or a worker's name."""
        return app_container(self.definition)["name"]

    @property
    def image(self) -> str:
        """The app's image."""
        return app_container(self.definition)["image"]

    @property
    def balanced(self) -> bool:
        """Whether requests come to it."""
        return bool(self.told.get("loadBalancers"))

    @property
    def deployment(self) -> Mapping[str, Any]:
        """The deployment that is, or is becoming, what runs."""
        return self.told["deployments"][0]

    @property
    def running_definition(self) -> str:
        """ARN of the task definition that serves: during a rollout that of the release before."""
        complete = [one for one in self.told["deployments"] if one.get("rolloutState") == "COMPLETED"]
        return (complete or self.told["deployments"])[0]["taskDefinition"]

    @property
    def since(self) -> datetime:
        """When the deployment began."""
        return self.deployment["createdAt"]

    @property
    def releases_parameter(self) -> str:
        """Where its releases are recorded."""
        return release_parameter(self.cluster, self.family)

    def is_called(self, name: str) -> bool:
        """Whether a user may mean it by this name."""
        return name in (self.role, self.name, self.family, self.told["serviceArn"])


class App:
    """One app's services in a cluster."""

    def __init__(
        self, settings: ProviderSettings, cluster: str, web: str = "", chosen: str | None = None, url: str = ""
    ) -> None:
        self._settings, self._web, self._chosen = settings, web, chosen
        self._clients: dict[str, Any] = {}
        self.cluster, self.url = cluster, url

    def client(self, service: str) -> Any:
        """The client of one of AWS's services."""
        if service not in self._clients:
            self._clients[service] = self._settings.client(service)
        return self._clients[service]

    @cached_property
    def services(self) -> Sequence[AppService]:
        """All services of the app, or the one that was chosen; web first.

        Raises:
            OperationError: if there is none, or several apps are meant.
        """
        found = self._services()
        if not self._chosen:
            return found
        chosen = [one for one in found if one.is_called(self._chosen)]
        if not chosen:
            raise OperationError(f"The app has no service {self._chosen}; it has: {_names(found)}")
        return chosen

    @property
    def one_service(self) -> AppService:
        """The chosen service, by default web."""
        return self.services[0]

    @property
    def is_chosen(self) -> bool:
        """Whether one service was named."""
        return self._chosen is not None

    def again(self, service: AppService) -> AppService:
        """The service as it is now."""
        (told,) = self.client("ecs").describe_services(cluster=self.cluster, services=[service.name])["services"]
        return self._service(told)

    def _services(self) -> Sequence[AppService]:
        told = list(cluster_services(self.client("ecs"), self.cluster))
        if not told:
            raise OperationError(f"No service runs in the cluster {self.cluster}; is the stack deployed?")
        apps = _by_app([self._service(one) for one in self._relatives(told)])
        wanted = [services for services in apps if self._is_meant(services)]
        if len(wanted) == 1:
            return sorted(wanted[0], key=lambda one: (not one.balanced, one.name))
        everything = [one for services in apps for one in services]
        if wanted:
            raise OperationError(
                f"Several apps run in the cluster {self.cluster}; name a service of one with --service, by its name on "
                f"AWS: {', '.join(one.name for one in everything)}"
            )
        raise OperationError(
            f"The cluster {self.cluster} has no service {self._web or self._chosen}; it has: {_names(everything)}"
        )

    def _relatives(self, told: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Those whose families begin like the web service's, where that is known: a cluster may hold many apps."""
        web = next((one for one in told if one["serviceName"] == self._web), None)
        start = _family(web).rpartition("-")[0] if web else ""
        return [one for one in told if _family(one).startswith(start)] if start else told

    def _is_meant(self, services: Sequence[AppService]) -> bool:
        if self._web:
            return any(one.name == self._web for one in services)
        return self._chosen is None or any(one.is_called(self._chosen) for one in services)

    def _service(self, told: Mapping[str, Any]) -> AppService:
        found = self.client("ecs").describe_task_definition(taskDefinition=told["taskDefinition"])
        return AppService(self.cluster, told, found["taskDefinition"])


def cluster_services(ecs: Any, cluster: str) -> Iterator[Mapping[str, Any]]:
    """What DescribeServices tells of every service of a cluster that is not being deleted."""
    pages = ecs.get_paginator("list_services").paginate(cluster=cluster)
    arns = [arn for page in pages for arn in page["serviceArns"]]
    for start in range(0, len(arns), _AT_ONCE):
        found = ecs.describe_services(cluster=cluster, services=arns[start : start + _AT_ONCE])["services"]
        yield from (service for service in found if service["status"] == "ACTIVE")


def all_services(ecs: Any) -> list[Mapping[str, Any]]:
    """Those of every cluster."""
    return [service for cluster in ecs.list_clusters()["clusterArns"] for service in cluster_services(ecs, cluster)]


def app_container(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """The container with the app: the first essential one."""
    return next(one for one in definition["containerDefinitions"] if one.get("essential", True))


def short_name(task_definition: str) -> str:
    """`family:revision` of a task definition's ARN."""
    return task_definition.rsplit("/", 1)[-1]


def _family(told: Mapping[str, Any]) -> str:
    return short_name(told["taskDefinition"]).partition(":")[0]


def _by_app(services: Sequence[AppService]) -> Sequence[Sequence[AppService]]:
    """An app's services have one role and images of one repository."""
    apps: dict[tuple[str, str], list[AppService]] = {}
    for one in services:
        key = (str(one.definition.get("taskRoleArn", one.name)), one.image.partition("@")[0])
        apps.setdefault(key, []).append(one)
    return list(apps.values())


def _names(services: Sequence[AppService]) -> str:
    return ", ".join(sorted({one.role for one in services}))

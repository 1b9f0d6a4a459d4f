"""The environment of the app's running task, as commands on this machine use it."""

from collections.abc import Mapping
from typing import Any

from ...local_project.project import LocalAws, local_provider_settings
from ...operations.app import App, all_services
from ...operations.errors import OperationError
from ...operations.task_environment import on_local_aws, plain_variables, process_port, references, secret_values
from ...shared.failure import fail
from .command_line import command_line


def app_environment(local_aws: LocalAws) -> dict[str, str]:
    """The environment of the web service's tasks, with the paths of this machine and the port of a running process."""
    settings, service = local_provider_settings(local_aws), _web_service(local_aws)
    if service is None:
        fail(f"The stack has no web service; deploy it with: {command_line('up')}")
    container = _container(local_aws, service)
    try:
        secrets = secret_values(App(settings, service["clusterArn"]), references(container))
    except OperationError as error:
        fail(str(error))
    port = process_port(settings.client("elbv2"), service) if local_aws.runtime == "process" else None
    return on_local_aws(local_aws, {**plain_variables(container), **secrets}, port)


def web_container(local_aws: LocalAws) -> Mapping[str, Any] | None:
    """The definition of the web service's container; None for a stack without one."""
    service = _web_service(local_aws)
    return _container(local_aws, service) if service else None


def _web_service(local_aws: LocalAws) -> Mapping[str, Any] | None:
    services = all_services(local_provider_settings(local_aws).client("ecs"))
    return next((service for service in services if service["loadBalancers"]), None)


def _container(local_aws: LocalAws, service: Mapping[str, Any]) -> Mapping[str, Any]:
    ecs = local_provider_settings(local_aws).client("ecs")
    task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    return next(container for container in task["containerDefinitions"] if container.get("portMappings"))

"""The environment of the app's running task, as commands on this machine use it."""

import shlex
from collections.abc import Mapping
from typing import Any

from flask_on_aws.runtime_contract.contract import CA_PATH, with_port

from ...local_project.project import LocalAws, local_provider_settings
from ...operations.app import all_services
from ...shared.failure import fail
from ...shared.trusted_certificates import VARIABLE, trusted_file, uses_cache
from ...task_model.container_paths import localize_paths
from ...task_model.runtime import CannotStart
from ..ecs.tasks.secret_references import SecretReader
from .command_line import command_line


def app_environment(local_aws: LocalAws) -> dict[str, str]:
    """The environment of the web service's tasks, with the paths of this machine and the port of a running process."""
    settings, service = local_provider_settings(local_aws), _web_service(local_aws)
    if service is None:
        fail(f"The stack has no web service; deploy it with: {command_line('up')}")
    container = _container(local_aws, service)
    variables = plain_variables(container)
    # Whoever may start the local AWS may read everything in it.
    reader = SecretReader(
        settings.client("secretsmanager"),
        settings.client("ssm"),
        local_aws.location.region,
        lambda role, action, resource: True,
    )
    references = {secret["name"]: secret["valueFrom"] for secret in container.get("secrets", ())}
    try:
        variables |= reader.fetch(references, role="")
    except CannotStart as error:
        fail(str(error))
    if uses_cache(variables):
        variables[VARIABLE] = str(trusted_file(local_aws.location.certificate))
    port = _process_port(settings.client("elbv2"), service) if local_aws.runtime == "process" else None
    files = {CA_PATH: str(local_aws.location.certificate)}
    return {
        name: localize_paths(value, files)
        for name, value in (with_port(variables, port) if port else variables).items()
    }


def web_container(local_aws: LocalAws) -> Mapping[str, Any] | None:
    """The definition of the web service's container; None for a stack without one."""
    service = _web_service(local_aws)
    return _container(local_aws, service) if service else None


def plain_variables(container: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a container's definition that are not secrets."""
    return {pair["name"]: pair["value"] for pair in container.get("environment", ())}


def _web_service(local_aws: LocalAws) -> Mapping[str, Any] | None:
    services = all_services(local_provider_settings(local_aws).client("ecs"))
    return next((service for service in services if service["loadBalancers"]), None)


def _container(local_aws: LocalAws, service: Mapping[str, Any]) -> Mapping[str, Any]:
    ecs = local_provider_settings(local_aws).client("ecs")
    task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    return next(container for container in task["containerDefinitions"] if container.get("portMappings"))


def _process_port(elbv2: Any, service: Mapping[str, Any]) -> int | None:
    """The port of a task that runs as a process, which is not that of its task definition; None if none is running."""
    group = service["loadBalancers"][0]["targetGroupArn"]
    targets: list[dict[str, Any]] = elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    serving = [target for target in targets if target["TargetHealth"]["State"] not in ("draining", "unused")]
    return int(serving[0]["Target"]["Port"]) if serving else None


def export_commands(variables: Mapping[str, str]) -> str:
    """Commands that set variables in any POSIX shell, for `eval`: a pure function."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items()))

"""The environment of the app's running task, as commands on this machine use it."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from flask_on_aws.runtime_contract.contract import CA_PATH, with_port

from ...local_project.project import LocalAws, local_provider_settings
from ...operations.app import all_services
from ...shared.stack_options import fail
from ...shared.trusted_certificates import VARIABLE, trusted_file, uses_cache
from ...task_model.container_paths import localize_paths
from .command_line import command_line


def app_environment(local_aws: LocalAws) -> dict[str, str]:
    """The environment of the web service's tasks, with the paths of this machine and the port of a running process."""
    settings = local_provider_settings(local_aws)
    ecs, secrets = settings.client("ecs"), settings.client("secretsmanager")
    services = [service for service in all_services(ecs) if service["loadBalancers"]]
    if not services:
        fail(f"The stack has no web service; deploy it with: {command_line('up')}")
    task = ecs.describe_task_definition(taskDefinition=services[0]["taskDefinition"])["taskDefinition"]
    container = next(container for container in task["containerDefinitions"] if container.get("portMappings"))
    variables = {pair["name"]: pair["value"] for pair in container["environment"]}
    for secret in container["secrets"]:
        arn, key = secret["valueFrom"].rsplit(":", 3)[:2]
        text = secrets.get_secret_value(SecretId=arn)["SecretString"]
        variables[secret["name"]] = json.loads(text)[key]
    if uses_cache(variables):
        variables[VARIABLE] = str(trusted_file(local_aws.location.certificate))
    port = _process_port(settings.client("elbv2"), services[0]) if local_aws.runtime == "process" else None
    files = {CA_PATH: str(local_aws.location.certificate)}
    return {
        name: localize_paths(value, files)
        for name, value in (with_port(variables, port) if port else variables).items()
    }


def _process_port(elbv2: Any, service: Mapping[str, Any]) -> int | None:
    """The port of a task that runs as a process, which is not that of its task definition; None if none is running."""
    group = service["loadBalancers"][0]["targetGroupArn"]
    targets: list[dict[str, Any]] = elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    serving = [target for target in targets if target["TargetHealth"]["State"] not in ("draining", "unused")]
    return int(serving[0]["Target"]["Port"]) if serving else None


def export_commands(variables: Mapping[str, str]) -> str:
    """Commands that set variables in any POSIX shell, for `eval`: a pure function."""
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items()))

"""The environment of a service's tasks, as programs on this machine can use it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from flask_on_aws.image.dockerfile import CA_FILE, CA_FOLDER
from flask_on_aws.runtime_contract.contract import CA_PATH, with_port

from ..local_project.project import LocalAws
from ..shared.trusted_certificates import VARIABLE, trusted_file, uses_cache
from ..sqlserver_server.trust import write_trust
from ..task_model.container_paths import localize_paths
from ..task_model.secret_reference import Reference, find_parameter, secret_reference
from .app import App
from .errors import OperationError, error_code


def app_variables(app: App, container: Mapping[str, Any], *, with_secrets: bool = True) -> dict[str, str]:
    """The environment of the selected service's tasks, as programs on this machine can use it.

    Args:
        app: the app.
        container: the definition of the service's container that runs.
        with_secrets: whether to read the secrets; without them, their variables are left out. Default: true.

    Raises:
        OperationError: if a secret does not exist.
    """
    variables = plain_variables(container)
    if with_secrets:
        variables |= secret_values(app, references(container))
    if app.local_aws is None:
        return _on_this_machine(variables)
    runs_processes = app.local_aws.runtime == "process"
    port = process_port(app.client("elbv2"), app.selected_service.description) if runs_processes else None
    return on_local_aws(app.local_aws, variables, port)


def plain_variables(container: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a container's definition that are not secrets."""
    return {pair["name"]: pair["value"] for pair in container.get("environment", ())}


def references(container: Mapping[str, Any]) -> dict[str, str]:
    """The secret variables of a container's definition → where ECS reads them (`valueFrom`)."""
    return {secret["name"]: secret["valueFrom"] for secret in container.get("secrets", ())}


def secret_values(app: App, variables: Mapping[str, str]) -> dict[str, str]:
    """The values of secret variables. Each secret is read once, although many variables may take a key of it.

    Raises:
        OperationError: if a secret, a parameter or a JSON key does not exist.
        botocore.exceptions.ClientError: for any other error of AWS, such as a missing permission.
    """
    answers: dict[Reference, Mapping[str, Any]] = {}
    values: dict[str, str] = {}
    for name, value_from in variables.items():
        reference = secret_reference(value_from)
        if reference is None:
            values[name] = _parameter(app, name, value_from)
            continue
        version = reference._replace(key="")
        try:
            if version not in answers:
                answers[version] = _secret(app, version)
            values[name] = reference.value(answers[version])
        except (ValueError, LookupError) as error:
            raise OperationError(
                f"{name}: {reference.secret} cannot be used: {error}. The next task could not start either; restore "
                "the secret, or change the stack's settings and deploy it."
            ) from error
    return values


def _secret(app: App, reference: Reference) -> Mapping[str, Any]:
    try:
        return app.client("secretsmanager", region_of(reference.secret)).get_secret_value(**reference.request)
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        raise LookupError("it does not exist, or is scheduled for deletion") from error


def _parameter(app: App, name: str, value_from: str) -> str:
    found = find_parameter(app.client("ssm", region_of(value_from)), value_from, decrypt=True)
    if found is None:
        raise OperationError(
            f"{name}: Parameter Store has no parameter {value_from}, and the next task could not start either; create "
            "it, or change the stack's setting `secrets` and deploy it."
        )
    return found["Value"]


def region_of(value_from: str) -> str:
    """The region of an ARN; empty for the name of a parameter, which is in the app's region."""
    return value_from.split(":")[3] if value_from.startswith("arn:") else ""


def _on_this_machine(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables of a task on AWS with this machine's file of RDS's root certificates, which the library contains."""
    return {name: localize_paths(value, {CA_PATH: str(CA_FOLDER / CA_FILE)}) for name, value in variables.items()}


def on_local_aws(local_aws: LocalAws, variables: Mapping[str, str], port: int | None) -> dict[str, str]:
    """Variables of a task on the local AWS, with the paths of this machine.

    Args:
        local_aws: the local AWS.
        variables: the variables, as they are in the task definition.
        port: the port of a task that runs as a process, which is not that of its task definition; None to keep that.
    """
    result = dict(variables)
    if uses_cache(result):
        result[VARIABLE] = str(trusted_file(local_aws.location.certificate))
    files = {CA_PATH: str(local_aws.location.certificate)}
    if "MSSQL_HOST" in result:
        trusted = write_trust(local_aws.location.certificate)
        files |= {str(Path(CA_PATH).with_name(name)): str(path) for name, path in trusted.items()}
    result = with_port(result, port) if port else result
    return {name: localize_paths(value, files) for name, value in result.items()}


def process_port(elbv2: Any, service: Mapping[str, Any]) -> int | None:
    """The port of a service's task that runs as a process; None if the service has no target that serves."""
    if not service.get("loadBalancers"):
        return None
    group = service["loadBalancers"][0]["targetGroupArn"]
    targets: list[dict[str, Any]] = elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    serving = [target for target in targets if target["TargetHealth"]["State"] not in ("draining", "unused")]
    return int(serving[0]["Target"]["Port"]) if serving else None

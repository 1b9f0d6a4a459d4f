"""Reads the secrets and parameters of a task definition's `secrets`, with the error messages of ECS's agent.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from botocore.exceptions import ClientError

from ....local_project.location import ACCOUNT_ID
from ....task_model.runtime import CannotStart
from ....task_model.secret_reference import Reference, find_parameter, parameter_name, secret_reference

_PULL = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
_RETRIED = "service call has been retried 1 time(s): "


class SecretReader:
    """Reads secrets from the API with the permissions of an execution role."""

    def __init__(self, secrets_manager: Any, ssm: Any, region: str, permits: Callable[[str, str, str], bool]) -> None:
        self._parameters = f"arn:aws:ssm:{region}:{ACCOUNT_ID}:parameter/"
        self._secrets_manager = secrets_manager
        self._ssm = ssm
        self._permits = permits

    def fetch(self, references: Mapping[str, str], role: str | None) -> dict[str, str]:
        """The value of each environment variable.

        Args:
            references: variable → `valueFrom`.
            role: ARN of the execution role.

        Raises:
            CannotStart: if one of them cannot be read.
        """
        return {name: self._value(value_from, role) for name, value_from in references.items()}

    def _value(self, value_from: str, role: str | None) -> str:
        reference = secret_reference(value_from)
        return self._secret(reference, role) if reference else self._parameter(value_from, role)

    def _secret(self, reference: Reference, role: str | None) -> str:
        failure = f"{_PULL}unable to retrieve secret from asm: {_RETRIED}"
        secret_failure = f"{failure}failed to fetch secret {reference.secret} from secrets manager: "
        self._check(role, "secretsmanager:GetSecretValue", reference.secret, secret_failure)
        try:
            response = self._secrets_manager.get_secret_value(**reference.request)
        except ClientError as error:
            raise CannotStart(f"{secret_failure}{_message(error)}") from error
        try:
            return reference.value(response)
        except ValueError as error:
            raise CannotStart(
                f"{failure}retrieved secret from Secrets Manager did not contain json key {reference.key}"
            ) from error

    def _parameter(self, name: str, role: str | None) -> str:
        failure = f"{_PULL}unable to retrieve secrets from ssm: {_RETRIED}"
        arn = name if name.startswith("arn:") else self._parameters + name.lstrip("/")
        self._check(role, "ssm:GetParameters", arn, failure)
        try:
            parameter = find_parameter(self._ssm, name, decrypt=True)
        except ClientError as error:
            raise CannotStart(f"{failure}{_message(error)}") from error
        if parameter is None:
            raise CannotStart(f"{failure}invalid parameters: {parameter_name(name)}")
        return parameter["Value"]

    def _check(self, role: str | None, action: str, resource: str, failure: str) -> None:
        if role is None:
            raise CannotStart(f"{failure}the task definition has no execution role to fetch {resource} with.")
        if not self._permits(role, action, resource):
            user = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
            raise CannotStart(
                f"{failure}AccessDeniedException: User: {user} is not authorized to perform: {action} on resource: "
                f"{resource} because no identity-based policy allows the {action} action"
            )


def _message(client_error: ClientError) -> str:
    error = cast(Mapping[str, Any], cast(Any, client_error).response["Error"])
    return f"{error.get('Code')}: {error.get('Message')}"

"""Reads the secrets and parameters of a task definition's `secrets`, with the error messages of ECS's agent.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from botocore.exceptions import ClientError

from ....local_project.location import ACCOUNT_ID
from ....task_model.runtime import CannotStart

_PULL = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
_RETRIED = "service call has been retried 1 time(s): "


class Reference(NamedTuple):
    """A secret in Secrets Manager, and optionally a JSON key and a version of it."""

    secret: str
    key: str = ""
    stage: str = ""
    version: str = ""


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
        request = {"SecretId": reference.secret, "VersionStage": reference.stage, "VersionId": reference.version}
        try:
            response = self._secrets_manager.get_secret_value(
                **{name: value for name, value in request.items() if value}
            )
        except ClientError as error:
            raise CannotStart(f"{secret_failure}{_message(error)}") from error
        value = response.get("SecretString") or response["SecretBinary"].decode()
        return _json_value(value, reference, failure) if reference.key else value

    def _parameter(self, name: str, role: str | None) -> str:
        failure = f"{_PULL}unable to retrieve secrets from ssm: {_RETRIED}"
        arn = name if name.startswith("arn:") else self._parameters + name.lstrip("/")
        self._check(role, "ssm:GetParameters", arn, failure)
        short_name = name.split(":parameter", 1)[-1] if name.startswith("arn:") else name
        try:
            parameters = self._read_parameters(short_name)
            # The ARN of a parameter without a path has a slash that its name does not have.
            parameters = parameters or self._read_parameters(short_name.lstrip("/"))
        except ClientError as error:
            raise CannotStart(f"{failure}{_message(error)}") from error
        if not parameters:
            raise CannotStart(f"{failure}invalid parameters: {short_name}")
        return parameters[0]["Value"]

    def _read_parameters(self, name: str) -> list[dict[str, str]]:
        return self._ssm.get_parameters(Names=[name], WithDecryption=True)["Parameters"]

    def _check(self, role: str | None, action: str, resource: str, failure: str) -> None:
        if role is None:
            raise CannotStart(f"{failure}the task definition has no execution role to fetch {resource} with.")
        if not self._permits(role, action, resource):
            user = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
            raise CannotStart(
                f"{failure}AccessDeniedException: User: {user} is not authorized to perform: {action} on resource: "
                f"{resource} because no identity-based policy allows the {action} action"
            )


def secret_reference(value_from: str) -> Reference | None:
    """The parts of `arn:…:secret:name:json-key:version-stage:version-id`; None if it is not a secret's ARN."""
    parts = value_from.split(":")
    if len(parts) < 7 or parts[2] != "secretsmanager":
        return None
    return Reference(":".join(parts[:7]), *[*parts[7:], "", "", ""][:3])


def _json_value(secret: str, reference: Reference, failure: str) -> str:
    try:
        value = json.loads(secret)[reference.key]
    except (ValueError, KeyError, TypeError) as error:
        raise CannotStart(
            f"{failure}retrieved secret from Secrets Manager did not contain json key {reference.key}"
        ) from error
    return value if isinstance(value, str) else json.dumps(value)


def _message(client_error: ClientError) -> str:
    error = cast(Mapping[str, Any], cast(Any, client_error).response["Error"])
    return f"{error.get('Code')}: {error.get('Message')}"

"""What a task definition's `secrets` refer to, fetched as ECS's agent does, with its words when that fails.

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
    """A secret of Secrets Manager, and what of it."""

    secret: str
    key: str = ""
    stage: str = ""
    version: str = ""


class Secrets:
    """Fetches secrets from the API with an execution role's rights."""

    def __init__(self, secrets_manager: Any, ssm: Any, region: str, permits: Callable[[str, str, str], bool]) -> None:
        self._parameters = f"arn:aws:ssm:{region}:{ACCOUNT_ID}:parameter/"
        self._secrets_manager = secrets_manager
        self._ssm = ssm
        self._permits = permits

    def fetch(self, wanted: Mapping[str, str], role: str | None) -> dict[str, str]:
        """Variable → value of each reference; raises `CannotStart`."""
        return {name: self._one(reference, role) for name, reference in wanted.items()}

    def _one(self, value_from: str, role: str | None) -> str:
        reference = secret_reference(value_from)
        return self._secret(reference, role) if reference else self._parameter(value_from, role)

    def _secret(self, reference: Reference, role: str | None) -> str:
        failed = f"{_PULL}unable to retrieve secret from asm: {_RETRIED}"
        where = f"failed to fetch secret {reference.secret} from secrets manager: "
        self._check(role, "secretsmanager:GetSecretValue", reference.secret, failed + where)
        asked = {"SecretId": reference.secret, "VersionStage": reference.stage, "VersionId": reference.version}
        try:
            answer = self._secrets_manager.get_secret_value(**{name: value for name, value in asked.items() if value})
        except ClientError as refusal:
            raise CannotStart(f"{failed}{where}{_words(refusal)}") from refusal
        value = answer.get("SecretString") or answer["SecretBinary"].decode()
        return _part(value, reference, failed) if reference.key else value

    def _parameter(self, name: str, role: str | None) -> str:
        failed = f"{_PULL}unable to retrieve secrets from ssm: {_RETRIED}"
        arn = name if name.startswith("arn:") else self._parameters + name.lstrip("/")
        self._check(role, "ssm:GetParameters", arn, failed)
        short = name.split(":parameter", 1)[-1] if name.startswith("arn:") else name
        try:
            found = self._ssm.get_parameters(Names=[short], WithDecryption=True)["Parameters"]
            # The ARN of a parameter without a path has a slash that its name has not.
            found = found or self._ssm.get_parameters(Names=[short.lstrip("/")], WithDecryption=True)["Parameters"]
        except ClientError as refusal:
            raise CannotStart(f"{failed}{_words(refusal)}") from refusal
        if not found:
            raise CannotStart(f"{failed}invalid parameters: {short}")
        return found[0]["Value"]

    def _check(self, role: str | None, action: str, resource: str, failed: str) -> None:
        if role is None:
            raise CannotStart(f"{failed}the task definition has no execution role to fetch {resource} with.")
        if not self._permits(role, action, resource):
            who = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
            raise CannotStart(
                f"{failed}AccessDeniedException: User: {who} is not authorized to perform: {action} on resource: "
                f"{resource} because no identity-based policy allows the {action} action"
            )


def secret_reference(value_from: str) -> Reference | None:
    """The parts of `arn:…:secret:name:json-key:version-stage:version-id`; None for what is no secret's ARN."""
    parts = value_from.split(":")
    if len(parts) < 7 or parts[2] != "secretsmanager":
        return None
    return Reference(":".join(parts[:7]), *[*parts[7:], "", "", ""][:3])


def _part(value: str, reference: Reference, failed: str) -> str:
    try:
        found = json.loads(value)[reference.key]
    except (ValueError, KeyError, TypeError) as missing:
        raise CannotStart(
            f"{failed}retrieved secret from Secrets Manager did not contain json key {reference.key}"
        ) from missing
    return found if isinstance(found, str) else json.dumps(found)


def _words(refusal: ClientError) -> str:
    error = cast(Mapping[str, Any], cast(Any, refusal).response["Error"])
    return f"{error.get('Code')}: {error.get('Message')}"

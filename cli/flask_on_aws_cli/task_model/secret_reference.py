"""The `valueFrom` of a task definition's secrets, and the value that it takes from a secret's text.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple


class Reference(NamedTuple):
    """A secret in Secrets Manager, and optionally a JSON key and a version of it."""

    secret: str
    key: str = ""
    stage: str = ""
    version: str = ""

    @property
    def request(self) -> dict[str, str]:
        """The arguments of GetSecretValue."""
        arguments = {"SecretId": self.secret, "VersionStage": self.stage, "VersionId": self.version}
        return {name: value for name, value in arguments.items() if value}

    def value(self, answer: Mapping[str, Any]) -> str:
        """The value that a variable gets from the secret, as GetSecretValue returns it.

        Raises:
            ValueError: if the secret has no such JSON key.
        """
        text = answer.get("SecretString") or answer["SecretBinary"].decode()
        if not self.key:
            return text
        try:
            value = json.loads(text)[self.key]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"there is no JSON key {self.key}") from error
        return value if isinstance(value, str) else json.dumps(value)


def secret_reference(value_from: str) -> Reference | None:
    """The parts of `arn:…:secret:name:json-key:version-stage:version-id`; None if it is not a secret's ARN."""
    parts = value_from.split(":")
    if len(parts) < 7 or parts[2] != "secretsmanager":
        return None
    return Reference(":".join(parts[:7]), *[*parts[7:], "", "", ""][:3])


def parameter_name(value_from: str) -> str:
    """The name of a parameter; an ARN gives one without a path a slash that it may not have."""
    return value_from.partition(":parameter")[2] if value_from.startswith("arn:") else value_from


def find_parameter(ssm: Any, value_from: str, *, decrypt: bool) -> Mapping[str, Any] | None:
    """A parameter by its name or ARN, as GetParameters returns it; None if there is none."""
    name = parameter_name(value_from)
    names = dict.fromkeys([name, name.lstrip("/")] if value_from.startswith("arn:") else [name])
    for candidate in names:
        found = ssm.get_parameters(Names=[candidate], WithDecryption=decrypt)["Parameters"]
        if found:
            return found[0]
    return None

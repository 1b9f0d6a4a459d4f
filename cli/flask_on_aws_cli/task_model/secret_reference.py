"""The `valueFrom` of a task definition's secrets, and the value that it takes from a secret's text.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
"""

import json
from typing import NamedTuple


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

    def value(self, text: str) -> str:
        """The value that a variable gets from the secret's text.

        Raises:
            ValueError: if the text has no such JSON key.
        """
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


def parameter_names(value_from: str) -> list[str]:
    """The names that a parameter can have: the ARN of one without a path has a slash that its name does not have."""
    if not value_from.startswith("arn:"):
        return [value_from]
    name = value_from.partition(":parameter/")[2]
    return [f"/{name}"] if "/" in name else [name, f"/{name}"]

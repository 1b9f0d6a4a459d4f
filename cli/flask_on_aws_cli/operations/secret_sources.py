"""Where the secret variables of a task come from, and when their values changed; no value leaves this module."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from ..task_model.secret_reference import Reference, find_parameter, secret_reference
from .app import App
from .errors import OperationError, error_code
from .task_environment import region_of

_GONE = ("ResourceNotFoundException", "ParameterNotFound")


class Source(NamedTuple):
    """Where the value of a secret variable comes from."""

    name: str
    """Name of the variable."""
    store: str
    """`secret` in Secrets Manager, or `parameter` in Parameter Store."""
    stored_as: str
    """Name of the secret or parameter."""
    key: str
    """Key of the JSON secret; empty for its whole text, and for a parameter."""
    changed: datetime | None
    """When the secret, with all its keys, or the parameter last changed; None if it does not exist."""


class Change(NamedTuple):
    """A change of one value."""

    time: datetime
    version: str
    """Id of the secret's version, or the number of the parameter's."""
    kind: str
    """`set`, `changed` or `removed`."""
    by: str
    """ARN of who changed a parameter; empty for a secret, of which only CloudTrail knows it."""


def sources(app: App, references: Mapping[str, str]) -> Iterator[Source]:
    """The source of each secret variable, in the order of names.

    Args:
        app: the app.
        references: variable → `valueFrom` of the task definition.
    """
    described: dict[str, tuple[str, datetime | None]] = {}
    for name, value_from in sorted(references.items()):
        reference = secret_reference(value_from)
        source = reference.secret if reference else value_from
        if source not in described:
            described[source] = _describe_secret(app, source) if reference else _describe_parameter(app, source)
        stored_as, changed = described[source]
        key = reference.key if reference else ""
        yield Source(name, "secret" if reference else "parameter", stored_as, key, changed)


def changes(app: App, name: str, value_from: str) -> Sequence[Change]:
    """The changes of a variable's value, newest first, as far back as AWS keeps versions: a hundred of each.

    Raises:
        OperationError: if the secret or the parameter does not exist.
    """
    reference = secret_reference(value_from)
    versions = _secret_versions(app, reference) if reference else _parameter_versions(app, value_from)
    found: list[Change] = []
    before: str | None = None
    try:
        for time, version, value, by in versions:
            if value != before:
                kind = "removed" if value is None else "set" if before is None else "changed"
                found.append(Change(time, version, kind, by))
            before = value
    except ClientError as error:
        if error_code(error) not in _GONE:
            raise
        raise OperationError(f"{name}: {value_from} does not exist, or is scheduled for deletion.") from error
    return found[::-1]


def _describe_secret(app: App, arn: str) -> tuple[str, datetime | None]:
    try:
        answer = app.client("secretsmanager", region_of(arn)).describe_secret(SecretId=arn)
    except ClientError as error:
        if error_code(error) not in _GONE:
            raise
        return arn.split(":")[6], None
    return answer["Name"], answer.get("LastChangedDate") or answer.get("CreatedDate")


def _describe_parameter(app: App, value_from: str) -> tuple[str, datetime | None]:
    found = find_parameter(app.client("ssm", region_of(value_from)), value_from, decrypt=False)
    return (found["Name"], found["LastModifiedDate"]) if found else (value_from, None)


_Version = tuple[datetime, str, str | None, str]


def _secret_versions(app: App, reference: Reference) -> Iterator[_Version]:
    """Each version of a secret, oldest first, with the value that the variable gets from it."""
    client = app.client("secretsmanager", region_of(reference.secret))
    versions: list[dict[str, Any]] = []
    request = {"SecretId": reference.secret, "IncludeDeprecated": True}
    while True:
        answer = client.list_secret_version_ids(**request)
        versions += answer["Versions"]
        if not answer.get("NextToken"):
            break
        request["NextToken"] = answer["NextToken"]
    for version in sorted(versions, key=lambda version: version["CreatedDate"]):
        answer = client.get_secret_value(SecretId=reference.secret, VersionId=version["VersionId"])
        try:
            value = reference.value(answer)
        except ValueError:
            value = None
        yield version["CreatedDate"], version["VersionId"], value, ""


def _parameter_versions(app: App, value_from: str) -> Iterator[_Version]:
    client = app.client("ssm", region_of(value_from))
    found = find_parameter(client, value_from, decrypt=False)
    name = found["Name"] if found else value_from
    for page in client.get_paginator("get_parameter_history").paginate(Name=name, WithDecryption=True):
        for version in page["Parameters"]:
            by = version.get("LastModifiedUser", "")
            yield version["LastModifiedDate"], str(version["Version"]), version["Value"], by

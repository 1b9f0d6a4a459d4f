"""Secrets Manager: a secret, and its content."""

from collections.abc import Mapping
from typing import Any

from .base import Call, Json, Provider, key_values, present, unless_gone

_GONE = ("ResourceNotFoundException",)
_SEPARATOR = "|"  # between a secret's ARN and its version's id, as the AWS provider writes it


def _client(call: Call) -> Any:
    return call.aws.client("secretsmanager")


def create(call: Call) -> str:
    given = call.inputs
    made = _client(call).create_secret(
        Name=call.name,
        Tags=key_values(call.tags),
        **present(Description=given.get("description"), KmsKeyId=given.get("kmsKeyId")),
    )
    return made["ARN"]


def read(call: Call) -> Json | None:
    found = unless_gone(_GONE, lambda: _client(call).describe_secret(SecretId=call.id))
    if found is None or found.get("DeletedDate"):
        return None
    return {"id": found["ARN"], "arn": found["ARN"], "name": found["Name"]}


def update(call: Call) -> None:
    settings = present(Description=call.inputs.get("description"), KmsKeyId=call.inputs.get("kmsKeyId"))
    _client(call).update_secret(SecretId=call.id, **settings)
    gone = sorted(call.old.get("tagsAll", {}).keys() - call.tags.keys())
    if gone:
        _client(call).untag_resource(SecretId=call.id, TagKeys=gone)
    if call.tags:
        _client(call).tag_resource(SecretId=call.id, Tags=key_values(call.tags))


def delete(call: Call) -> None:
    days = call.inputs.get("recoveryWindowInDays", 30)  # Secrets Manager's own default
    how: dict[str, Any] = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    # One that waits for its deletion is refused as InvalidRequestException.
    unless_gone((*_GONE, "InvalidRequestException"), lambda: _client(call).delete_secret(SecretId=call.id, **how))


def find(call: Call) -> str | None:
    return unless_gone(_GONE, lambda: _client(call).describe_secret(SecretId=call.name)["ARN"])


def put_content(call: Call) -> str:
    secret = call.inputs["secretId"]
    made = _client(call).put_secret_value(SecretId=secret, SecretString=call.inputs["secretString"])
    return f"{made['ARN']}{_SEPARATOR}{made['VersionId']}"


def read_content(call: Call) -> Json | None:
    arn, _, version = call.id.partition(_SEPARATOR)
    found = unless_gone(
        (*_GONE, "InvalidRequestException"), lambda: _client(call).get_secret_value(SecretId=arn, VersionId=version)
    )
    return found and {"id": call.id, "arn": arn, "versionId": version, "versionStages": found["VersionStages"]}


def delete_content(call: Call) -> None:
    """A version that no label points at is Secrets Manager's to remove; the last one goes with its secret."""


PROVIDERS: Mapping[str, Provider] = {
    "aws:secretsmanager/secret:Secret": Provider(
        create=create,
        read=read,
        update=update,
        delete=delete,
        find=find,
        replace_on=frozenset({"name"}),
        tagged=True,
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Provider(put_content, read_content, delete_content),
}

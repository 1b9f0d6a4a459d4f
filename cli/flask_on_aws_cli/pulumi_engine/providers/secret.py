"""Secrets Manager secrets and their versions."""

from collections.abc import Mapping
from typing import Any

from .base import Call, Json, Provider, key_values, none_if_missing, present

_NOT_FOUND = ("ResourceNotFoundException",)
_SEPARATOR = "|"  # between a secret's ARN and its version's id, in the AWS provider's format


def _client(call: Call) -> Any:
    return call.aws.client("secretsmanager")


def create(call: Call) -> str:
    inputs = call.inputs
    response = _client(call).create_secret(
        Name=call.name,
        Tags=key_values(call.tags),
        **present(Description=inputs.get("description"), KmsKeyId=inputs.get("kmsKeyId")),
    )
    return response["ARN"]


def read(call: Call) -> Json | None:
    secret = none_if_missing(_NOT_FOUND, lambda: _client(call).describe_secret(SecretId=call.id))
    if secret is None or secret.get("DeletedDate"):
        return None
    return {"id": secret["ARN"], "arn": secret["ARN"], "name": secret["Name"]}


def update(call: Call) -> None:
    settings = present(Description=call.inputs.get("description"), KmsKeyId=call.inputs.get("kmsKeyId"))
    _client(call).update_secret(SecretId=call.id, **settings)
    if call.removed_tags:
        _client(call).untag_resource(SecretId=call.id, TagKeys=call.removed_tags)
    if call.tags:
        _client(call).tag_resource(SecretId=call.id, Tags=key_values(call.tags))


def delete(call: Call) -> None:
    days = call.inputs.get("recoveryWindowInDays", 30)  # Secrets Manager's default
    recovery: dict[str, Any] = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    # Secrets Manager responds InvalidRequestException for a secret that is already scheduled for deletion.
    codes = (*_NOT_FOUND, "InvalidRequestException")
    none_if_missing(codes, lambda: _client(call).delete_secret(SecretId=call.id, **recovery))


def find(call: Call) -> str | None:
    return none_if_missing(_NOT_FOUND, lambda: _client(call).describe_secret(SecretId=call.name)["ARN"])


def put_content(call: Call) -> str:
    secret = call.inputs["secretId"]
    response = _client(call).put_secret_value(SecretId=secret, SecretString=call.inputs["secretString"])
    return f"{response['ARN']}{_SEPARATOR}{response['VersionId']}"


def read_content(call: Call) -> Json | None:
    arn, _, version = call.id.partition(_SEPARATOR)
    codes = (*_NOT_FOUND, "InvalidRequestException")
    response = none_if_missing(codes, lambda: _client(call).get_secret_value(SecretId=arn, VersionId=version))
    return response and {"id": call.id, "arn": arn, "versionId": version, "versionStages": response["VersionStages"]}


def delete_content(call: Call) -> None:
    """Does nothing: Secrets Manager removes versions without staging labels, and the others with their secret."""


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

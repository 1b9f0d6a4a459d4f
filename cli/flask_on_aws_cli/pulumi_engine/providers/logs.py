"""CloudWatch log groups."""

from collections.abc import Mapping
from typing import Any

from .base import Call, Json, Provider, find_by, name_of, none_if_missing, present

_NOT_FOUND = ("ResourceNotFoundException",)


def _client(call: Call) -> Any:
    return call.aws.client("logs")


def create(call: Call) -> str:
    key = present(kmsKeyId=call.inputs.get("kmsKeyId"))
    _client(call).create_log_group(logGroupName=call.name, tags=call.tags, **key)
    _set_retention(call, call.name)
    return call.name


def _set_retention(call: Call, name: str) -> None:
    days = call.inputs.get("retentionInDays")
    if days:
        _client(call).put_retention_policy(logGroupName=name, retentionInDays=days)
    elif call.old.get("retentionInDays"):
        _client(call).delete_retention_policy(logGroupName=name)


def _set_key(call: Call) -> None:
    key = call.inputs.get("kmsKeyId")
    if key:
        _client(call).associate_kms_key(logGroupName=call.id, kmsKeyId=key)
    else:
        _client(call).disassociate_kms_key(logGroupName=call.id)


def read(call: Call) -> Json | None:
    groups = _client(call).describe_log_groups(logGroupNamePrefix=call.id)["logGroups"]
    matching = [group for group in groups if group["logGroupName"] == call.id]
    # The API's ARN ends in ":*", for the log streams; the AWS provider's ARN is that of the group itself.
    return {"id": call.id, "name": call.id, "arn": matching[0]["arn"].removesuffix(":*")} if matching else None


def update(call: Call) -> None:
    if call.changed("kmsKeyId"):
        _set_key(call)
    _set_retention(call, call.id)
    arn = call.aws.arn("logs", f"log-group:{call.id}")
    if call.removed_tags:
        _client(call).untag_resource(resourceArn=arn, tagKeys=call.removed_tags)
    if call.tags:
        _client(call).tag_resource(resourceArn=arn, tags=call.tags)


def delete(call: Call) -> None:
    none_if_missing(_NOT_FOUND, lambda: _client(call).delete_log_group(logGroupName=call.id))


PROVIDERS: Mapping[str, Provider] = {
    "aws:cloudwatch/logGroup:LogGroup": Provider(
        create=create,
        read=read,
        update=update,
        delete=delete,
        find=find_by(name_of, read),
        replace_on=frozenset({"name", "logGroupClass"}),
        tagged=True,
    )
}

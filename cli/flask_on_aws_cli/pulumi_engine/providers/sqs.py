"""SQS: queues and their policies."""

from collections.abc import Mapping
from typing import Any

from .base import Call, Json, Provider, none_if_missing, update_with

_NOT_FOUND = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
# The provider's names of a queue's attributes.
_ATTRIBUTES = {
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "kmsMasterKeyId": "KmsMasterKeyId",
}


def _client(call: Call) -> Any:
    return call.aws.client("sqs")


def _attributes(inputs: Json) -> dict[str, str]:
    return {
        theirs: str(inputs[ours]).lower() if isinstance(inputs[ours], bool) else str(inputs[ours])
        for ours, theirs in _ATTRIBUTES.items()
        if inputs.get(ours) is not None
    }


def create(call: Call) -> str:
    return _client(call).create_queue(QueueName=call.name, Attributes=_attributes(call.inputs), tags=call.tags)[
        "QueueUrl"
    ]


def read(call: Call) -> Json | None:
    answer: Any = none_if_missing(
        _NOT_FOUND, lambda: _client(call).get_queue_attributes(QueueUrl=call.id, AttributeNames=["QueueArn"])
    )
    if answer is None:
        return None
    return {"id": call.id, "url": call.id, "arn": answer["Attributes"]["QueueArn"], "name": call.id.rpartition("/")[2]}


def update(call: Call) -> None:
    # An attribute that is no longer given gets its default by the empty text.
    removed = dict.fromkeys(_attributes(call.old).keys() - _attributes(call.inputs).keys(), "")
    _client(call).set_queue_attributes(QueueUrl=call.id, Attributes={**removed, **_attributes(call.inputs)})
    if call.removed_tags:
        _client(call).untag_queue(QueueUrl=call.id, TagKeys=call.removed_tags)
    if call.tags:
        _client(call).tag_queue(QueueUrl=call.id, Tags=call.tags)


def delete(call: Call) -> None:
    none_if_missing(_NOT_FOUND, lambda: _client(call).delete_queue(QueueUrl=call.id))


def find(call: Call) -> str | None:
    return none_if_missing(_NOT_FOUND, lambda: _client(call).get_queue_url(QueueName=call.name)["QueueUrl"])


def put_policy(call: Call) -> str:
    url = call.inputs["queueUrl"]
    _set_policy(call, url, call.inputs["policy"])
    return url


def read_policy(call: Call) -> Json | None:
    answer: Any = none_if_missing(
        _NOT_FOUND, lambda: _client(call).get_queue_attributes(QueueUrl=call.id, AttributeNames=["Policy"])
    )
    return {"id": call.id} if answer and answer.get("Attributes", {}).get("Policy") else None


def delete_policy(call: Call) -> None:
    none_if_missing(_NOT_FOUND, lambda: _set_policy(call, call.id, ""))


def _set_policy(call: Call, url: str, policy: str) -> None:
    _client(call).set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


PROVIDERS: Mapping[str, Provider] = {
    "aws:sqs/queue:Queue": Provider(
        create=create,
        read=read,
        update=update,
        delete=delete,
        find=find,
        replace_on=frozenset({"name", "fifoQueue"}),
        tagged=True,
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Provider(
        create=put_policy,
        read=read_policy,
        update=update_with(put_policy),
        delete=delete_policy,
        replace_on=frozenset({"queueUrl"}),
    ),
}

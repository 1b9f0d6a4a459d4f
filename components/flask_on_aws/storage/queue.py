"""An SQS queue for background jobs, with a queue for those that failed: private, encrypted, TLS only."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..grants import grant
from ..iam import deny_without_tls, policy_json, use_queue_key
from ..validation.argument_types import typed
from ..validation.problems import Problem, raise_problems
from ..validation.references import kms_key_problems
from ..validation.values import range_problems


class QueueArgs(TypedDict, total=False):
    visibility_timeout: int
    """Seconds for which a message is hidden from other workers once a worker has received it, from 0 to 43200. If a job takes longer, it runs twice. Default: 300."""
    retention_days: int
    """Days for which a message waits for a worker, from 1 to 14. Default: 4."""
    max_receives: int
    """How often a message is received without being deleted before it moves to the dead-letter queue, from 1 to 1000. Default: 5."""
    kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts messages. Default: SQS's own key."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: QueueArgs = {
    # Well above the seconds that a web app's jobs take; a job whose worker died waits as long for another one.
    "visibility_timeout": 300,
    "retention_days": 4,  # SQS's own default
    # What AWS asks for at least, so that a throttled or restarted worker sends no good message away:
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    "max_receives": 5,
}
_DAY = 24 * 60 * 60
# The longest that SQS keeps a message. It counts from when the message was first sent, also in the dead-letter queue, so
# that must keep it longer than the first queue:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
_LONGEST_RETENTION_DAYS = 14
# The longest poll: an empty queue is asked, and billed, three times a minute for each worker instead of all the time.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
_WAIT_SECONDS = 20


@typed(QueueArgs)
def problems(args: QueueArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
    yield from range_problems("visibility_timeout", args["visibility_timeout"], 0, 43200, "seconds")
    yield from range_problems("retention_days", args["retention_days"], 1, _LONGEST_RETENTION_DAYS, "days")
    yield from range_problems("max_receives", args["max_receives"], 1, 1000)
    yield from kms_key_problems("kms_key_id", args.get("kms_key_id"))


class Queue(Component):
    """An SQS queue whose messages are delivered at least once, and a dead-letter queue for those that no worker finishes.

    Messages in both are lost when the queue is removed from the program.
    """

    queue_url: pulumi.Output[str]
    """URL of the queue, by which the API addresses it."""
    queue_arn: pulumi.Output[str]
    """ARN of the queue."""
    queue_name: pulumi.Output[str]
    """Name of the queue, the dimension of its metrics."""
    dead_letter_queue_url: pulumi.Output[str]
    """URL of the dead-letter queue."""
    dead_letter_queue_arn: pulumi.Output[str]
    """ARN of the dead-letter queue."""
    dead_letter_queue_name: pulumi.Output[str]
    """Name of the dead-letter queue."""
    policy_json: pulumi.Output[str]
    """IAM policy that lets a task role send, receive and delete the queue's messages, with its key, and nothing else."""

    def __init__(self, name: str, args: QueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        self._args = with_defaults(args, _DEFAULTS)
        super().__init__(name, opts)
        failed = self._create(f"{name}-failed", message_retention_seconds=_LONGEST_RETENTION_DAYS * _DAY)
        queue = self._create(
            name,
            message_retention_seconds=self._args["retention_days"] * _DAY,
            visibility_timeout_seconds=self._args["visibility_timeout"],
            redrive_policy=failed.arn.apply(self._redrive_policy),
        )
        self.queue_url, self.queue_arn, self.queue_name = queue.url, queue.arn, queue.name
        self.dead_letter_queue_url, self.dead_letter_queue_arn = failed.url, failed.arn
        self.dead_letter_queue_name = failed.name
        self.policy_json = pulumi.Output.all(queue.arn, self._args.get("kms_key_id")).apply(
            lambda values: access_policy(*values)
        )
        self._register()

    def grant(self, client: str, role: pulumi.Input[str]) -> None:
        """Let a role send, receive and delete the queue's messages, and nothing else.

        Args:
            client: the owner of the role, the last part of the policy's logical name; different for each client.
            role: name or ARN of the IAM role.
        """
        grant(self._name, client, role, self.policy_json, self._child())

    def _create(self, name: str, **settings: Any) -> "aws.sqs.Queue":  # unquoted, it would load aws.sqs for every app
        key = self._args.get("kms_key_id")
        queue = aws.sqs.Queue(
            name,
            receive_wait_time_seconds=_WAIT_SECONDS,
            # The two exclude each other.
            sqs_managed_sse_enabled=True if key is None else None,
            kms_master_key_id=key,
            opts=self._child(),
            **settings,
        )
        aws.sqs.QueuePolicy(
            f"{name}-tls",
            queue_url=queue.url,
            policy=queue.arn.apply(lambda arn: policy_json([deny_without_tls("sqs:*", arn)])),
            opts=self._child(),
        )
        return queue

    def _redrive_policy(self, failed_arn: str) -> str:
        return json.dumps({"deadLetterTargetArn": failed_arn, "maxReceiveCount": self._args["max_receives"]})


def access_policy(queue_arn: str, kms_key_id: str | None = None) -> str:
    """The IAM policy with which an app uses its queue, and the queue's key, for its messages only.

    The batch requests need no other actions:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
    """
    names = ("SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes")
    actions = [f"sqs:{name}" for name in (*names, "GetQueueUrl")]
    statements: list[dict[str, Any]] = [{"Effect": "Allow", "Action": actions, "Resource": queue_arn}]
    if kms_key_id:
        statements.append(use_queue_key(kms_key_id, queue_arn))
    return policy_json(statements)

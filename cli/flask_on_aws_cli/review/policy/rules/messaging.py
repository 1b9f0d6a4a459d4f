"""Rules about queues of SQS and topics of SNS."""

from collections.abc import Iterator

from ...model import Severity
from ..checks import described, has, is_set
from ..documents import requires_tls
from ..rule import Rule, Violation
from ..stack import Node, Stack

_QUEUE, _TOPIC = ("sqs/queue:Queue",), ("sns/topic:Topic",)


def _encrypted(node: Node, stack: Stack) -> Iterator[Violation]:
    """SQS encrypts new queues by itself, unless that is turned off."""
    if not node.inputs.get("kmsMasterKeyId") and node.get("sqsManagedSseEnabled") is False:
        yield Violation("sqsManagedSseEnabled", described(False))


def _encryption_named(node: Node, stack: Stack) -> Iterator[Violation]:
    if not node.inputs.get("kmsMasterKeyId") and node.get("sqsManagedSseEnabled") is None:
        yield Violation("sqsManagedSseEnabled", described(None))


def _dead_letters(node: Node, stack: Stack) -> Iterator[Violation]:
    """A queue has a dead-letter queue, unless it is one."""
    if not node.inputs.get("redrivePolicy") and not stack.referring(node, _QUEUE[0], "redrivePolicy"):
        yield Violation("redrivePolicy", "is not set")


RULES = (
    Rule(
        "sqs-encrypted",
        Severity.HIGH,
        "Queues are encrypted",
        "Whoever gets a disk can read messages.",
        "Set sqsManagedSseEnabled to true.",
        _QUEUE,
        _encrypted,
        "CKV_AWS_27 AWS-0096 SQS.1",
    ),
    Rule(
        "sqs-encryption-named",
        Severity.LOW,
        "Queues name their encryption",
        "Queues that were created before 2022 are not encrypted by default.",
        "Set sqsManagedSseEnabled to true.",
        _QUEUE,
        _encryption_named,
        "CKV_AWS_27 SQS.1",
    ),
    Rule(
        "sqs-tls",
        Severity.MEDIUM,
        "Queues deny requests without TLS",
        "Messages can be read on the way.",
        "Create an sqs.QueuePolicy that denies requests with aws:SecureTransport false.",
        _QUEUE,
        has("sqs/queuePolicy:QueuePolicy", "queueUrl", "queuePolicy", requires_tls),
        "AwsSolutions-SQS4",
    ),
    Rule(
        "sqs-dead-letters",
        Severity.LOW,
        "Queues have a dead-letter queue",
        "A message that no worker can finish is tried until it expires, and is then gone.",
        "Set redrivePolicy.",
        _QUEUE,
        _dead_letters,
        "AwsSolutions-SQS3",
    ),
    Rule(
        "sns-encrypted",
        Severity.MEDIUM,
        "Topics are encrypted with a key of KMS",
        "Whoever gets a disk can read messages.",
        "Set kmsMasterKeyId.",
        _TOPIC,
        is_set("kmsMasterKeyId"),
        "CKV_AWS_26 AWS-0095 AWS-0136 AwsSolutions-SNS2 SNS.1",
    ),
    Rule(
        "sns-tls",
        Severity.MEDIUM,
        "Topics deny requests without TLS",
        "Messages can be read on the way.",
        "Add a statement to the topic's policy that denies requests with aws:SecureTransport false.",
        _TOPIC,
        has("sns/topicPolicy:TopicPolicy", "arn", "topicPolicy", requires_tls),
        "AwsSolutions-SNS3",
    ),
    Rule(
        "sns-https",
        Severity.MEDIUM,
        "Topics publish to HTTPS and not to HTTP",
        "Messages can be read on the way.",
        "Set protocol to https.",
        ("sns/topicSubscription:TopicSubscription",),
        lambda node, stack: [Violation("protocol", "is http")] if node.get("protocol") == "http" else [],
    ),
)

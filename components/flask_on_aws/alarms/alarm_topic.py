"""The topic that alarms and budgets publish to, with a key that allows them."""

from typing import Any

import pulumi
import pulumi_aws as aws

from ..iam import deny_without_tls, document
from ..secrets.key_policy import PUBLISHERS, account_manages, event_rules_encrypt, publishers_encrypt


def create_topic(
    name: str,
    parent: pulumi.Resource,
    opts: pulumi.ResourceOptions,
    kms_key_id: pulumi.Input[str] | None = None,
    event_rules: bool = False,
) -> pulumi.Output[str]:
    """The ARN of a new encrypted topic, known once its publishers may use it.

    SNS's managed key (alias/aws/sns) has a policy that cannot be changed and denies both of them, so without `kms_key_id` a
    key is created.
    """
    account = aws.get_caller_identity_output(opts=pulumi.InvokeOptions(parent=parent)).account_id
    partition = aws.get_partition_output(opts=pulumi.InvokeOptions(parent=parent)).partition
    if kms_key_id is None:
        kms_key_id = _create_key(name, pulumi.Output.all(account, partition), event_rules, opts)
    topic = aws.sns.Topic(name, kms_master_key_id=kms_key_id, opts=opts)
    policy = aws.sns.TopicPolicy(
        f"{name}-publish",
        arn=topic.arn,
        policy=pulumi.Output.json_dumps(
            pulumi.Output.all(account, partition, topic.arn).apply(
                lambda values: topic_policy(*values, event_rules=event_rules)
            )
        ),
        opts=opts,
    )
    return policy.arn


def _create_key(
    name: str, account_and_partition: pulumi.Output[list[str]], event_rules: bool, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    return aws.kms.Key(
        f"{name}-key",
        description="Encrypts alarm and budget messages",
        enable_key_rotation=True,
        # The key encrypts nothing that lasts, so it goes after the shortest wait that KMS allows.
        deletion_window_in_days=7,
        policy=pulumi.Output.json_dumps(
            account_and_partition.apply(lambda values: key_policy(*values, event_rules=event_rules))
        ),
        opts=opts,
    ).arn


def key_policy(account_id: str, partition: str, event_rules: bool = False) -> dict[str, Any]:
    """The account manages the key; the publishers encrypt with it on behalf of this account, and no other."""
    rules = [event_rules_encrypt(account_id, partition)] if event_rules else []
    return document([account_manages(account_id, partition), publishers_encrypt(account_id), *rules])


def topic_policy(account_id: str, partition: str, topic_arn: str, event_rules: bool = False) -> dict[str, Any]:
    """Alarms and budgets of this account may publish, EventBridge rules if wanted, and only over TLS.

    EventBridge sends nothing that names the rule's account: a condition would drop its messages without an error, so a
    rule of another account that knows the topic's ARN could publish, too.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
    """
    rules = {
        "Sid": "EventRulesPublish",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic_arn,
    }
    return document(
        [
            {
                "Sid": "AlarmsAndBudgetsPublish",
                "Effect": "Allow",
                "Principal": {"Service": PUBLISHERS},
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account_id},
                    "ArnLike": {
                        "aws:SourceArn": [
                            f"arn:{partition}:cloudwatch:*:{account_id}:alarm:*",
                            f"arn:{partition}:budgets::{account_id}:*",
                        ]
                    },
                },
            },
            *([rules] if event_rules else []),
            deny_without_tls("sns:Publish", topic_arn),
        ]
    )

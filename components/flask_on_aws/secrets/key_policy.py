"""Policies of KMS keys: who manages a key, and which AWS services encrypt with it without a role of the account."""

from collections.abc import Sequence
from typing import Any

# CloudWatch alarms and AWS Budgets publish to topics without a role.
PUBLISHERS = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]


def account_manages(account_id: str, partition: str) -> dict[str, Any]:
    """The account manages the key, and its IAM policies decide who uses it: RDS, S3, Secrets Manager and ECR act on behalf of a role."""
    return {
        "Sid": "AccountManagesTheKey",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",  # in a key's policy: this key
    }


def publishers_encrypt(account_id: str) -> dict[str, Any]:
    """Alarms and budgets encrypt what they publish on behalf of this account, and no other."""
    return {
        "Sid": "PublishersEncrypt",
        "Effect": "Allow",
        "Principal": {"Service": PUBLISHERS},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
    }


def event_rules_encrypt(account_id: str, partition: str) -> dict[str, Any]:
    """EventBridge rules encrypt what they publish to topics of this account, and of no other.

    They send neither `aws:SourceAccount` nor `aws:SourceArn`: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    The encryption context of SNS is the topic.
    """
    return {
        "Sid": "EventRulesEncrypt",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
        "Condition": {
            "StringLike": {"kms:EncryptionContext:aws:sns:topicArn": f"arn:{partition}:sns:*:{account_id}:*"}
        },
    }


def distributions_decrypt(account_id: str, partition: str) -> dict[str, Any]:
    """CloudFront's distributions of this account decrypt the files that they read from buckets with the key.

    Bucket policies name the distributions. The key exists before them, and everything that it encrypts would wait for them.
    """
    return {
        "Sid": "DistributionsDecrypt",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {"StringLike": {"aws:SourceArn": f"arn:{partition}:cloudfront::{account_id}:distribution/*"}},
    }


def logs_encrypt(service: str, log_group_arns: Sequence[str]) -> dict[str, Any]:
    """CloudWatch Logs encrypts these log groups, and no other.

    Its requests name the log group in their encryption context, which is the condition that AWS documents:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    return {
        "Sid": "LogGroupsAreEncrypted",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
        "Resource": "*",
        # StringLike, since IAM treats an encryption context as a string, even if it is an ARN.
        "Condition": {"StringLike": {"kms:EncryptionContext:aws:logs:arn": list(log_group_arns)}},
    }

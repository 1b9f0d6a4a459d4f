"""A KMS key that encrypts what an app stores: database, files, secrets, logs, images and alarm messages."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..iam import document
from ..validation.argument_types import typed
from ..validation.problems import Problem, raise_problems
from .key_policy import account_manages, distributions_decrypt, event_rules_encrypt, logs_encrypt, publishers_encrypt


class KmsKeyArgs(TypedDict, total=False):
    description: pulumi.Input[str]
    """What the key is for, shown in AWS's console. Default: Encrypts the data of an app."""
    log_group_names: Sequence[str]
    """Names of the log groups that CloudWatch Logs may encrypt with the key, where * matches any characters. Default: all log groups of the account in the key's region."""
    distributions: bool
    """Whether CloudFront distributions of the account may decrypt files that they read from buckets. Default: false."""
    event_rules: bool
    """Whether EventBridge rules may encrypt what they publish to topics of the account. Default: false."""
    retain: bool
    """Whether the key survives its removal from the program, so that what it encrypts can still be read; otherwise it is deleted 30 days later. Default: false."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: Mapping[str, Any] = {
    "description": "Encrypts the data of an app",
    "log_group_names": ["*"],
    "distributions": False,
    "event_rules": False,
    "retain": False,
}
# The longest that KMS offers. Until then the deletion can be cancelled; what a deleted key encrypts cannot be recovered.
DELETION_DAYS = 30
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html, and the wildcard
_LOG_GROUP_NAME = re.compile(r"[.\-_/#A-Za-z0-9*]{1,512}")


@typed(KmsKeyArgs)
def problems(args: KmsKeyArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    names = with_defaults(args, _DEFAULTS)["log_group_names"]
    for name in names:
        if not _LOG_GROUP_NAME.fullmatch(name):
            yield Problem(
                "log_group_names",
                f"{name!r} is not the name of a log group: use up to 512 letters, digits and . - _ / #, and * for any characters.",
            )
    if not names:
        yield Problem("log_group_names", "An empty list names no log group; leave it out for all of the account's.")


class KmsKey(Component):
    """A symmetric key that AWS rotates each year.

    IAM policies of its account decide who uses it. The key's policy allows CloudWatch Logs, only for the named log groups, and
    CloudWatch alarms and AWS Budgets, which use no role.
    """

    key_arn: pulumi.Output[str]
    """ARN of the key, for every `kms_key_id`."""
    key_id: pulumi.Output[str]
    """Id of the key."""

    def __init__(self, name: str, args: KmsKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        key = aws.kms.Key(
            name,
            description=self._args["description"],
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_DAYS,
            policy=pulumi.Output.json_dumps(self._policy()),
            opts=self._child(retain_on_delete=self._args["retain"]),
        )
        self.key_arn, self.key_id = key.arn, key.key_id
        self._register()

    def _policy(self) -> pulumi.Output[dict[str, Any]]:
        options, names = pulumi.InvokeOptions(parent=self), self._args["log_group_names"]
        distributions, event_rules = self._args["distributions"], self._args["event_rules"]
        partition = aws.get_partition_output(opts=options)
        facts = pulumi.Output.all(
            account_id=aws.get_caller_identity_output(opts=options).account_id,
            region=aws.get_region_output(opts=options).region,
            partition=partition.partition,
            dns_suffix=partition.dns_suffix,
        )
        return facts.apply(
            lambda values: key_policy(
                **values, log_group_names=names, distributions=distributions, event_rules=event_rules
            )
        )


def key_policy(
    account_id: str,
    region: str,
    partition: str,
    dns_suffix: str,
    log_group_names: Sequence[str],
    distributions: bool = False,
    event_rules: bool = False,
) -> dict[str, Any]:
    """The key's policy."""
    groups = [f"arn:{partition}:logs:{region}:{account_id}:log-group:{name}" for name in log_group_names]
    return document(
        [
            account_manages(account_id, partition),
            # In China the service has China's suffix; alarms and budgets have the same name everywhere.
            logs_encrypt(f"logs.{region}.{dns_suffix}", groups),
            publishers_encrypt(account_id),
            *([distributions_decrypt(account_id, partition)] if distributions else []),
            *([event_rules_encrypt(account_id, partition)] if event_rules else []),
        ]
    )

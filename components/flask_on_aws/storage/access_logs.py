"""The bucket for access logs: private, encrypted, TLS only, writable only by the AWS services that it is for."""

from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..iam import policy_json
from ..validation.argument_types import typed
from ..validation.problems import Problem, raise_problems
from ..validation.values import choice_problems, range_problems
from .private_bucket import block_public_access, encryption_rule, require_tls


class AccessLogBucketArgs(TypedDict, total=False):
    days: int
    """Days for which logs are kept, from 1 to 3653. Default: 90."""
    retain: bool
    """Whether the bucket and its logs survive their removal from the program; otherwise it is emptied and deleted. Default: false."""
    sources: Sequence[str]
    """Which of this account's resources may write logs: `load-balancers`, `buckets` (of the same region) and `distributions`. Default: load-balancers."""


# A quarter is enough to look back at most incidents.
_DEFAULTS: AccessLogBucketArgs = {"days": 90, "retain": False, "sources": ["load-balancers"]}
# CloudFront's logs are delivered from there, wherever the bucket is:
# AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
DISTRIBUTION_REGION = "us-east-1"
BUCKET_PREFIX = "buckets/"
"""Where buckets write, so that they cannot write into the other sources' folders."""


@typed(AccessLogBucketArgs)
def problems(args: AccessLogBucketArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    yield from range_problems("days", args["days"], 1, 3653, "days")
    for source in args["sources"]:
        yield from choice_problems("sources", source, list(_DELIVERIES))
    if not args["sources"]:
        yield Problem("sources", f"An empty list allows nothing to write; name some of {', '.join(_DELIVERIES)}.")


class AccessLogBucket(Component):
    """A private bucket that takes access logs of this account: of load balancers, buckets or CloudFront distributions."""

    bucket_name: pulumi.Output[str]
    """Name of the bucket, known once its sources may write to it: AWS tries a write when logs are turned on."""
    bucket_arn: pulumi.Output[str]
    """ARN of the bucket, known at the same time."""

    def __init__(self, name: str, args: AccessLogBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        self._create_bucket()
        self._expire_logs()
        self.bucket_name = self._permit_delivery().bucket
        self.bucket_arn = pulumi.Output.all(self._bucket.arn, self.bucket_name).apply(lambda values: str(values[0]))
        self._register()

    def _create_bucket(self) -> None:
        self._bucket = aws.s3.Bucket(
            self._name,
            force_destroy=not self._args["retain"],
            opts=self._child(retain_on_delete=self._args["retain"]),
        )
        # Load balancers and S3 write only to buckets with S3's keys (SSE-S3), not to those with KMS keys.
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self._bucket.bucket,
            rules=[encryption_rule(None)],
            opts=self._child(),
        )
        self._block = block_public_access(self._name, self._bucket, self._child())

    def _expire_logs(self) -> None:
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=self._bucket.bucket,
            rules=[
                {
                    "id": "expire-logs",
                    "status": "Enabled",
                    "filter": {},
                    "expiration": {"days": self._args["days"]},
                    # An unfinished multipart upload is billed until it is aborted; no log takes a day to write.
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
                }
            ],
            opts=self._child(),
        )

    def _permit_delivery(self) -> aws.s3.BucketPolicy:
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id
        sources = self._args["sources"]
        return aws.s3.BucketPolicy(
            f"{self._name}-delivery",
            bucket=self._bucket.bucket,
            policy=pulumi.Output.all(bucket_arn=self._bucket.arn, account_id=account).apply(
                lambda values: delivery_policy(values["bucket_arn"], values["account_id"], sources)
            ),
            # S3 rejects simultaneous changes to a bucket's policy and its public access block.
            opts=self._child(depends_on=[self._block]),
        )


def delivery_policy(bucket_arn: str, account_id: str, sources: Sequence[str] = ("load-balancers",)) -> str:
    """A bucket policy that allows these sources of the account to deliver logs, each into its own folder, over TLS only."""
    statements = [_DELIVERIES[source](bucket_arn, account_id) for source in dict.fromkeys(sources)]
    return policy_json([*statements, require_tls(bucket_arn)])


def _deliver(sid: str, service: str, folder: str, condition: dict[str, Any]) -> dict[str, Any]:
    """Let a service write into a folder; the condition is what keeps other accounts' resources from using it."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "s3:PutObject",
        "Resource": f"{folder}*",
        "Condition": condition,
    }


def _from_load_balancers(bucket_arn: str, account_id: str) -> dict[str, Any]:
    partition = bucket_arn.split(":")[1]
    return _deliver(
        "DeliverAccessLogs",
        "logdelivery.elasticloadbalancing.amazonaws.com",
        f"{bucket_arn}/AWSLogs/{account_id}/",
        # The condition that Elastic Load Balancing documents:
        # elasticloadbalancing/latest/application/enable-access-logging.html
        {"ArnLike": {"aws:SourceArn": f"arn:{partition}:elasticloadbalancing:*:{account_id}:loadbalancer/*"}},
    )


def _from_buckets(bucket_arn: str, account_id: str) -> dict[str, Any]:
    # AmazonS3/latest/userguide/enable-server-access-logging.html; a bucket's ARN names no account, hence the separate key.
    condition = {"StringEquals": {"aws:SourceAccount": account_id}}
    return _deliver("DeliverBucketLogs", "logging.s3.amazonaws.com", f"{bucket_arn}/{BUCKET_PREFIX}", condition)


def _from_distributions(bucket_arn: str, account_id: str) -> dict[str, Any]:
    # Without this statement CloudWatch Logs would append it to the policy, and each update would remove it again:
    # AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html
    partition = bucket_arn.split(":")[1]
    return _deliver(
        "AWSLogDeliveryWrite",
        "delivery.logs.amazonaws.com",
        f"{bucket_arn}/AWSLogs/{account_id}/",
        {
            "StringEquals": {"aws:SourceAccount": account_id, "s3:x-amz-acl": "bucket-owner-full-control"},
            "ArnLike": {"aws:SourceArn": f"arn:{partition}:logs:{DISTRIBUTION_REGION}:{account_id}:*"},
        },
    )


_DELIVERIES = {
    "load-balancers": _from_load_balancers,
    "buckets": _from_buckets,
    "distributions": _from_distributions,
}

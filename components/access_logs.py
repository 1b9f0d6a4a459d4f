"""The bucket for a load balancer's access logs: private, encrypted, TLS only, written by Elastic Load Balancing alone."""

from collections.abc import Iterator
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from ._checks import range_problems
from ._component import Component, Problem, refuse, settle
from ._policies import policy_json
from ._type_checks import typed


class AccessLogBucketArgs(TypedDict, total=False):
    days: int
    """Days for which logs are kept, from 1 to 3653. Default: 90."""
    retain: bool
    """Whether the bucket and its logs survive their removal from the program; otherwise it is emptied and deleted. Default: false."""


# A quarter covers the usual look back at an incident.
_DEFAULTS: AccessLogBucketArgs = {"days": 90, "retain": False}


@typed(AccessLogBucketArgs)
def problems(args: AccessLogBucketArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    yield from range_problems("days", settle(args, _DEFAULTS)["days"], 1, 3653, "days")


class AccessLogBucket(Component):
    """A private bucket that takes the access logs of this account's load balancers."""

    bucket_name: pulumi.Output[str]
    """Name of the bucket, known once load balancers may write to it: AWS tries a write when logs are turned on."""

    def __init__(self, name: str, args: AccessLogBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse(problems(args))
        super().__init__(name, opts)
        self._args = settle(args, _DEFAULTS)
        self._create_bucket()
        self._expire_logs()
        self.bucket_name = self._permit_delivery().bucket
        self._register()

    def _create_bucket(self) -> None:
        self._bucket = aws.s3.Bucket(
            self._name,
            force_destroy=not self._args["retain"],
            opts=self._child(retain_on_delete=self._args["retain"]),
        )
        # Load balancers write only to buckets with S3's own keys (SSE-S3), not to those with KMS keys.
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self._bucket.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=self._child(),
        )
        self._block = aws.s3.BucketPublicAccessBlock(
            f"{self._name}-public-access",
            bucket=self._bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child(),
        )

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
        return aws.s3.BucketPolicy(
            f"{self._name}-delivery",
            bucket=self._bucket.bucket,
            policy=pulumi.Output.all(bucket_arn=self._bucket.arn, account_id=account).apply(
                lambda known: delivery_policy(known["bucket_arn"], known["account_id"])
            ),
            # S3 refuses to change a bucket's policy and its public access block at the same time.
            opts=self._child(depends_on=[self._block]),
        )


def delivery_policy(bucket_arn: str, account_id: str) -> str:
    """A bucket policy for log delivery into the one folder where load balancers of the account write, and for TLS alone."""
    partition = bucket_arn.split(":")[1]
    deliver = {
        "Sid": "DeliverAccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{bucket_arn}/AWSLogs/{account_id}/*",
        # Otherwise another account's load balancers could be pointed at this bucket. This is the condition that Elastic
        # Load Balancing documents: elasticloadbalancing/latest/application/enable-access-logging.html
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"arn:{partition}:elasticloadbalancing:*:{account_id}:loadbalancer/*"}
        },
    }
    require_tls = {
        "Sid": "DenyWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return policy_json([deliver, require_tls])

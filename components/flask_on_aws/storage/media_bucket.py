"""The bucket for an app's media files: private, encrypted, TLS only."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..data_loss.guard import Guard
from ..grants import grant
from ..iam import policy_json
from ..validation.argument_types import typed
from ..validation.problems import Problem, raise_problems
from ..validation.references import kms_key_problems
from ..validation.values import range_problems
from .access_logs import BUCKET_PREFIX
from .private_bucket import block_public_access, encryption_rule, require_tls


class MediaBucketArgs(TypedDict, total=False):
    allowed_origins: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Origins (`https://host`) whose pages may upload and read files in a browser. Default: none."""
    versioned: bool
    """Whether overwritten and deleted files are kept as old versions. Default: false."""
    old_version_days: int
    """Days for which old versions are kept, from 1 to 3650. Default: 30."""
    accept_data_loss: Sequence[str]
    """Logical names of resources whose data this update may lose; the bucket's lets a lower old_version_days delete old versions. Default: none."""
    kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts new files. Default: S3's key."""
    distribution_arns: Sequence[pulumi.Input[str]]
    """ARNs of the CloudFront distributions that may read files, through an origin access control. Default: none."""
    distribution_prefix: str
    """The beginning of the keys of the files that they may read, such as `media/`. Default: none, they may read every file."""
    retain: bool
    """Whether the bucket and its files survive their removal from the program; otherwise it is emptied and deleted. Default: false."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""
    access_log_bucket: pulumi.Input[str]
    """Name of a bucket in the same region to which every request is logged, such as that of an AccessLogBucket for `buckets`. Default: none, requests are not logged."""


_DEFAULTS: MediaBucketArgs = {
    "versioned": False,
    "old_version_days": 30,
    "accept_data_loss": [],
    "distribution_arns": [],
    "distribution_prefix": "",
    "retain": False,
}
# An unfinished multipart upload is billed until it is aborted; a day covers the slowest browser.
_ABORT_UPLOADS_AFTER_DAYS = 1
# How long a browser may remember the answer to a preflight request: the longest that Chromium honours is 7200 s.
_CORS_MAX_AGE_SECONDS = 7200
# Scheme, host in lower case and perhaps a port, at most one * in it, as S3 accepts it; or any origin.
_ORIGIN = re.compile(r"\*|https?://(?:[a-z0-9.-]*\*?[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?")


@typed(MediaBucketArgs)
def problems(args: MediaBucketArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    yield from range_problems("old_version_days", args["old_version_days"], 1, 3650, "days")
    yield from kms_key_problems("kms_key_id", args.get("kms_key_id"))
    origins = args.get("allowed_origins", [])
    for origin in origins if isinstance(origins, Sequence) else []:
        if isinstance(origin, str) and not _ORIGIN.fullmatch(origin):
            yield Problem(
                "allowed_origins",
                f"{origin!r} is not an origin as browsers send it, like https://shop.example.com, without a final slash.",
            )


def facts(name: str, args: MediaBucketArgs) -> Mapping[str, Any]:
    """The record of the bucket with this logical name, which the next update is compared with."""
    args = with_defaults(args, _DEFAULTS)
    record: dict[str, Any] = {"kind": "bucket", "name": name, "retain": args["retain"]}
    # Without versioning there are no old versions to lose.
    return record | ({"old_version_days": args["old_version_days"]} if args["versioned"] else {})


class MediaBucket(Component):
    """A private S3 bucket for uploads and other media files.

    Nothing in it is public: the app signs links with its task role, to which `policy_json` grants access, or CloudFront
    distributions serve files.
    """

    bucket_name: pulumi.Output[str]
    """Name of the bucket."""
    bucket_arn: pulumi.Output[str]
    """ARN of the bucket."""
    regional_domain_name: pulumi.Output[str]
    """Host name of the bucket in its region, which a distribution has as its origin."""
    storage_dsn: pulumi.Output[str]
    """The bucket as a `DEFAULT_STORAGE_DSN` for django-storage-url, without keys."""
    policy_json: pulumi.Output[str]
    """IAM policy that lets a task role list, read, write and delete the bucket's files, with its key, and nothing else."""

    def __init__(self, name: str, args: MediaBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        self._args = with_defaults(args, _DEFAULTS)
        super().__init__(name, opts, Guard({"bucket": facts(name, self._args)}, self._args["accept_data_loss"]))
        self._create_bucket()
        self._block_public_access()
        self._create_policy()
        self._create_lifecycle()
        self._allow_browsers()
        self._log_requests()
        self.bucket_name = self._bucket.bucket
        self.bucket_arn = self._bucket.arn
        self.regional_domain_name = self._bucket.bucket_regional_domain_name
        self.storage_dsn = pulumi.Output.format("s3://{host}/?auth=s3v4", host=self.regional_domain_name)
        self.policy_json = pulumi.Output.all(self._bucket.arn, self._args.get("kms_key_id")).apply(
            lambda values: access_policy(*values)
        )
        self._register()

    def grant(self, client: str, role: pulumi.Input[str]) -> None:
        """Let a role list, read, write and delete the bucket's files, and nothing else.

        Args:
            client: the owner of the role, the last part of the policy's logical name; different for each client.
            role: name or ARN of the IAM role.
        """
        grant(self._name, client, role, self.policy_json, self._child())

    def _create_bucket(self) -> None:
        self._bucket = aws.s3.Bucket(
            self._name,
            force_destroy=not self._args["retain"],
            opts=self._child(retain_on_delete=self._args["retain"]),
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self._bucket.bucket,
            rules=[encryption_rule(self._args.get("kms_key_id"))],
            opts=self._child(),
        )
        if self._args["versioned"]:
            aws.s3.BucketVersioning(
                f"{self._name}-versioning",
                bucket=self._bucket.bucket,
                versioning_configuration={"status": "Enabled"},
                opts=self._child(),
            )

    def _block_public_access(self) -> None:
        self._block = block_public_access(self._name, self._bucket, self._child())

    def _create_policy(self) -> None:
        prefix = self._args["distribution_prefix"]
        arns = self._args["distribution_arns"]
        distributions: pulumi.Input[list[str]] = pulumi.Output.all(*arns) if arns else list[str]()
        aws.s3.BucketPolicy(
            f"{self._name}-tls",
            bucket=self._bucket.bucket,
            policy=pulumi.Output.all(self._bucket.arn, distributions).apply(
                lambda values: bucket_policy(values[0], values[1], prefix)
            ),
            # S3 rejects simultaneous changes to a bucket's policy and its public access block.
            opts=self._child(depends_on=[self._block]),
        )

    def _create_lifecycle(self) -> None:
        rules: list[aws.s3.BucketLifecycleConfigurationRuleArgsDict] = [
            {
                "id": "abort-unfinished-uploads",
                "status": "Enabled",
                "filter": {},
                "abort_incomplete_multipart_upload": {"days_after_initiation": _ABORT_UPLOADS_AFTER_DAYS},
            }
        ]
        if self._args["versioned"]:
            rules.append(
                {
                    "id": "expire-old-versions",
                    "status": "Enabled",
                    "filter": {},
                    "noncurrent_version_expiration": {"noncurrent_days": self._args["old_version_days"]},
                }
            )
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle", bucket=self._bucket.bucket, rules=rules, opts=self._child()
        )

    def _allow_browsers(self) -> None:
        if "allowed_origins" not in self._args:
            return
        aws.s3.BucketCorsConfiguration(
            f"{self._name}-cors",
            bucket=self._bucket.bucket,
            cors_rules=[
                {
                    "allowed_methods": ["GET", "HEAD", "PUT", "POST"],
                    "allowed_origins": self._args["allowed_origins"],
                    "allowed_headers": ["*"],
                    "expose_headers": ["ETag"],
                    "max_age_seconds": _CORS_MAX_AGE_SECONDS,
                }
            ],
            opts=self._child(),
        )

    def _log_requests(self) -> None:
        if "access_log_bucket" not in self._args:
            return
        aws.s3.BucketLogging(
            f"{self._name}-logging",
            bucket=self._bucket.bucket,
            target_bucket=self._args["access_log_bucket"],
            # S3 appends only the time and a random string, so the prefix contains the bucket's name.
            target_prefix=pulumi.Output.format(f"{BUCKET_PREFIX}{{bucket}}/", bucket=self._bucket.bucket),
            opts=self._child(),
        )


def bucket_policy(bucket_arn: str, distribution_arns: Sequence[str], prefix: str) -> str:
    """The bucket's own policy: TLS only, and reading files for these distributions.

    They may not list files, so S3 answers 403 for a file that does not exist.
    """
    statements = [require_tls(bucket_arn)]
    if distribution_arns:
        statements.append(
            {
                "Sid": "DistributionsRead",
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": "s3:GetObject",
                "Resource": f"{bucket_arn}/{prefix}*",
                # S3 does not count a policy as public whose statements name the source's ARN.
                "Condition": {"StringEquals": {"aws:SourceArn": list(distribution_arns)}},
            }
        )
    return policy_json(statements)


def access_policy(bucket_arn: str, kms_key_id: str | None = None) -> str:
    """The IAM policy with which an app uses its bucket, and the bucket's key, for its files only.

    Requests by links and forms that the app has signed are made as the app's role, which therefore needs the key.
    """
    objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": bucket_arn},
        {"Effect": "Allow", "Action": objects, "Resource": f"{bucket_arn}/*"},
    ]
    if kms_key_id:
        # With a bucket key S3 names the bucket; without one it names the object.
        context = {"kms:EncryptionContext:aws:s3:arn": [bucket_arn, f"{bucket_arn}/*"]}
        actions = ["kms:Decrypt", "kms:GenerateDataKey"]
        statements.append(
            {"Effect": "Allow", "Action": actions, "Resource": kms_key_id, "Condition": {"StringLike": context}}
        )
    return policy_json(statements)

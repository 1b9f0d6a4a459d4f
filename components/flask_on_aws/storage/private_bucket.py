"""Settings that keep every bucket of the library private: no public access, encryption, TLS only."""

from typing import Any

import pulumi
import pulumi_aws as aws

from ..iam import deny_without_tls


def block_public_access(
    name: str, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions
) -> aws.s3.BucketPublicAccessBlock:
    """Keep a bucket and its objects from ever being public, whatever an ACL or a policy says."""
    return aws.s3.BucketPublicAccessBlock(
        f"{name}-public-access",
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )


def encryption_rule(
    kms_key_id: pulumi.Input[str] | None,
) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    """How S3 encrypts objects whose upload does not specify encryption."""
    if kms_key_id is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": kms_key_id},
        "bucket_key_enabled": True,  # one request to KMS for many files, which are billed by the request
    }


def require_tls(bucket_arn: str) -> dict[str, Any]:
    """The statement of a bucket's policy that denies every request without TLS."""
    return deny_without_tls("s3:*", [bucket_arn, f"{bucket_arn}/*"])

"""Where a team keeps its Pulumi state: a private, versioned bucket, and a KMS key that encrypts bucket and secrets."""

import json

import pulumi
import pulumi_aws as aws

# All of it outlives `pulumi destroy`: without bucket and key, what they describe cannot be changed or removed, and a
# bucket that stays must stay private.
KEPT = pulumi.ResourceOptions(retain_on_delete=True)
# Each update writes a few versions of a stack's state; three months are long enough to notice that one was wrong.
OLD_VERSION_DAYS = 90


def tls_policy(bucket_arn: str) -> str:
    """A bucket policy that denies every request without TLS."""
    statement = {
        "Sid": "DenyWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


region = aws.get_region_output().region
key = aws.kms.Key(
    "team-state",
    description="Pulumi state and the secrets in it",
    enable_key_rotation=True,
    deletion_window_in_days=30,  # the longest that KMS offers: whoever deletes it by hand can still change their mind
    opts=KEPT,
)
bucket = aws.s3.Bucket("team-state", opts=KEPT)
public_access = aws.s3.BucketPublicAccessBlock(
    "team-state-public-access",
    bucket=bucket.bucket,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=KEPT,
)
aws.s3.BucketPolicy(
    "team-state-tls",
    bucket=bucket.bucket,
    policy=bucket.arn.apply(tls_policy),
    # S3 rejects simultaneous changes to a bucket's policy and its public access block.
    opts=pulumi.ResourceOptions.merge(KEPT, pulumi.ResourceOptions(depends_on=[public_access])),
)
aws.s3.BucketServerSideEncryptionConfiguration(
    "team-state-encryption",
    bucket=bucket.bucket,
    rules=[
        {
            "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn},
            "bucket_key_enabled": True,  # one request to KMS for many files
        }
    ],
    opts=KEPT,
)
versioning = aws.s3.BucketVersioning(
    "team-state-versioning",
    bucket=bucket.bucket,
    versioning_configuration={"status": "Enabled"},
    opts=KEPT,
)
aws.s3.BucketLifecycleConfiguration(
    "team-state-lifecycle",
    bucket=bucket.bucket,
    rules=[
        {
            "id": "expire-old-versions",
            "status": "Enabled",
            "filter": {},
            "noncurrent_version_expiration": {"noncurrent_days": OLD_VERSION_DAYS},
        }
    ],
    # A rule about old versions needs a bucket that has versions.
    opts=pulumi.ResourceOptions.merge(KEPT, pulumi.ResourceOptions(depends_on=[versioning])),
)

backend = pulumi.Output.format("s3://{name}?region={region}", name=bucket.bucket, region=region)
secrets = pulumi.Output.format("awskms://{key}?region={region}", key=key.id, region=region)
pulumi.export("loginCommand", pulumi.Output.format("pulumi login '{backend}'", backend=backend))
pulumi.export(
    "stackCommand", pulumi.Output.format("pulumi stack init dev --secrets-provider '{secrets}'", secrets=secrets)
)
pulumi.export("backendUrl", backend)
pulumi.export("secretsProvider", secrets)
pulumi.export("bucketArn", bucket.arn)
pulumi.export("keyArn", key.arn)

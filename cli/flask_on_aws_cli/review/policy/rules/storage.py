"""Rules about buckets of S3 and file systems of EFS."""

from collections.abc import Iterator

from ...model import Severity
from ..checks import at_least, described, has, must_be, must_not_be
from ..documents import requires_tls
from ..rule import Rule, Violation
from ..stack import Node, Stack

_BUCKET = ("s3/bucket:Bucket",)
_BLOCK = "s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_LIFECYCLE = "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_ENCRYPTION = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_VERSIONING = "s3/bucketVersioning:BucketVersioning"
_PUBLIC_ACLS = ("public-read", "public-read-write", "website", "authenticated-read")
# Shorter than that, and a mistake on a Friday is noticed too late.
_OLD_VERSION_DAYS = 7
# What payment card rules ask for at hand; attacks are noticed after months.
_LOG_DAYS = 90


def _aborts_uploads(node: Node) -> bool:
    return any(node.at("rules.abortIncompleteMultipartUpload.daysAfterInitiation"))


def _is_log_bucket(bucket: Node, stack: Stack) -> bool:
    """Whether something delivers logs to a bucket."""
    return bool(
        stack.referring(bucket, "s3/bucketLogging:BucketLogging", "targetBucket")
        or stack.referring(bucket, "lb/loadBalancer:LoadBalancer", "accessLogs")
        or stack.referring(
            bucket, "cloudwatch/logDeliveryDestination:LogDeliveryDestination", "deliveryDestinationConfiguration"
        )
    )


def _keeps_logs(node: Node, stack: Stack) -> Iterator[Violation]:
    if any(_is_log_bucket(bucket, stack) for bucket in stack.targets(node, "bucket")):
        yield from at_least("rules.expiration.days", _LOG_DAYS, default=_LOG_DAYS)(node, stack)


def _keeps_files(node: Node, stack: Stack) -> Iterator[Violation]:
    if not any(_is_log_bucket(bucket, stack) for bucket in stack.targets(node, "bucket")):
        yield from (Violation("rules.expiration.days", described(days)) for days in node.at("rules.expiration.days"))


def _any_origin(node: Node, stack: Stack) -> Iterator[Violation]:
    for origin in node.at("corsRules.allowedOrigins"):
        if origin == "*" or str(origin).startswith("http://"):
            yield Violation("corsRules.allowedOrigins", f"has {origin}")


_FLAGS = {
    "blockPublicAcls": "CKV_AWS_53 AWS-0086",
    "blockPublicPolicy": "CKV_AWS_54 AWS-0087",
    "ignorePublicAcls": "CKV_AWS_55 AWS-0091",
    "restrictPublicBuckets": "CKV_AWS_56 AWS-0093",
}


def _all_flags(node: Node, stack: Stack) -> Iterator[Violation]:
    for flag in _FLAGS:
        yield from must_be(flag, True)(node, stack)


RULES = (
    Rule(
        "s3-public-access-block",
        Severity.HIGH,
        "Buckets block public access",
        "One wrong policy or ACL makes all files public.",
        "Create an s3.BucketPublicAccessBlock.",
        _BUCKET,
        has(_BLOCK, "bucket", "publicAccessBlock"),
        "CKV2_AWS_6 AWS-0094 AwsSolutions-S2 S3.1 S3.2 S3.3 S3.8",
    ),
    Rule(
        "s3-public-access-block-complete",
        Severity.HIGH,
        "Buckets block public access by policies and by ACLs",
        "One wrong policy or ACL makes all files public.",
        f"Set {', '.join(_FLAGS)} to true.",
        (_BLOCK,),
        _all_flags,
        f"{' '.join(_FLAGS.values())} AwsSolutions-S2 S3.1 S3.8",
    ),
    Rule(
        "s3-acl",
        Severity.CRITICAL,
        "Buckets have no public ACL",
        "Everybody can read or change the files.",
        "Remove acl.",
        (*_BUCKET, "s3/bucketAcl:BucketAcl"),
        must_not_be("acl", *_PUBLIC_ACLS),
        "CKV_AWS_20 CKV_AWS_57 AWS-0092 S3.2 S3.3",
    ),
    Rule(
        "s3-tls",
        Severity.HIGH,
        "Buckets deny requests without TLS",
        "Files and signed requests can be read on the way.",
        "Add a statement to the bucket's policy that denies requests with aws:SecureTransport false.",
        _BUCKET,
        has("s3/bucketPolicy:BucketPolicy", "bucket", "bucketPolicy", requires_tls),
        "AwsSolutions-S10 S3.5",
    ),
    Rule(
        "s3-encrypted",
        Severity.MEDIUM,
        "Buckets name their encryption",
        "Nobody sees a change of the key.",
        "Create an s3.BucketServerSideEncryptionConfiguration.",
        _BUCKET,
        has(_ENCRYPTION, "bucket", "serverSideEncryptionConfiguration"),
        "CKV_AWS_19 AWS-0088",
    ),
    Rule(
        "s3-encryption-algorithm",
        Severity.MEDIUM,
        "Buckets are encrypted with AES-256 or a key of KMS",
        "Files are not encrypted as you expect.",
        "Set sseAlgorithm to AES256 or aws:kms.",
        (_ENCRYPTION,),
        must_be("rules.applyServerSideEncryptionByDefault.sseAlgorithm", "AES256", "aws:kms", "aws:kms:dsse"),
        "CKV_AWS_19 AWS-0088",
    ),
    Rule(
        "s3-versioning",
        Severity.MEDIUM,
        "Buckets keep old versions of files",
        "A file that was deleted or overwritten by mistake is gone.",
        "Set bucketVersioned to true.",
        _BUCKET,
        has(_VERSIONING, "bucket", "versioning"),
        "CKV_AWS_21 AWS-0090 S3.14",
        "bucketVersioned",
    ),
    Rule(
        "s3-versioning-enabled",
        Severity.MEDIUM,
        "Versioning of buckets is not suspended",
        "A file that was deleted or overwritten by mistake is gone.",
        "Set versioningConfiguration.status to Enabled.",
        (_VERSIONING,),
        must_be("versioningConfiguration.status", "Enabled"),
        "CKV_AWS_21 AWS-0090 S3.14",
    ),
    Rule(
        "s3-old-versions",
        Severity.MEDIUM,
        f"Buckets keep old versions for {_OLD_VERSION_DAYS} days",
        "A mistake is noticed too late.",
        f"Set noncurrentDays to {_OLD_VERSION_DAYS} or more.",
        (_LIFECYCLE,),
        at_least("rules.noncurrentVersionExpiration.noncurrentDays", _OLD_VERSION_DAYS, default=_OLD_VERSION_DAYS),
    ),
    Rule(
        "s3-files-kept",
        Severity.MEDIUM,
        "Files do not expire",
        "Files of users are deleted after some days.",
        "Remove expiration.",
        (_LIFECYCLE,),
        _keeps_files,
    ),
    Rule(
        "s3-logs-kept",
        Severity.LOW,
        f"Access logs are kept for {_LOG_DAYS} days",
        "Attacks are often noticed after months.",
        f"Set expiration.days to {_LOG_DAYS} or more.",
        (_LIFECYCLE,),
        _keeps_logs,
    ),
    Rule(
        "s3-access-logs",
        Severity.LOW,
        "Buckets write access logs",
        "After an incident nobody can see who read which file.",
        "Set accessLogs to true.",
        _BUCKET,
        has("s3/bucketLogging:BucketLogging", "bucket", "logging"),
        "CKV_AWS_18 AWS-0089 AwsSolutions-S1 S3.9 s3BucketLoggingEnabled",
        "accessLogs",
    ),
    Rule(
        "s3-unfinished-uploads",
        Severity.LOW,
        "Buckets delete unfinished uploads",
        "They cost money, and nobody sees them.",
        "Create an s3.BucketLifecycleConfiguration with abortIncompleteMultipartUpload.",
        _BUCKET,
        has(_LIFECYCLE, "bucket", "lifecycleConfiguration", _aborts_uploads),
        "CKV2_AWS_61 CKV_AWS_300 S3.13",
    ),
    Rule(
        "s3-force-destroy",
        Severity.MEDIUM,
        "Buckets are not deleted with their files",
        "One mistake deletes all files.",
        "Set keepData to true.",
        _BUCKET,
        must_not_be("forceDestroy", True),
        "",
        "keepData",
    ),
    Rule(
        "s3-cors",
        Severity.MEDIUM,
        "Only sites of your own may use a bucket from browsers",
        "Other sites could use the requests that the app has signed for its users.",
        "Name the origins.",
        ("s3/bucketCorsConfiguration:BucketCorsConfiguration",),
        _any_origin,
    ),
    Rule(
        "efs-encrypted",
        Severity.HIGH,
        "File systems are encrypted",
        "Whoever gets a disk can read all files; it cannot be turned on later.",
        "Set encrypted to true.",
        ("efs/fileSystem:FileSystem",),
        must_be("encrypted", True),
        "CKV_AWS_42 AWS-0037 AwsSolutions-EFS1 EFS.1",
    ),
)

"""Rules about keys of KMS, secrets, parameters and certificates."""

from collections.abc import Iterator, Mapping

from ...model import Severity
from ..checks import at_least, encrypted_in_state, has, is_set, must_be, must_not_be
from ..rule import Rule, Violation
from ..stack import Node, Stack, is_known

_KEY, _SECRET = ("kms/key:Key",), ("secretsmanager/secret:Secret",)
_CERTIFICATE = ("acm/certificate:Certificate",)
# Type → property with the key of KMS.
_KEYS: Mapping[str, str] = {
    "cloudwatch/logGroup:LogGroup": "kmsKeyId",
    "docdb/cluster:Cluster": "kmsKeyId",
    "ecr/repository:Repository": "encryptionConfigurations.kmsKey",
    "efs/fileSystem:FileSystem": "kmsKeyId",
    "elasticache/replicationGroup:ReplicationGroup": "kmsKeyId",
    "rds/cluster:Cluster": "kmsKeyId",
    "rds/instance:Instance": "kmsKeyId",
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId"
    ),
    "secretsmanager/secret:Secret": "kmsKeyId",
    "sqs/queue:Queue": "kmsMasterKeyId",
}
_INSIGHTS = ("rds/instance:Instance", "rds/clusterInstance:ClusterInstance")
_KEY_ALGORITHMS = ("RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1")
_LEAST_RECOVERY_DAYS = 7


def _own_key(node: Node, stack: Stack) -> Iterator[Violation]:
    yield from is_set(_KEYS[node.type])(node, stack)


def _own_insights_key(node: Node, stack: Stack) -> Iterator[Violation]:
    if node.get("performanceInsightsEnabled") is True:
        yield from is_set("performanceInsightsKmsKeyId")(node, stack)


def _recoverable(node: Node, stack: Stack) -> Iterator[Violation]:
    yield from at_least("recoveryWindowInDays", _LEAST_RECOVERY_DAYS, default=30)(node, stack)


def _wildcard(node: Node, stack: Stack) -> Iterator[Violation]:
    for path in ("domainName", "subjectAlternativeNames"):
        for name in node.at(path):
            if is_known(name) and str(name).startswith("*."):
                yield Violation(path, f"has {name}")


def _encrypted_parameter(node: Node, stack: Stack) -> Iterator[Violation]:
    if is_known(node.get("type")):
        yield from must_be("type", "SecureString")(node, stack)


RULES = (
    Rule(
        "kms-own-key",
        Severity.LOW,
        "Data is encrypted with a key of your own",
        "Keys of AWS cannot be disabled, and their use cannot be limited.",
        "Set kmsKeyId or createKmsKey when the stack is created.",
        tuple(_KEYS),
        _own_key,
        "CKV_AWS_136 CKV_AWS_145 CKV_AWS_149 CKV_AWS_158 CKV_AWS_327 AWS-0017 AWS-0033 AWS-0098 AWS-0132 ECR.5 S3.17",
        "kmsKeyId",
    ),
    Rule(
        "kms-own-insights-key",
        Severity.LOW,
        "Performance Insights is encrypted with a key of your own",
        "Keys of AWS cannot be disabled, and their use cannot be limited.",
        "Set kmsKeyId or createKmsKey when the stack is created.",
        _INSIGHTS,
        _own_insights_key,
        "CKV_AWS_354 AWS-0078",
        "kmsKeyId",
    ),
    Rule(
        "kms-rotation",
        Severity.MEDIUM,
        "Keys are rotated each year",
        "Whoever once got the key material can decrypt everything that follows.",
        "Set enableKeyRotation to true.",
        _KEY,
        must_be("enableKeyRotation", True),
        "CKV_AWS_7 AWS-0065 AwsSolutions-KMS5 KMS.4 cmkBackingKeyRotationEnabled",
    ),
    Rule(
        "kms-enabled",
        Severity.HIGH,
        "Keys are enabled",
        "Nothing that a disabled key encrypts can be read.",
        "Remove isEnabled.",
        _KEY,
        must_be("isEnabled", True, default=True),
        "CKV_AWS_227",
    ),
    Rule(
        "kms-policy",
        Severity.LOW,
        "Keys have a policy",
        "Every principal with permissions for KMS in the account could use the key.",
        "Set policy.",
        _KEY,
        is_set("policy"),
        "CKV2_AWS_64",
    ),
    Rule(
        "kms-lockout-check",
        Severity.MEDIUM,
        "KMS checks that a key's policy does not lock its owner out",
        "Nobody could change or delete the key.",
        "Remove bypassPolicyLockoutSafetyCheck.",
        _KEY,
        must_not_be("bypassPolicyLockoutSafetyCheck", True),
    ),
    Rule(
        "secret-value-encrypted",
        Severity.CRITICAL,
        "The content of a secret is a secret of Pulumi",
        "It is in plain text in Pulumi's state and in the output of its commands.",
        "Pass it as pulumi.Output.secret.",
        ("secretsmanager/secretVersion:SecretVersion",),
        encrypted_in_state("secretString"),
    ),
    Rule(
        "secret-recovery",
        Severity.MEDIUM,
        "A deleted secret can be restored for a week",
        "The app cannot start without its secrets.",
        "Set recoveryWindowInDays to 7 or more, or deletionProtection to true.",
        _SECRET,
        _recoverable,
        "",
        "deletionProtection",
    ),
    Rule(
        "secret-rotation",
        Severity.LOW,
        "Secrets are rotated by Secrets Manager",
        "Whoever once got a password can use it for years.",
        "Create a secretsmanager.SecretRotation.",
        _SECRET,
        has("secretsmanager/secretRotation:SecretRotation", "secretId", "rotation"),
        "CKV2_AWS_57 CKV_AWS_304 AwsSolutions-SMG4 SecretsManager.1 SecretsManager.4",
    ),
    Rule(
        "ssm-encrypted",
        Severity.LOW,
        "Parameters are encrypted",
        "Everybody who may read parameters sees the value.",
        "Set type to SecureString, if the value is secret.",
        ("ssm/parameter:Parameter",),
        _encrypted_parameter,
        "CKV2_AWS_34 CKV_AWS_337",
    ),
    Rule(
        "acm-wildcard",
        Severity.LOW,
        "Certificates name their domains",
        "Whoever gets the key of a wildcard certificate can pretend to be every subdomain.",
        "Name the domains in domain and domainAliases.",
        _CERTIFICATE,
        _wildcard,
        "CKV2_AWS_71",
        "domain",
    ),
    Rule(
        "acm-transparency",
        Severity.MEDIUM,
        "Certificates are in the transparency logs",
        "Browsers show a warning, and nobody notices a certificate of somebody else.",
        "Remove options.certificateTransparencyLoggingPreference.",
        _CERTIFICATE,
        must_not_be("options.certificateTransparencyLoggingPreference", "DISABLED"),
        "CKV_AWS_234",
    ),
    Rule(
        "acm-dns-validation",
        Severity.LOW,
        "Certificates are validated by DNS",
        "AWS cannot renew a certificate that is validated by email without somebody's click.",
        "Set validationMethod to DNS.",
        _CERTIFICATE,
        must_not_be("validationMethod", "EMAIL"),
        "ACM.1 acmCertificateExpiration",
    ),
    Rule(
        "acm-key",
        Severity.MEDIUM,
        "Certificates have a key of 2048 bits or more",
        "Shorter keys can be broken.",
        "Remove keyAlgorithm.",
        _CERTIFICATE,
        must_be("keyAlgorithm", *_KEY_ALGORITHMS, default="RSA_2048"),
        "ACM.2",
    ),
)

"""Rules about image repositories."""

from ...model import Severity
from ..checks import has, must_be, must_not_be
from ..rule import Rule

_REPOSITORY = ("ecr/repository:Repository",)

RULES = (
    Rule(
        "ecr-scan",
        Severity.MEDIUM,
        "Images are scanned when they are pushed",
        "Known vulnerabilities are deployed unseen.",
        "Set imageScanningConfiguration.scanOnPush to true.",
        _REPOSITORY,
        must_be("imageScanningConfiguration.scanOnPush", True),
        "CKV_AWS_163 AWS-0030 ECR.1",
    ),
    Rule(
        "ecr-immutable-tags",
        Severity.MEDIUM,
        "Tags of images cannot be moved",
        "Another image could take the place of one that was reviewed.",
        "Set imageTagMutability to IMMUTABLE.",
        _REPOSITORY,
        must_be("imageTagMutability", "IMMUTABLE"),
        "CKV_AWS_51 AWS-0031 ECR.2",
    ),
    Rule(
        "ecr-lifecycle",
        Severity.LOW,
        "Repositories delete old images",
        "Images that nobody runs cost money, and hold vulnerabilities.",
        "Create an ecr.LifecyclePolicy.",
        _REPOSITORY,
        has("ecr/lifecyclePolicy:LifecyclePolicy", "repository", "lifecyclePolicy"),
        "ECR.3",
    ),
    Rule(
        "ecr-force-delete",
        Severity.LOW,
        "Repositories are not deleted with their images",
        "No rollback is possible without the old images.",
        "Set forceDelete to false.",
        _REPOSITORY,
        must_not_be("forceDelete", True),
    ),
)

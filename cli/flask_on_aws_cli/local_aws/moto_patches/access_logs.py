"""Whether S3 may write access logs to a bucket."""

import json
from fnmatch import fnmatchcase
from typing import Any

from moto.s3.models import FakeBucket

from ._patch import patch

_SERVICE = "logging.s3.amazonaws.com"


def _may_log(target_bucket: Any, target_prefix: str | None) -> bool:
    """Whether the target bucket's policy lets S3 put objects with this prefix."""
    object_arn = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}log"
    statements: list[Any] = json.loads(target_bucket.policy)["Statement"] if target_bucket.policy else []
    return any(
        isinstance(statement.get("Principal"), dict)
        and statement["Principal"].get("Service") == _SERVICE
        and statement["Effect"] == "Allow"
        and "s3:PutObject" in statement["Action"]
        and fnmatchcase(object_arn, statement["Resource"])
        for statement in statements
    )


def _log_permissions(_: Any, target_bucket: Any, target_prefix: str | None) -> bool:
    """moto fails on a policy with the principal `*`, and compares wildcards in a resource literally."""
    return _may_log(target_bucket, target_prefix)


def patch_access_logs() -> None:
    """Apply this patch."""
    patch(FakeBucket, "_log_permissions_enabled_policy")(_log_permissions)

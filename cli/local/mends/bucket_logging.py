"""Where S3 may write server access logs: moto fails at a principal of `*`, and knows no wildcards in a resource."""

import json
from fnmatch import fnmatchcase
from typing import Any

from moto.s3.models import FakeBucket

_SERVICE = "logging.s3.amazonaws.com"


def _may_log(target_bucket: Any, target_prefix: str | None) -> bool:
    """Whether the target bucket's policy lets S3 put objects with this prefix, as S3 checks it."""
    wanted = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}log"
    statements: list[Any] = json.loads(target_bucket.policy)["Statement"] if target_bucket.policy else []
    return any(
        isinstance(statement.get("Principal"), dict)
        and statement["Principal"].get("Service") == _SERVICE
        and statement["Effect"] == "Allow"
        and "s3:PutObject" in statement["Action"]
        and fnmatchcase(wanted, statement["Resource"])
        for statement in statements
    )


def mend_bucket_logging() -> None:
    """Put the replacement in place; a static method, so the same when it is done twice."""
    FakeBucket._log_permissions_enabled_policy = staticmethod(_may_log)  # type: ignore[method-assign]  # pyright: ignore[reportPrivateUsage]

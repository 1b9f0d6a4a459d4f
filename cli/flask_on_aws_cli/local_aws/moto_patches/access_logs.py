"""What access logs need: where S3 may write them, and the ARN of a distribution that sends some."""

import json
import re
from fnmatch import fnmatchcase
from typing import Any

from moto.cloudfront.models import Distribution
from moto.s3.models import FakeBucket

_SERVICE = "logging.s3.amazonaws.com"


def _may_log(target_bucket: Any, target_prefix: str | None) -> bool:
    """Whether the target bucket's policy lets S3 put objects with this prefix.

    moto fails at a principal of `*`, and knows no wildcards in a resource.
    """
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


def _init_distribution(self: Any, *args: Any, **kwargs: Any) -> None:
    """CloudFront's ARNs have an empty region; moto leaves its place out."""
    _original_init(self, *args, **kwargs)
    self.arn = re.sub(r":cloudfront:(?=\d)", ":cloudfront::", self.arn)


_original_init: Any = Distribution.__init__


def mend_access_logs() -> None:
    """Put these replacements in place; done twice, it is the same."""
    FakeBucket._log_permissions_enabled_policy = staticmethod(_may_log)  # type: ignore[method-assign]  # pyright: ignore[reportPrivateUsage]
    Distribution.__init__ = _init_distribution  # type: ignore[method-assign]

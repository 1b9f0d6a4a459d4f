"""Whether a web ACL of AWS WAF has the scope of the resource that it protects: a load balancer's, or CloudFront's."""

from collections.abc import Iterator
from enum import Enum
from typing import Any

from ..validation.problems import Problem
from ..validation.references import WEB_ACL, arn_problems
from .cloudfront_region import CLOUDFRONT_REGION


class Scope(Enum):
    """What a web ACL can protect, which is fixed when it is created."""

    REGIONAL = "regional"
    CLOUDFRONT = "global"


_EXAMPLES = {
    Scope.REGIONAL: "one of scope REGIONAL in the stack's region, like arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID",
    Scope.CLOUDFRONT: f"one of scope CLOUDFRONT, like arn:aws:wafv2:{CLOUDFRONT_REGION}:ACCOUNT:global/webacl/NAME/ID",
}


def scope_of(arn: str) -> Scope:
    """The scope of the web ACL with this ARN."""
    return Scope.CLOUDFRONT if ":global/webacl/" in arn else Scope.REGIONAL


def web_acl_problems(argument: str, value: Any, wanted: Scope, reason: str) -> Iterator[Problem]:
    """The ARN of a web ACL; the value of an output is left to AWS to check.

    Args:
        argument: the argument's name.
        value: the ARN.
        wanted: the required scope.
        reason: why it is required, as the end of a clause.
    """
    if not isinstance(value, str):
        return
    malformed = list(arn_problems(argument, value, WEB_ACL))
    yield from malformed
    if malformed:
        return
    scope = scope_of(value)
    if scope is not wanted:
        yield Problem(argument, f"{value!r} is of scope {scope.name}, but {reason}; give {_EXAMPLES[wanted]}.")
    elif wanted is Scope.CLOUDFRONT and value.startswith("arn:aws:") and value.split(":")[3] != CLOUDFRONT_REGION:
        yield Problem(
            argument,
            f"{value!r} names {value.split(':')[3]}, but all web ACLs of scope CLOUDFRONT are in {CLOUDFRONT_REGION}; "
            "copy the ARN that AWS shows.",
        )

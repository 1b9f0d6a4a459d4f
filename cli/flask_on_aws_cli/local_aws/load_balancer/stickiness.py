"""Sticky sessions: the cookie by which a client's requests reach the same target. Pure functions.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#sticky-sessions
"""

import base64
import hashlib
import time
from collections.abc import Iterable
from wsgiref.handlers import format_date_time

from ...local_project.location import Target

_NAME = "AWSALB"
# The same value for requests from other sites, whose cookies must have SameSite=None.
_CORS_NAME = "AWSALBCORS"


def cookie_value(group_arn: str, target: Target) -> str:
    """The value that stands for a target of a group; it is opaque, as AWS's is, and outlives a restart."""
    text = f"{group_arn} {target.host}:{target.port}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def received_value(headers: Iterable[tuple[str, str]]) -> str:
    """The value in a request's cookies; empty without one."""
    for name, value in headers:
        if name.lower() == "cookie":
            for cookie in value.split(";"):
                key, _, text = cookie.strip().partition("=")
                if key in (_NAME, _CORS_NAME):
                    return text
    return ""


def cookie_fields(value: str, seconds: int) -> list[tuple[bytes, bytes]]:
    """The header fields of a response that set the cookie for this many seconds, each time anew."""
    expires = format_date_time(time.time() + seconds)
    fields = (
        f"{_NAME}={value}; Expires={expires}; Path=/",
        f"{_CORS_NAME}={value}; Expires={expires}; Path=/; SameSite=None; Secure",
    )
    return [(b"set-cookie", field.encode()) for field in fields]

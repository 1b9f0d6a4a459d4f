"""How a load balancer changes the header fields of requests and responses: pure functions.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
"""

import re
import secrets
import time
from collections.abc import Iterable, Sequence

Headers = Sequence[tuple[str, str]]

# Fixed quotas for HTTP headers, in bytes:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
_MAX_REQUEST_LINE = 16 * 1024
_MAX_HEADER = 16 * 1024
_MAX_REQUEST_HEAD = 64 * 1024
MAX_RESPONSE_HEAD = 32 * 1024
# More addresses in X-Forwarded-For get a 463:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
_MAX_FORWARDERS = 30
# Bytes of the colon, the space and the line ending, which every field has in addition to its name and value.
_FIELD_OVERHEAD = 4

# Hop-by-hop fields of RFC 9110, 7.6.1, and older ones that clients still send.
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings"}
)
_VALID_NAME = re.compile(r"[A-Za-z0-9-]+")
_TRACE_ID = "x-amzn-trace-id"


def rejection_status(method: str, target: str, headers: Headers) -> int | None:
    """The status with which AWS rejects a request for its method, line or header fields; None if it accepts it."""
    if method == "TRACE":
        return 405
    if not target.startswith("/") or sum(name.lower() == "host" for name, _ in headers) != 1:
        return 400
    line = len(method) + len(target) + len("  HTTP/1.1\r\n")
    if line > _MAX_REQUEST_LINE:
        return 414
    sizes = [len(name) + len(value) + _FIELD_OVERHEAD for name, value in headers]
    if line + sum(sizes) > _MAX_REQUEST_HEAD or max(sizes, default=0) > _MAX_HEADER:
        return 400
    forwarders = ",".join(value for name, value in headers if name.lower() == "x-forwarded-for")
    return 463 if len(forwarders.split(",")) > _MAX_FORWARDERS else None


def end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The fields without hop-by-hop fields, including those that Connection names."""
    fields = list(headers)
    named = {
        token.strip().lower() for name, value in fields if name.lower() == "connection" for token in value.split(",")
    }
    return [(name, value) for name, value in fields if name.lower() not in _HOP_BY_HOP | named]


def without_invalid(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The fields with names of letters, digits and hyphens only; others, like `X_Forwarded_For`, can mislead an app."""
    return [(name, value) for name, value in headers if _VALID_NAME.fullmatch(name)]


def forwarded(headers: Iterable[tuple[str, str]], client: str, scheme: str, port: int, mode: str) -> Headers:
    """The fields with X-Forwarded-For, -Proto and -Port as the load balancer sets them.

    `append` adds the client's address to the received value, `preserve` leaves the received value unchanged, and
    `remove` removes it. Received values of X-Forwarded-Proto and -Port are always replaced.
    """
    fields = [(name, value) for name, value in headers if name.lower() not in {"x-forwarded-proto", "x-forwarded-port"}]
    received = [value for name, value in fields if name.lower() == "x-forwarded-for"]
    if mode != "preserve":
        fields = [(name, value) for name, value in fields if name.lower() != "x-forwarded-for"]
    if mode == "append":
        fields.append(("X-Forwarded-For", ", ".join([*received, client])))
    return [*fields, ("X-Forwarded-Proto", scheme), ("X-Forwarded-Port", str(port))]


def new_trace_id() -> str:
    """An id like `Root=1-67891233-abcdef012345678912345678`: seconds since 1970 and 96 random bits, in hexadecimal."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def with_trace_id(headers: Headers, new_id: str) -> tuple[Headers, str]:
    """The fields with X-Amzn-Trace-Id, and its value.

    If the received value has a `Root`, the load balancer adds or replaces `Self`; otherwise `new_id` is the `Root`.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
    """
    received = next((value for name, value in headers if name.lower() == _TRACE_ID), "")
    parts = [part.strip() for part in received.split(";") if part.strip() and not part.strip().startswith("Self=")]
    if any(part.startswith("Root=") for part in parts):
        value = ";".join([new_id.replace("Root=", "Self=", 1), *parts])
    else:
        value = ";".join([new_id, *parts])
    return [*[pair for pair in headers if pair[0].lower() != _TRACE_ID], ("X-Amzn-Trace-Id", value)], value

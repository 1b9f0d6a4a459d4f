"""What a load balancer does to the header fields of a request and of an answer: pure functions.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
"""

import re
import secrets
import time
from collections.abc import Iterable, Sequence

Headers = Sequence[tuple[str, str]]

# Quotas of HTTP headers that cannot be raised, in bytes:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
_LONGEST_REQUEST_LINE = 16 * 1024
_LONGEST_HEADER = 16 * 1024
_LONGEST_REQUEST_HEAD = 64 * 1024
LONGEST_RESPONSE_HEAD = 32 * 1024
# More addresses in X-Forwarded-For are answered with 463 (load-balancer-troubleshooting).
_MOST_FORWARDERS = 30
# Colon, space and the line's end, which every field has beside its name and value.
_FIELD_OVERHEAD = 4

# RFC 9110, 7.6.1, and the older ones that clients still send; they are each connection's own business.
_OF_THE_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings"}
)
_VALID_NAME = re.compile(r"[A-Za-z0-9-]+")
_TRACE = "x-amzn-trace-id"


def head_problem(method: str, target: str, headers: Headers) -> int | None:
    """The status with which AWS refuses a request for its method, line or header fields; None when it takes it."""
    if method == "TRACE":
        return 405
    if not target.startswith("/") or sum(name.lower() == "host" for name, _ in headers) != 1:
        return 400
    line = len(method) + len(target) + len("  HTTP/1.1\r\n")
    if line > _LONGEST_REQUEST_LINE:
        return 414
    sizes = [len(name) + len(value) + _FIELD_OVERHEAD for name, value in headers]
    if line + sum(sizes) > _LONGEST_REQUEST_HEAD or max(sizes, default=0) > _LONGEST_HEADER:
        return 400
    forwarders = ",".join(value for name, value in headers if name.lower() == "x-forwarded-for")
    return 463 if len(forwarders.split(",")) > _MOST_FORWARDERS else None


def end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The fields without those that concern one connection alone, also those that Connection names."""
    kept = list(headers)
    named = {
        token.strip().lower() for name, value in kept if name.lower() == "connection" for token in value.split(",")
    }
    return [(name, value) for name, value in kept if name.lower() not in _OF_THE_CONNECTION | named]


def without_invalid(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The fields whose names are letters, digits and hyphens; the rest, like `X_Forwarded_For`, could fool an app."""
    return [(name, value) for name, value in headers if _VALID_NAME.fullmatch(name)]


def forwarded(headers: Iterable[tuple[str, str]], client: str, scheme: str, port: int, mode: str) -> Headers:
    """The fields with X-Forwarded-For, -Proto and -Port as the load balancer sets them.

    The client's address is appended to what came (`append`), what came is left alone (`preserve`) or taken out
    (`remove`). Proto and Port are the load balancer's own, whatever came.
    """
    kept = [(name, value) for name, value in headers if name.lower() not in {"x-forwarded-proto", "x-forwarded-port"}]
    came = [value for name, value in kept if name.lower() == "x-forwarded-for"]
    if mode != "preserve":
        kept = [(name, value) for name, value in kept if name.lower() != "x-forwarded-for"]
    if mode == "append":
        kept.append(("X-Forwarded-For", ", ".join([*came, client])))
    return [*kept, ("X-Forwarded-Proto", scheme), ("X-Forwarded-Port", str(port))]


def new_trace_id() -> str:
    """An id like `Root=1-67891233-abcdef012345678912345678`: seconds since 1970 and 96 random bits, in hexadecimal."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def traced(headers: Headers, fresh: str) -> tuple[Headers, str]:
    """The fields with X-Amzn-Trace-Id, and its value.

    Where one came with a Root, the load balancer adds or renews its own `Self`; else it sets `fresh`, as a `Root`.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
    """
    came = next((value for name, value in headers if name.lower() == _TRACE), "")
    parts = [part.strip() for part in came.split(";") if part.strip() and not part.strip().startswith("Self=")]
    if any(part.startswith("Root=") for part in parts):
        value = ";".join([fresh.replace("Root=", "Self=", 1), *parts])
    else:
        value = ";".join([fresh, *parts])
    return [*[pair for pair in headers if pair[0].lower() != _TRACE], ("X-Amzn-Trace-Id", value)], value

"""A received request: the parts that rules evaluate, and the header fields for the target."""

from dataclasses import dataclass
from typing import Any

from ..access_log import Entry
from ..configuration import Listener, LoadBalancer
from ..rules import Request
from .headers import Headers, end_to_end, forwarded, new_trace_id, rejection_status, with_trace_id, without_invalid

# The server has already responded to it; it must not reach the target.
_HANDLED_BY_SERVER = frozenset({"expect"})


@dataclass(frozen=True)
class Incoming:
    """A received request."""

    rule_request: Request
    """The parts of the request that rules evaluate."""
    headers: Headers
    """The header fields for the target."""
    scheme: str
    local_port: int
    """The port on this machine to which the client connected."""
    rejection: int | None
    """The status with which the request is rejected; None if it is valid."""
    entry: Entry


def read_request(scope: dict[str, Any], balancer: LoadBalancer, listener: Listener) -> Incoming:
    """The request of an ASGI scope."""
    received = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    method = scope.get("method", "GET")
    rejection = rejection_status(method, f"{path}?{query}" if query else path, received)
    client = scope["client"][0]
    scheme, port = listener.protocol.lower(), scope["server"][1]
    headers = end_to_end(received)
    if balancer.drop_invalid_header_fields:
        headers = without_invalid(headers)
    if listener.edge_headers is not None:
        # The CDN's address is the client's here, since both are on this machine.
        headers = [*forwarded(headers, client, scheme, port, "append"), *listener.edge_headers]
    headers = [pair for pair in headers if pair[0].lower() not in _HANDLED_BY_SERVER]
    target_headers = forwarded(headers, client, scheme, port, balancer.x_forwarded_for)
    target_headers, trace_id = with_trace_id(target_headers, new_trace_id())
    host = next((value for name, value in received if name.lower() == "host"), "")
    rule_request = Request(method, host, path, query, headers, client)
    entry = _entry(scope, balancer, rule_request, f"{client}:{scope['client'][1]}", trace_id)
    return Incoming(rule_request, target_headers, scheme, port, rejection, entry)


def _entry(scope: dict[str, Any], balancer: LoadBalancer, request: Request, client: str, trace_id: str) -> Entry:
    version = scope["http_version"]
    kind = "h2" if version == "2" else scope["scheme"]
    url = f"{scope['scheme']}://{request.host}{request.path}" + (f"?{request.query}" if request.query else "")
    return Entry(
        kind=kind,
        balancer=balancer.arn.partition("loadbalancer/")[2] or balancer.arn,
        client=client,
        method=request.method,
        url=url,
        version=f"HTTP/{version}" if "." in version else f"HTTP/{version}.0",
        user_agent=next((value for name, value in request.headers if name.lower() == "user-agent"), ""),
        domain=request.host_name,
        trace_id=trace_id,
    )

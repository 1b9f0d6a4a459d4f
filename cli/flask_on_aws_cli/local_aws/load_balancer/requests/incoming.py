"""A request as it came in: what the rules see of it, and the header fields that its target gets."""

from dataclasses import dataclass
from typing import Any

from ..access_log import Entry
from ..configuration import Listener, LoadBalancer
from ..rules import Request
from .headers import Headers, end_to_end, forwarded, head_problem, new_trace_id, traced, without_invalid

# The server has answered it before the body comes; a target is not asked a second time.
_ANSWERED_HERE = frozenset({"expect"})


@dataclass(frozen=True)
class Incoming:
    """A request on its way."""

    seen: Request
    """What the rules look at."""
    headers: Headers
    """For the target."""
    scheme: str
    local_port: int
    """The port of this machine to which the client connected."""
    problem: int | None
    """The status with which the request is refused; None when it is in order."""
    entry: Entry


def incoming(scope: dict[str, Any], balancer: LoadBalancer, listener: Listener) -> Incoming:
    """The request of an ASGI scope."""
    came = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    method = scope.get("method", "GET")
    problem = head_problem(method, f"{path}?{query}" if query else path, came)
    client = scope["client"][0]
    scheme, port = listener.protocol.lower(), scope["server"][1]
    headers = end_to_end(came)
    if balancer.drop_invalid_header_fields:
        headers = without_invalid(headers)
    if listener.edge_headers is not None:
        # The network's own address is the visitor's here, since both are this machine.
        headers = [*forwarded(headers, client, scheme, port, "append"), *listener.edge_headers]
    headers = [pair for pair in headers if pair[0].lower() not in _ANSWERED_HERE]
    sent = forwarded(headers, client, scheme, port, balancer.x_forwarded_for)
    sent, trace_id = traced(sent, new_trace_id())
    host = next((value for name, value in came if name.lower() == "host"), "")
    seen = Request(method, host, path, query, headers, client)
    entry = _entry(scope, balancer, seen, f"{client}:{scope['client'][1]}", trace_id)
    return Incoming(seen, sent, scheme, port, problem, entry)


def _entry(scope: dict[str, Any], balancer: LoadBalancer, seen: Request, client: str, trace_id: str) -> Entry:
    version = scope["http_version"]
    kind = "h2" if version == "2" else scope["scheme"]
    url = f"{scope['scheme']}://{seen.host}{seen.path}" + (f"?{seen.query}" if seen.query else "")
    return Entry(
        kind=kind,
        balancer=balancer.arn.partition("loadbalancer/")[2] or balancer.arn,
        client=client,
        method=seen.method,
        url=url,
        version=f"HTTP/{version}" if "." in version else f"HTTP/{version}.0",
        user_agent=next((value for name, value in seen.headers if name.lower() == "user-agent"), ""),
        domain=seen.host_name,
        trace_id=trace_id,
    )

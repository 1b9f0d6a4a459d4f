"""Chooses the rule that applies to a request, and evaluates its action: pure functions.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from urllib.parse import parse_qsl

from .configuration import (
    Condition,
    Forward,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    PathPattern,
    QueryString,
    Redirect,
    Rule,
    SourceIp,
)


@dataclass(frozen=True)
class Request:
    """The parts of a request that rules evaluate."""

    method: str
    host: str
    """The Host header as sent, with its port if any."""
    path: str
    """The path as sent, percent-encoded."""
    query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    source_ip: str = "127.0.0.1"

    @property
    def host_name(self) -> str:
        """The host without its port; an IPv6 address keeps its brackets."""
        return re.sub(r":\d*$", "", self.host)


@lru_cache(maxsize=4096)
def _pattern(wildcards: str, ignore_case: bool) -> re.Pattern[str]:
    parts = [".*" if char == "*" else "." if char == "?" else re.escape(char) for char in wildcards]
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def matches(wildcards: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether the whole text matches a pattern in which `*` matches any characters or none, and `?` exactly one."""
    return _pattern(wildcards, ignore_case).fullmatch(text) is not None


def _meets(condition: Condition, request: Request) -> bool:
    match condition:
        case HostHeader(values):
            return any(matches(value, request.host_name, ignore_case=True) for value in values)
        case PathPattern(values):
            return any(matches(value, request.path) for value in values)
        case HttpHeader(name, values):
            texts = [text for header, text in request.headers if header.lower() == name.lower()]
            return any(matches(value, text, ignore_case=True) for text in texts for value in values)
        case HttpRequestMethod(values):
            return request.method in values
        case QueryString(values):
            pairs = parse_qsl(request.query, keep_blank_values=True)
            return any(_has_pair(pairs, key, value) for key, value in values)
        case SourceIp(values):
            address = ip_address(request.source_ip)
            return any(address in ip_network(value, strict=False) for value in values)


def _has_pair(pairs: Iterable[tuple[str, str]], key: str | None, value: str) -> bool:
    return any(
        matches(value, text, ignore_case=True) and (key is None or matches(key, name, ignore_case=True))
        for name, text in pairs
    )


def choose_rule(rules: Sequence[Rule], request: Request) -> Rule | None:
    """The rule with the lowest priority whose conditions the request meets; the default rule comes last."""
    ordered = sorted(rules, key=lambda rule: (rule.priority is None, rule.priority or 0))
    return next((rule for rule in ordered if all(_meets(condition, request) for condition in rule.conditions)), None)


def choose_group(forward: Forward, chance: float) -> str | None:
    """The target group's ARN for a random number in [0, 1), in proportion to weights; None if all weights are 0.

    A group without healthy targets keeps its share, as on AWS.
    """
    total = sum(weight for _, weight in forward.groups)
    remaining = chance * total
    for arn, weight in forward.groups:
        if remaining < weight:
            return arn
        remaining -= weight
    return None


def redirect_location(
    action: Redirect, request: Request, scheme: str, port: int, local_ports: Mapping[int, int]
) -> str:
    """The URL to which a redirect leads.

    `local_ports` maps ports in the records to ports on this machine: a redirect to 443 leads to where 443 is served.
    """
    values = {
        "protocol": scheme,
        "host": request.host_name,
        "port": str(port),
        "path": request.path.removeprefix("/"),
        "query": request.query,
    }

    def fill(template: str) -> str:
        return re.sub(r"#\{(\w+)\}", lambda match: values.get(match[1], match[0]), template)

    location_port = fill(action.port)
    local_port = local_ports.get(int(location_port), int(location_port)) if action.port != "#{port}" else port
    query = fill(action.query)
    return f"{fill(action.protocol).lower()}://{fill(action.host)}:{local_port}{fill(action.path)}" + (
        query and f"?{query}"
    )

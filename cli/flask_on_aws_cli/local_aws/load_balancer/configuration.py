"""A load balancer's configuration as plain values, independent of where the records are kept.

The defaults are AWS's; every duration is in seconds.
"""

from dataclasses import dataclass, field
from typing import Literal

Protocol = Literal["HTTP", "HTTPS"]


@dataclass(frozen=True)
class HealthCheck:
    """How a target group checks whether its targets can serve requests.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """

    path: str = "/"
    port: int | None = None
    """The port to check; None for the port with which each target is registered."""
    protocol: Protocol = "HTTP"
    matcher: str = "200"
    """Status codes that pass: `200`, `200,202`, `200-299`."""
    interval: float = 30
    timeout: float = 5
    healthy_threshold: int = 5
    """Consecutive passes after which an unhealthy target is healthy; a new target needs only one."""
    unhealthy_threshold: int = 2
    """Consecutive failures after which a target is unhealthy."""
    routes: tuple[str, ...] | None = None
    """Health paths in the app's code, for the search of a target that does not answer `path`; None: no search."""


@dataclass(frozen=True)
class TargetGroup:
    """Targets that serve the same requests."""

    arn: str
    protocol: Protocol = "HTTP"
    algorithm: str = "round_robin"
    """`round_robin` or `least_outstanding_requests`; any other value means `round_robin`."""
    deregistration_delay: float = 300
    health_check: HealthCheck = field(default_factory=HealthCheck)
    sticky_seconds: int = 0
    """For how long a client's requests go to the same target; 0 for no sticky sessions."""


@dataclass(frozen=True)
class HostHeader:
    """Matches the host name without its port, ignoring case; `*` matches any characters, `?` exactly one."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class PathPattern:
    """Matches the path as sent, without the query; case-sensitive."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class HttpHeader:
    """Matches any value of a header field, ignoring case."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class HttpRequestMethod:
    """Matches the method exactly, without wildcards."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class QueryString:
    """Matches key and value pairs of the query; a key of None matches any key."""

    values: tuple[tuple[str | None, str], ...]


@dataclass(frozen=True)
class SourceIp:
    """Matches the source address of the connection against networks in CIDR notation."""

    values: tuple[str, ...]


Condition = HostHeader | PathPattern | HttpHeader | HttpRequestMethod | QueryString | SourceIp


@dataclass(frozen=True)
class Forward:
    """Sends the request to a target of one of the target groups, each with a weight from 0 to 999."""

    groups: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Redirect:
    """Redirects to a URL.

    Its parts may contain `#{protocol}`, `#{host}`, `#{port}`, `#{path}` (without its first slash) and `#{query}`.
    """

    status: int = 301
    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"


@dataclass(frozen=True)
class FixedResponse:
    """A response of the load balancer itself."""

    status: int
    content_type: str = "text/plain"
    body: str = ""


Action = Forward | Redirect | FixedResponse


@dataclass(frozen=True)
class Rule:
    """An action for the requests that meet all conditions."""

    priority: int | None
    """The lowest is tried first; None is the listener's default rule, which is tried last."""
    action: Action
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Listener:
    """A port of a load balancer."""

    arn: str
    port: int
    """The port in the records, such as 443; the port on this machine differs."""
    protocol: Protocol
    rules: tuple[Rule, ...]
    edge_headers: tuple[tuple[str, str], ...] | None = None
    """Header fields that a CDN in front of the listener adds, such as CloudFront with the origin's secret.

    If set, even if empty, the listener serves TLS here, as the CDN does for its viewers, while X-Forwarded-Proto has
    the protocol in the records. Default: None, no CDN in front of it.
    """


@dataclass(frozen=True)
class LoadBalancer:
    """An Application Load Balancer."""

    arn: str
    listeners: tuple[Listener, ...] = ()
    idle_timeout: float = 60
    """Seconds without traffic after which a connection is closed, or a 504 is returned if the target is silent."""
    drop_invalid_header_fields: bool = False
    """Whether header fields whose names have characters other than letters, digits and hyphens are dropped."""
    x_forwarded_for: str = "append"
    """What happens to X-Forwarded-For: `append`, `preserve` or `remove`."""


@dataclass(frozen=True)
class Configuration:
    """All load balancers, and the target groups by ARN."""

    load_balancers: tuple[LoadBalancer, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()

    def target_group(self, arn: str) -> TargetGroup | None:
        """The target group with an ARN; None if there is none."""
        return next((group for group in self.target_groups if group.arn == arn), None)

    def _rules(self) -> list[Rule]:
        return [rule for balancer in self.load_balancers for listener in balancer.listeners for rule in listener.rules]

    def routed_groups(self) -> set[str]:
        """ARNs of the target groups to which any rule forwards."""
        actions = [rule.action for rule in self._rules()]
        return {arn for action in actions if isinstance(action, Forward) for arn, _ in action.groups}

    def host_patterns(self) -> set[str]:
        """The patterns of all host header conditions."""
        conditions = [condition for rule in self._rules() for condition in rule.conditions]
        hosts = [condition for condition in conditions if isinstance(condition, HostHeader)]
        return {pattern for host in hosts for pattern in host.values}

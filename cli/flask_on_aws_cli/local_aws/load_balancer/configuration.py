"""What a load balancer is told to do: plain values, whoever keeps the records.

The defaults are AWS's own; every duration is in seconds.
"""

from dataclasses import dataclass, field
from typing import Literal

Protocol = Literal["HTTP", "HTTPS"]


@dataclass(frozen=True)
class HealthCheck:
    """How a target group asks its targets whether they are fit for requests.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """

    path: str = "/"
    port: int | None = None
    """None asks each target on the port with which it is registered."""
    protocol: Protocol = "HTTP"
    matcher: str = "200"
    """Status codes that pass: `200`, `200,202`, `200-299`."""
    interval: float = 30
    timeout: float = 5
    healthy_threshold: int = 5
    """Passes in a row that bring an unhealthy target back; a new target needs one alone."""
    unhealthy_threshold: int = 2
    """Failures in a row that make a target unhealthy."""


@dataclass(frozen=True)
class TargetGroup:
    """Targets that serve the same requests."""

    arn: str
    protocol: Protocol = "HTTP"
    algorithm: str = "round_robin"
    """`round_robin` or `least_outstanding_requests`; anything else is taken as the first."""
    deregistration_delay: float = 300
    health_check: HealthCheck = field(default_factory=HealthCheck)


@dataclass(frozen=True)
class HostHeader:
    """The host name without its port, upper and lower case alike; `*` stands for any characters, `?` for one."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class PathPattern:
    """The path as it was sent, without the query; case matters."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class HttpHeader:
    """Any of the values of one header field; case does not matter."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class HttpRequestMethod:
    """The method, without wildcards."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class QueryString:
    """Pairs of key and value of the query; None as the key stands for any."""

    values: tuple[tuple[str | None, str], ...]


@dataclass(frozen=True)
class SourceIp:
    """Networks in CIDR notation that hold the address from which the connection came."""

    values: tuple[str, ...]


Condition = HostHeader | PathPattern | HttpHeader | HttpRequestMethod | QueryString | SourceIp


@dataclass(frozen=True)
class Forward:
    """Sends the request to a target of one of the groups, each with its weight from 0 to 999."""

    groups: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Redirect:
    """Each part may use `#{protocol}`, `#{host}`, `#{port}`, `#{path}` (without its first slash) and `#{query}`."""

    status: int = 301
    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"


@dataclass(frozen=True)
class FixedResponse:
    """An answer of the load balancer's own."""

    status: int
    content_type: str = "text/plain"
    body: str = ""


Action = Forward | Redirect | FixedResponse


@dataclass(frozen=True)
class Rule:
    """An action for the requests that meet all conditions."""

    priority: int | None
    """The lowest is tried first; None is the listener's default, the last of all."""
    action: Action
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Listener:
    """A port of a load balancer."""

    arn: str
    port: int
    """The port of the records, like 443; the port on this machine is another."""
    protocol: Protocol
    rules: tuple[Rule, ...]
    edge_headers: tuple[tuple[str, str], ...] | None = None
    """Header fields that a content delivery network before the listener adds, like CloudFront with its origin's secret.

    Where given, even if empty, the listener answers with TLS here, as the network does to its visitors, while the app
    is told what the records say. Default: None, no network before it.
    """


@dataclass(frozen=True)
class LoadBalancer:
    """An Application Load Balancer."""

    arn: str
    listeners: tuple[Listener, ...] = ()
    idle_timeout: float = 60
    """Seconds without traffic after which a connection is closed, or a target's silence answered with 504."""
    drop_invalid_header_fields: bool = False
    """Whether header fields with other characters than letters, digits and hyphens are dropped."""
    x_forwarded_for: str = "append"
    """What happens to X-Forwarded-For: `append`, `preserve` or `remove`."""


@dataclass(frozen=True)
class Configuration:
    """All load balancers, and the target groups by ARN."""

    load_balancers: tuple[LoadBalancer, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()

    def target_group(self, arn: str) -> TargetGroup | None:
        """The group with the ARN; None where there is none."""
        return next((group for group in self.target_groups if group.arn == arn), None)

    def _rules(self) -> list[Rule]:
        return [rule for balancer in self.load_balancers for one in balancer.listeners for rule in one.rules]

    def routed_groups(self) -> set[str]:
        """ARNs of the groups to which some rule forwards."""
        actions = [rule.action for rule in self._rules()]
        return {arn for action in actions if isinstance(action, Forward) for arn, _ in action.groups}

    def hosts(self) -> set[str]:
        """Patterns of all host conditions."""
        conditions = [one for rule in self._rules() for one in rule.conditions]
        return {value for one in conditions if isinstance(one, HostHeader) for value in one.values}

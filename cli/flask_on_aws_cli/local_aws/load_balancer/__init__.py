"""Application Load Balancers that really route requests, on this machine."""

from .balancer import Balancer
from .configuration import (
    Configuration,
    FixedResponse,
    Forward,
    HealthCheck,
    HostHeader,
    HttpHeader,
    HttpRequestMethod,
    Listener,
    LoadBalancer,
    PathPattern,
    QueryString,
    Redirect,
    Rule,
    SourceIp,
    TargetGroup,
)

__all__ = [
    "Balancer",
    "Configuration",
    "FixedResponse",
    "Forward",
    "HealthCheck",
    "HostHeader",
    "HttpHeader",
    "HttpRequestMethod",
    "Listener",
    "LoadBalancer",
    "PathPattern",
    "QueryString",
    "Redirect",
    "Rule",
    "SourceIp",
    "TargetGroup",
]

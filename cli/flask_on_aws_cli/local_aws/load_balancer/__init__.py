"""Application Load Balancers that really balance, on this machine."""

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
from .part import Balancer

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

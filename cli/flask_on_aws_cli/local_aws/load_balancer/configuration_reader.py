"""Reads the load balancers' configuration from the AWS endpoint."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from flask_on_aws.ingress.health_path import DEFAULT_HEALTH_PATH

from .configuration import (
    Action,
    Condition,
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

Record = Mapping[str, Any]
EdgeHeaders = Callable[[str], tuple[tuple[str, str], ...] | None]

# One read is about ten calls of a few milliseconds each, and each step of a deployment waits for seconds anyway.
# Reading once a second costs a few hundredths of a processor.
REFRESH_SECONDS = 1.0


class Elbv2(Protocol):
    """The part of boto3's client `elbv2` that is used here."""

    def get_paginator(self, operation_name: str) -> Any:
        """A paginator of an operation's responses."""
        ...

    def describe_rules(self, *, ListenerArn: str) -> Any:
        """A listener's rules."""
        ...

    def describe_load_balancer_attributes(self, *, LoadBalancerArn: str) -> Any:
        """A load balancer's attributes."""
        ...

    def describe_target_group_attributes(self, *, TargetGroupArn: str) -> Any:
        """A target group's attributes."""
        ...


def _no_edge_headers(_listener_arn: str) -> None:
    return None


def _no_search() -> None:
    return None


class ConfigurationReader:
    """Reads the configuration, and caches it for a second.

    `edge_headers` returns, for a listener's ARN, the header fields that a CDN in front of it adds; None if there is no
    CDN. Default: no CDN anywhere. `version` returns a new value after each change; while it is the same, the cache
    stays valid for longer. Default: a new value each time. `routes` returns the health paths in the app's code if the
    targets of groups with the default health path are searched for theirs, else None. Default: no search.
    """

    def __init__(
        self,
        client: Elbv2,
        edge_headers: EdgeHeaders = _no_edge_headers,
        *,
        version: Callable[[], object] = object,
        routes: Callable[[], tuple[str, ...] | None] = _no_search,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._edge_headers, self._version, self._clock = client, edge_headers, version, clock
        self._routes = routes
        self._read_at, self._read_version, self._configuration = float("-inf"), object(), Configuration()

    def __call__(self) -> Configuration:
        """The configuration, read again if it may have changed and the cache expired; raises the client's errors."""
        version = self._version()
        if version != self._read_version and self._clock() - self._read_at >= REFRESH_SECONDS:
            self._configuration = self._read()
            self._read_at, self._read_version = self._clock(), version
        return self._configuration

    def _read(self) -> Configuration:
        balancers = self._all("describe_load_balancers", "LoadBalancers")
        groups = self._all("describe_target_groups", "TargetGroups")
        return Configuration(
            tuple(self._balancer(record) for record in balancers if record["Type"] == "application"),
            tuple(self._group(record) for record in groups if record.get("Protocol") in ("HTTP", "HTTPS")),
        )

    def _all(self, operation: str, key: str, **arguments: str) -> list[Record]:
        pages: Iterable[Record] = self._client.get_paginator(operation).paginate(**arguments)
        return [record for page in pages for record in page[key]]

    def _balancer(self, record: Record) -> LoadBalancer:
        arn = record["LoadBalancerArn"]
        attributes = _attributes(self._client.describe_load_balancer_attributes(LoadBalancerArn=arn))
        listeners = self._all("describe_listeners", "Listeners", LoadBalancerArn=arn)
        return LoadBalancer(
            arn,
            tuple(self._listener(listener) for listener in listeners),
            idle_timeout=float(attributes.get("idle_timeout.timeout_seconds", 60)),
            drop_invalid_header_fields=attributes.get("routing.http.drop_invalid_header_fields.enabled") == "true",
            x_forwarded_for=attributes.get("routing.http.xff_header_processing.mode", "append"),
        )

    def _listener(self, record: Record) -> Listener:
        arn = record["ListenerArn"]
        rules = tuple(_rule(rule) for rule in self._client.describe_rules(ListenerArn=arn)["Rules"])
        return Listener(arn, record["Port"], record["Protocol"], rules, self._edge_headers(arn))

    def _group(self, record: Record) -> TargetGroup:
        arn = record["TargetGroupArn"]
        attributes = _attributes(self._client.describe_target_group_attributes(TargetGroupArn=arn))
        return TargetGroup(
            arn,
            record["Protocol"],
            attributes.get("load_balancing.algorithm.type", "round_robin"),
            float(attributes.get("deregistration_delay.timeout_seconds", 300)),
            _health_check(record, self._routes()),
            _sticky_seconds(attributes),
        )


def _attributes(response: Record) -> dict[str, str]:
    return {attribute["Key"]: attribute["Value"] for attribute in response["Attributes"]}


def _sticky_seconds(attributes: Mapping[str, str]) -> int:
    is_sticky = attributes.get("stickiness.enabled") == "true"
    # The other type is by a cookie of the app.
    is_supported = attributes.get("stickiness.type", "lb_cookie") == "lb_cookie"
    return int(attributes.get("stickiness.lb_cookie.duration_seconds", 86400)) if is_sticky and is_supported else 0


def _health_check(record: Record, routes: tuple[str, ...] | None) -> HealthCheck:
    default = HealthCheck()
    path = record.get("HealthCheckPath", default.path)
    port = record.get("HealthCheckPort", "traffic-port")
    return HealthCheck(
        path,
        None if port == "traffic-port" else int(port),
        record.get("HealthCheckProtocol", default.protocol),
        record.get("Matcher", {}).get("HttpCode", default.matcher),
        float(record.get("HealthCheckIntervalSeconds", default.interval)),
        float(record.get("HealthCheckTimeoutSeconds", default.timeout)),
        int(record.get("HealthyThresholdCount", default.healthy_threshold)),
        int(record.get("UnhealthyThresholdCount", default.unhealthy_threshold)),
        routes if path == DEFAULT_HEALTH_PATH else None,
    )


def _rule(record: Record) -> Rule:
    priority = None if record["Priority"] == "default" else int(record["Priority"])
    return Rule(priority, _action(record["Actions"]), tuple(map(_condition, record.get("Conditions", []))))


def _condition(record: Record) -> Condition:
    match record["Field"]:
        case "host-header":
            return HostHeader(_values(record, "HostHeaderConfig"))
        case "path-pattern":
            return PathPattern(_values(record, "PathPatternConfig"))
        case "http-header":
            return HttpHeader(record["HttpHeaderConfig"]["HttpHeaderName"], _values(record, "HttpHeaderConfig"))
        case "http-request-method":
            return HttpRequestMethod(_values(record, "HttpRequestMethodConfig"))
        case "query-string":
            pairs = record["QueryStringConfig"]["Values"]
            return QueryString(tuple((pair.get("Key"), pair["Value"]) for pair in pairs))
        case "source-ip":
            return SourceIp(_values(record, "SourceIpConfig"))
        case other:
            raise ValueError(f"A rule has a condition {other}, which the local load balancer does not support.")


def _values(record: Record, key: str) -> tuple[str, ...]:
    # Older requests have the values of hosts and paths next to the field's name.
    return tuple(record[key]["Values"] if record.get(key) else record["Values"])


def _action(actions: list[Record]) -> Action:
    """The last action, which responds or forwards; those before it authenticate, which is not supported here."""
    ordered = sorted(actions, key=lambda action: action.get("Order", 0))
    first, last = ordered[0]["Type"], ordered[-1]
    if first.startswith("authenticate"):
        return FixedResponse(501, body=f"The action {first} is not supported by the local load balancer.\n")
    match last["Type"]:
        case "forward":
            groups = last.get("ForwardConfig", {}).get("TargetGroups") or [{"TargetGroupArn": last["TargetGroupArn"]}]
            return Forward(tuple((group["TargetGroupArn"], int(group.get("Weight", 1))) for group in groups))
        case "redirect":
            return _redirect(last["RedirectConfig"])
        case "fixed-response":
            config = last["FixedResponseConfig"]
            content_type, body = config.get("ContentType") or "text/plain", config.get("MessageBody") or ""
            return FixedResponse(int(config["StatusCode"]), content_type, body)
        case other:
            return FixedResponse(501, body=f"The action {other} is not supported by the local load balancer.\n")


def _redirect(config: Record) -> Redirect:
    fields = {key.lower(): config[key] for key in ("Protocol", "Host", "Port", "Path", "Query") if config.get(key)}
    return Redirect(int(config["StatusCode"].removeprefix("HTTP_")), **fields)

"""The load balancers' configuration as the AWS endpoint tells it."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

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

# One reading is some ten calls of a few milliseconds each; a deployment waits seconds for each of its steps. Once a
# second costs a few hundredths of a processor, and no one notices the delay.
REFRESH_SECONDS = 1.0


class Elbv2(Protocol):
    """What is used of boto3's client `elbv2`; another that answers alike will do."""

    def get_paginator(self, operation_name: str) -> Any:
        """Pages of an operation's answers."""
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


def _no_edge(_listener_arn: str) -> None:
    return None


class Records:
    """Reads the configuration, and keeps it for a second.

    `edge_headers` tells by a listener's ARN which header fields a content delivery network before it adds; None where
    there is no network. Default: none anywhere. `version` is another one after each change; as long as it is the same,
    what was read is kept for longer. Default: unknown.
    """

    def __init__(
        self,
        client: Elbv2,
        edge_headers: EdgeHeaders = _no_edge,
        *,
        version: Callable[[], object] = object,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._edge_headers, self._version, self._clock = client, edge_headers, version, clock
        self._read_at, self._read_version, self._known = float("-inf"), object(), Configuration()

    def __call__(self) -> Configuration:
        """The configuration, at most a second old; raises what the client raises."""
        version = self._version()
        if version != self._read_version and self._clock() - self._read_at >= REFRESH_SECONDS:
            self._known = self._read()
            self._read_at, self._read_version = self._clock(), version
        return self._known

    def _read(self) -> Configuration:
        balancers = self._all("describe_load_balancers", "LoadBalancers")
        groups = self._all("describe_target_groups", "TargetGroups")
        return Configuration(
            tuple(self._balancer(one) for one in balancers if one["Type"] == "application"),
            tuple(self._group(one) for one in groups if one.get("Protocol") in ("HTTP", "HTTPS")),
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
            tuple(self._listener(one) for one in listeners),
            idle_timeout=float(attributes.get("idle_timeout.timeout_seconds", 60)),
            drop_invalid_header_fields=attributes.get("routing.http.drop_invalid_header_fields.enabled") == "true",
            x_forwarded_for=attributes.get("routing.http.xff_header_processing.mode", "append"),
        )

    def _listener(self, record: Record) -> Listener:
        arn = record["ListenerArn"]
        rules = tuple(_rule(one) for one in self._client.describe_rules(ListenerArn=arn)["Rules"])
        return Listener(arn, record["Port"], record["Protocol"], rules, self._edge_headers(arn))

    def _group(self, record: Record) -> TargetGroup:
        arn = record["TargetGroupArn"]
        attributes = _attributes(self._client.describe_target_group_attributes(TargetGroupArn=arn))
        return TargetGroup(
            arn,
            record["Protocol"],
            attributes.get("load_balancing.algorithm.type", "round_robin"),
            float(attributes.get("deregistration_delay.timeout_seconds", 300)),
            _health_check(record),
        )


def _attributes(answer: Record) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in answer["Attributes"]}


def _health_check(record: Record) -> HealthCheck:
    default = HealthCheck()
    port = record.get("HealthCheckPort", "traffic-port")
    return HealthCheck(
        record.get("HealthCheckPath", default.path),
        None if port == "traffic-port" else int(port),
        record.get("HealthCheckProtocol", default.protocol),
        record.get("Matcher", {}).get("HttpCode", default.matcher),
        float(record.get("HealthCheckIntervalSeconds", default.interval)),
        float(record.get("HealthCheckTimeoutSeconds", default.timeout)),
        int(record.get("HealthyThresholdCount", default.healthy_threshold)),
        int(record.get("UnhealthyThresholdCount", default.unhealthy_threshold)),
    )


def _rule(record: Record) -> Rule:
    priority = None if record["Priority"] == "default" else int(record["Priority"])
    return Rule(priority, _action(record["Actions"]), tuple(_condition(one) for one in record.get("Conditions", [])))


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
            raise ValueError(f"A rule has a condition {other}, which the local load balancer does not know.")


def _values(record: Record, key: str) -> tuple[str, ...]:
    # Older requests give the values of hosts and paths beside the field's name.
    return tuple(record[key]["Values"] if record.get(key) else record["Values"])


def _action(actions: list[Record]) -> Action:
    """The last action, which answers or forwards; those before it authenticate, which is not done here."""
    ordered = sorted(actions, key=lambda action: action.get("Order", 0))
    first, last = ordered[0]["Type"], ordered[-1]
    if first.startswith("authenticate"):
        return FixedResponse(501, body=f"The action {first} is not carried out by the local load balancer.\n")
    match last["Type"]:
        case "forward":
            groups = last.get("ForwardConfig", {}).get("TargetGroups") or [{"TargetGroupArn": last["TargetGroupArn"]}]
            return Forward(tuple((group["TargetGroupArn"], int(group.get("Weight", 1))) for group in groups))
        case "redirect":
            return _redirect(last["RedirectConfig"])
        case "fixed-response":
            config = last["FixedResponseConfig"]
            kind, body = config.get("ContentType") or "text/plain", config.get("MessageBody") or ""
            return FixedResponse(int(config["StatusCode"]), kind, body)
        case other:
            return FixedResponse(501, body=f"The action {other} is not carried out by the local load balancer.\n")


def _redirect(config: Record) -> Redirect:
    fields = {key.lower(): config[key] for key in ("Protocol", "Host", "Port", "Path", "Query") if config.get(key)}
    return Redirect(int(config["StatusCode"].removeprefix("HTTP_")), **fields)

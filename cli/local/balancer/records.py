"""The load balancers' records, read through the API as plain values; the health of their targets, written back."""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import boto3
from botocore.config import Config
from flask_on_aws.cdn import ORIGIN_HEADER

from ..parts import Place
from ..records import Records
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
    Protocol,
    QueryString,
    Redirect,
    Rule,
    SourceIp,
    TargetGroup,
)
from .part import Balancer

# What was read is good for this long: a new listener is a matter of seconds on AWS, and each reading is a dozen calls.
_FRESH_SECONDS = 1.0
# Health is written as often as the balancer looks at its own; a client that waits for it asks no faster.
_WRITE_SECONDS = 0.25
_MINUTE = 60.0


class Provider:
    """Reads for one balancer, and writes for it."""

    def __init__(self, place: Place, records: Records) -> None:
        session = boto3.Session("local", "local", region_name=place.region)
        # The endpoint is this very process: what it does not answer at once is wrong, and is asked again anyway.
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=5)
        self._elb: Any = session.client("elbv2", endpoint_url=place.endpoint, config=config)
        self._records = records
        self._known, self._read = Configuration(), 0.0
        self._counted: dict[str, list[tuple[float, int]]] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._write, name="target-health", daemon=True)

    def write_health_of(self, balancer: Balancer) -> None:
        """The balancer whose targets' health is written."""
        self._balancer = balancer

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was written stays."""
        self._done.set()
        self._thread.join()

    def configuration(self) -> Configuration:
        """What the load balancers are told; raises what boto3 raises while the endpoint does not answer."""
        if time.monotonic() - self._read > _FRESH_SECONDS:
            groups = tuple(self._group(one) for one in self._all("describe_target_groups", "TargetGroups"))
            balancers = tuple(self._balancer_of(one) for one in self._all("describe_load_balancers", "LoadBalancers"))
            self._known, self._read = Configuration(balancers, groups), time.monotonic()
        return self._known

    def requests_per_target(self, label: str) -> float:
        """Requests of the last minute for each target, by a scaling policy's resource label."""
        suffix = label[label.index("targetgroup/") :]
        group = next((one.arn for one in self._known.target_groups if one.arn.endswith(suffix)), "")
        counted, now = self._counted.get(group, []), time.monotonic()
        if not counted:
            return 0.0
        first = next(count for moment, count in counted if moment >= now - _MINUTE or moment == counted[-1][0])
        return (counted[-1][1] - first) / max(1, len(self._balancer.group_health(group)))

    def _write(self) -> None:
        while not self._done.wait(_WRITE_SECONDS):
            for group in self._known.target_groups:
                self._count(group.arn)
                told = self._balancer.group_health(group.arn)
                self._records.write_target_health(
                    group.arn, {(target.host, target.port): health for target, health in told.items()}
                )

    def _count(self, group_arn: str) -> None:
        now, counted = time.monotonic(), self._counted.setdefault(group_arn, [])
        counted.append((now, self._balancer.targets.group_counts(group_arn).requests))
        while counted[0][0] < now - _MINUTE:
            del counted[0]

    def _all(self, call: str, key: str, **arguments: Any) -> list[dict[str, Any]]:
        pages = self._elb.get_paginator(call).paginate(**arguments)
        return [one for page in pages for one in page[key]]

    def _group(self, told: Mapping[str, Any]) -> TargetGroup:
        attributes = self._attributes("describe_target_group_attributes", TargetGroupArn=told["TargetGroupArn"])
        port = told["HealthCheckPort"]
        return TargetGroup(
            arn=told["TargetGroupArn"],
            protocol=cast(Protocol, told["Protocol"]),
            algorithm=attributes.get("load_balancing.algorithm.type", "round_robin"),
            deregistration_delay=float(attributes.get("deregistration_delay.timeout_seconds", 300)),
            health_check=HealthCheck(
                path=told["HealthCheckPath"],
                port=None if port == "traffic-port" else int(port),
                protocol=cast(Protocol, told["HealthCheckProtocol"]),
                matcher=told["Matcher"]["HttpCode"],
                interval=told["HealthCheckIntervalSeconds"],
                timeout=told["HealthCheckTimeoutSeconds"],
                healthy_threshold=told["HealthyThresholdCount"],
                unhealthy_threshold=told["UnhealthyThresholdCount"],
            ),
        )

    def _attributes(self, call: str, **arguments: str) -> dict[str, str]:
        return {one["Key"]: one["Value"] for one in getattr(self._elb, call)(**arguments)["Attributes"]}

    def _balancer_of(self, told: Mapping[str, Any]) -> LoadBalancer:
        arn = told["LoadBalancerArn"]
        attributes = self._attributes("describe_load_balancer_attributes", LoadBalancerArn=arn)
        listeners = self._all("describe_listeners", "Listeners", LoadBalancerArn=arn)
        return LoadBalancer(
            arn=arn,
            listeners=tuple(self._listener(one) for one in listeners),
            idle_timeout=float(attributes.get("idle_timeout.timeout_seconds", 60)),
            drop_invalid_header_fields=attributes.get("routing.http.drop_invalid_header_fields.enabled") == "true",
            x_forwarded_for=attributes.get("routing.http.xff_header_processing.mode", "append"),
        )

    def _listener(self, told: Mapping[str, Any]) -> Listener:
        rules = self._elb.describe_rules(ListenerArn=told["ListenerArn"])["Rules"]
        made = tuple(_rule(one) for one in rules)
        return Listener(told["ListenerArn"], told["Port"], told["Protocol"], made, _edge_headers(made))


def _edge_headers(rules: Sequence[Rule]) -> tuple[tuple[str, str], ...] | None:
    """What CloudFront sends with each request where rules ask for its secret; None where none does."""
    conditions = [condition for rule in rules for condition in rule.conditions]
    secrets = [one.values[0] for one in conditions if isinstance(one, HttpHeader) and one.name == ORIGIN_HEADER]
    return ((ORIGIN_HEADER, secrets[0]),) if secrets else None


def _rule(told: Mapping[str, Any]) -> Rule:
    priority = None if told["Priority"] == "default" else int(told["Priority"])
    return Rule(priority, _action(told["Actions"][-1]), tuple(map(_condition, told.get("Conditions", ()))))


def _action(told: Mapping[str, Any]) -> Action:
    if told["Type"] == "redirect":
        given = told["RedirectConfig"]
        parts = {key.lower(): given[key] for key in ("Protocol", "Host", "Port", "Path", "Query") if given.get(key)}
        return Redirect(int(given["StatusCode"].removeprefix("HTTP_")), **parts)
    if told["Type"] == "fixed-response":
        given = told["FixedResponseConfig"]
        kind = given.get("ContentType") or "text/plain"
        return FixedResponse(int(given["StatusCode"]), kind, given.get("MessageBody") or "")
    groups = told.get("ForwardConfig", {}).get("TargetGroups") or [{"TargetGroupArn": told["TargetGroupArn"]}]
    return Forward(tuple((one["TargetGroupArn"], int(one.get("Weight", 1))) for one in groups))


def _condition(told: Mapping[str, Any]) -> Condition:
    field = told["Field"]
    if field == "http-header":
        given = told["HttpHeaderConfig"]
        return HttpHeader(given["HttpHeaderName"], tuple(given["Values"]))
    if field == "query-string":
        pairs = told["QueryStringConfig"]["Values"]
        return QueryString(tuple((pair.get("Key"), pair["Value"]) for pair in pairs))
    kind, config = {
        "host-header": (HostHeader, "HostHeaderConfig"),
        "path-pattern": (PathPattern, "PathPatternConfig"),
        "http-request-method": (HttpRequestMethod, "HttpRequestMethodConfig"),
        "source-ip": (SourceIp, "SourceIpConfig"),
    }[field]
    return kind(tuple(told.get(config, {}).get("Values") or told["Values"]))

"""Connects the load balancers to the API's records: CloudFront's header fields, target health and request counts."""

import time
from collections.abc import Callable
from typing import Any

from flask_on_aws.ingress.origin_header import ORIGIN_HEADER

from ..api.records import Records
from ..ecs.scheduler.autoscaling import SPEED
from ..faults import Faults
from ..loops import Loop
from .balancer import Balancer
from .configuration import Configuration

# Seconds between counts of requests; a target's health is written this often, and when it changes.
_WRITE_SECONDS = 1.0
_ACTIVITY = "writing the targets' health"
# Seconds that autoscaling treats as a minute.
_MINUTE = 60.0 / SPEED


def edge_headers(client: Any, cloudfront: Any) -> Callable[[str], tuple[tuple[str, str], ...] | None]:
    """A function from a listener's ARN to the header fields that CloudFront adds; None if it sends no requests there.

    It adds a secret if a rule requires one, and nothing if a VPC origin names the listener's load balancer.
    """

    def headers(listener_arn: str) -> tuple[tuple[str, str], ...] | None:
        if _load_balancer_id(listener_arn) in {_load_balancer_id(arn) for arn in _vpc_origins(cloudfront)}:
            return ()
        for rule in client.describe_rules(ListenerArn=listener_arn)["Rules"]:
            for condition in rule.get("Conditions", ()):
                header: dict[str, Any] = condition.get("HttpHeaderConfig") or {}
                if header.get("HttpHeaderName") == ORIGIN_HEADER:
                    return ((ORIGIN_HEADER, header["Values"][0]),)
        return None

    return headers


def _vpc_origins(cloudfront: Any) -> list[str]:
    """The ARNs of the load balancers of all VPC origins."""
    items = cloudfront.list_vpc_origins()["VpcOriginList"].get("Items", [])
    return [item["OriginEndpointArn"] for item in items]


def _load_balancer_id(arn: str) -> str:
    """The common part of a load balancer's ARN and its listeners' ARNs: `app/NAME/ID`."""
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    return "/".join(rest.split("/")[:3]) if kind in ("loadbalancer", "listener") else arn


class TargetHealthWriter:
    """Writes the health of a balancer's targets into the records, and counts their requests."""

    def __init__(
        self, balancer: Balancer, configuration: Callable[[], Configuration], records: Records, faults: Faults
    ) -> None:
        self._balancer, self._configuration, self._records = balancer, configuration, records
        self._request_counts: dict[str, list[tuple[float, int]]] = {}
        self._faults = faults
        self._loop = Loop(_ACTIVITY, self._write, _WRITE_SECONDS, faults)

    def start(self) -> None:
        """Start to write and count."""
        self._loop.start()

    def stop(self) -> None:
        """Stop; the records keep the last health."""
        self._loop.stop()

    def wake(self) -> None:
        """Write at once: a target's health has changed."""
        self._loop.wake()

    def requests_per_target(self, label: str) -> float:
        """Requests per target in autoscaling's last minute, by a scaling policy's resource label."""
        group = next(
            (arn for arn in list(self._request_counts) if arn.endswith(label[label.index("targetgroup/") :])), ""
        )
        samples = self._request_counts.get(group)
        if not samples:
            return 0.0
        (started, previous), now = samples[0], time.monotonic()
        requests = self._balancer.targets.group_counts(group).requests - previous
        return requests / max(now - started, _WRITE_SECONDS) * _MINUTE / max(1, len(self._balancer.group_health(group)))

    def _write(self) -> None:
        groups = [group.arn for group in self._configuration().target_groups]
        for deleted in self._request_counts.keys() - set(groups):
            del self._request_counts[deleted]
        self._faults.forget(_ACTIVITY, groups)
        for arn in groups:
            with self._faults.capture(_ACTIVITY, arn):
                self._count(arn)
                targets = self._balancer.group_health(arn).items()
                self._records.write_target_health(arn, {(t.host, t.port): health for t, health in targets})

    def _count(self, group_arn: str) -> None:
        now, samples = time.monotonic(), self._request_counts.setdefault(group_arn, [])
        samples.append((now, self._balancer.targets.group_counts(group_arn).requests))
        while samples[0][0] < now - _MINUTE:
            del samples[0]

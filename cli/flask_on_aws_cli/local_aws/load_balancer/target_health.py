"""Between the load balancers' records and what balances: whose secret CloudFront sends, and what the probes found."""

import time
from collections.abc import Callable
from typing import Any

from flask_on_aws.ingress.origin_header import ORIGIN_HEADER

from ..api.records import Records
from ..ecs.scheduler.autoscaling import SPEED
from ..faults import Faults
from ..loops import Loop
from .configuration import Configuration
from .part import Balancer

# A target's health is written when it changes; so often all the same, and requests are counted.
_WRITE_SECONDS = 1.0
_ACTIVITY = "writing the targets' health"
# What autoscaling takes for a minute.
_MINUTE = 60.0 / SPEED


def edge_headers(client: Any, cloudfront: Any) -> Callable[[str], tuple[tuple[str, str], ...] | None]:
    """By a listener's ARN: what CloudFront adds to requests for it, or None where it sends none there.

    It adds a secret where the rules ask for one, and nothing where a VPC origin names the listener's load balancer.
    """

    def headers(listener_arn: str) -> tuple[tuple[str, str], ...] | None:
        if _origin_part(listener_arn) in {_origin_part(arn) for arn in _vpc_origins(cloudfront)}:
            return ()
        for rule in client.describe_rules(ListenerArn=listener_arn)["Rules"]:
            for condition in rule.get("Conditions", ()):
                told: dict[str, Any] = condition.get("HttpHeaderConfig") or {}
                if told.get("HttpHeaderName") == ORIGIN_HEADER:
                    return ((ORIGIN_HEADER, told["Values"][0]),)
        return None

    return headers


def _vpc_origins(cloudfront: Any) -> list[str]:
    """ARNs of the load balancers that VPC origins name."""
    items = cloudfront.list_vpc_origins()["VpcOriginList"].get("Items", [])
    return [item["OriginEndpointArn"] for item in items]


def _origin_part(arn: str) -> str:
    """What a load balancer's ARN and those of its listeners have in common: `app/NAME/ID`."""
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    return "/".join(rest.split("/")[:3]) if kind in ("loadbalancer", "listener") else arn


class TargetRecords:
    """Writes the health of a balancer's targets into the records, and counts their requests."""

    def __init__(
        self, balancer: Balancer, configuration: Callable[[], Configuration], records: Records, faults: Faults
    ) -> None:
        self._balancer, self._configuration, self._records = balancer, configuration, records
        self._counted: dict[str, list[tuple[float, int]]] = {}
        self._faults = faults
        self._loop = Loop(_ACTIVITY, self._write, _WRITE_SECONDS, faults)

    def start(self) -> None:
        """Begin."""
        self._loop.start()

    def stop(self) -> None:
        """End; what was written stays."""
        self._loop.stop()

    def wake(self) -> None:
        """Write at once: a target's health has changed."""
        self._loop.wake()

    def requests_per_target(self, label: str) -> float:
        """Requests of autoscaling's last minute for each target, by a scaling policy's resource label."""
        group = next((arn for arn in list(self._counted) if arn.endswith(label[label.index("targetgroup/") :])), "")
        counted = self._counted.get(group)
        if not counted:
            return 0.0
        (began, before), now = counted[0], time.monotonic()
        asked = self._balancer.targets.group_counts(group).requests - before
        return asked / max(now - began, _WRITE_SECONDS) * _MINUTE / max(1, len(self._balancer.group_health(group)))

    def _write(self) -> None:
        groups = [group.arn for group in self._configuration().target_groups]
        for gone in self._counted.keys() - set(groups):
            del self._counted[gone]
        self._faults.forget(_ACTIVITY, groups)
        for arn in groups:
            with self._faults.kept(_ACTIVITY, arn):
                self._count(arn)
                told = self._balancer.group_health(arn)
                self._records.write_target_health(arn, {(one.host, one.port): health for one, health in told.items()})

    def _count(self, group_arn: str) -> None:
        now, counted = time.monotonic(), self._counted.setdefault(group_arn, [])
        counted.append((now, self._balancer.targets.group_counts(group_arn).requests))
        while counted[0][0] < now - _MINUTE:
            del counted[0]

"""Between the load balancers' records and what balances: whose secret CloudFront sends, and what the probes found."""

import threading
import time
from collections.abc import Callable
from typing import Any

from flask_on_aws.origin import ORIGIN_HEADER

from .autoscaling import SPEED
from .balancer.configuration import Configuration
from .balancer.part import Balancer
from .records import Records

# As often as the balancer looks at its own; a client that waits for health asks no faster.
_WRITE_SECONDS = 0.25
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

    def __init__(self, balancer: Balancer, configuration: Callable[[], Configuration], records: Records) -> None:
        self._balancer, self._configuration, self._records = balancer, configuration, records
        self._counted: dict[str, list[tuple[float, int]]] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="target-records", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was written stays."""
        self._done.set()
        self._thread.join()

    def requests_per_target(self, label: str) -> float:
        """Requests of autoscaling's last minute for each target, by a scaling policy's resource label."""
        group = next((arn for arn in list(self._counted) if arn.endswith(label[label.index("targetgroup/") :])), "")
        counted = self._counted.get(group)
        if not counted:
            return 0.0
        return (counted[-1][1] - counted[0][1]) / max(1, len(self._balancer.group_health(group)))

    def _run(self) -> None:
        while not self._done.wait(_WRITE_SECONDS):
            groups = [group.arn for group in self._configuration().target_groups]
            for gone in self._counted.keys() - set(groups):
                del self._counted[gone]
            for arn in groups:
                self._count(arn)
                told = self._balancer.group_health(arn)
                self._records.write_target_health(arn, {(one.host, one.port): health for one, health in told.items()})

    def _count(self, group_arn: str) -> None:
        now, counted = time.monotonic(), self._counted.setdefault(group_arn, [])
        counted.append((now, self._balancer.targets.group_counts(group_arn).requests))
        while counted[0][0] < now - _MINUTE:
            del counted[0]

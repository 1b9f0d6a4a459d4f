"""Application Auto Scaling on local services: measures, tells CloudWatch, follows policies and schedules."""

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from .clients import client
from .ecs.plane import Ecs
from .parts import Place
from .record_values import ServiceRecord
from .records import Records
from .scaling_rules import IN_MINUTES, Policy, is_due, settle, wanted_count

log = logging.getLogger(__name__)

# AWS measures by the minute, adds tasks after three of them and removes some after fifteen. Nobody waits that long for
# a demonstration on a laptop, so a minute of the rules, cooldowns included, is two seconds here.
SPEED = 30
_MINUTE = 60 / SPEED  # seconds
# Cooldowns where a policy says nothing, for ECS: API_TargetTrackingScalingPolicyConfiguration.html
_COOLDOWN = 300  # seconds
_CPU, _MEMORY = "ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"
_REQUESTS = "ALBRequestCountPerTarget"

RequestsPerTarget = Callable[[str], float]
"""Resource label of a policy (`app/name/id/targetgroup/name/id`) → requests per target and minute."""


class Autoscaling:
    """Changes desired counts through the API, as Application Auto Scaling does."""

    def __init__(self, place: Place, records: Records, ecs: Ecs, requests: RequestsPerTarget) -> None:
        names = ("application-autoscaling", "cloudwatch", "ecs")
        self._scaling, self._cloudwatch, self._api = (client(place, name) for name in names)
        self._records, self._ecs, self._requests = records, ecs, requests
        self._loads: defaultdict[tuple[str, str], deque[float]] = defaultdict(lambda: deque(maxlen=IN_MINUTES))
        self._changed: dict[str, float] = {}
        self._looked = datetime.now(UTC)
        self._ran: dict[str, datetime] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="autoscaling")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; the counts stay as they are."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(_MINUTE):
            try:
                self._look()
            except Exception:
                log.exception("autoscaling")

    def _look(self) -> None:
        """A minute of the rules."""
        targets = self._scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
        self._follow_schedules()
        services = {f"service/{one.cluster}/{one.name}": one for one in self._records.services()}
        for service in services.values():
            self._measure(service)
        policies: list[Any] = self._scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
        for target in targets:
            service = services.get(target["ResourceId"])
            if service is not None and service.status == "ACTIVE":
                mine = [one for one in policies if one["ResourceId"] == target["ResourceId"]]
                self._follow_policies(service, target, mine)

    def _measure(self, service: ServiceRecord) -> None:
        """Tell CloudWatch the load, under AWS's names."""
        load = self._ecs.load(service)
        if load is None:
            return
        names = [{"Name": "ClusterName", "Value": service.cluster}, {"Name": "ServiceName", "Value": service.name}]
        metrics = {"CPUUtilization": load.cpu, "MemoryUtilization": load.memory}
        data = [
            {"MetricName": name, "Dimensions": names, "Value": value, "Unit": "Percent", "Timestamp": datetime.now(UTC)}
            for name, value in metrics.items()
        ]
        self._cloudwatch.put_metric_data(Namespace="AWS/ECS", MetricData=data)
        self._loads[service.key, _CPU].append(load.cpu)
        self._loads[service.key, _MEMORY].append(load.memory)

    def _follow_policies(self, service: ServiceRecord, target: Any, policies: Sequence[Any]) -> None:
        count, wanted = service.desired, list[int]()
        cooldowns = {True: [0.0], False: [0.0]}
        for policy in policies:
            tracking = policy.get("TargetTrackingScalingPolicyConfiguration")
            if not tracking:
                continue
            loads = self._loads_of(service, tracking.get("PredefinedMetricSpecification", {}))
            rule = Policy(tracking["TargetValue"], not tracking.get("DisableScaleIn", False))
            wanted.append(wanted_count(rule, loads, count))
            cooldowns[True].append(tracking.get("ScaleOutCooldown", _COOLDOWN))
            cooldowns[False].append(tracking.get("ScaleInCooldown", _COOLDOWN))
        settled = settle(wanted, count, target["MinCapacity"], target["MaxCapacity"])
        within = target["MinCapacity"] <= count <= target["MaxCapacity"]
        resting = time.monotonic() - self._changed.get(service.key, 0) < max(cooldowns[settled > count]) / SPEED
        if settled == count or (within and resting):
            return
        self._api.update_service(cluster=service.cluster, service=service.name, desiredCount=settled)
        self._changed[service.key] = time.monotonic()
        for key in [key for key in self._loads if key[0] == service.key]:
            self._loads[key].clear()  # what was measured with another count says nothing any more
        self._records.say(service, f"(service {service.name}) desired count was changed from {count} to {settled}.")

    def _loads_of(self, service: ServiceRecord, metric: Any) -> list[float]:
        kind = metric.get("PredefinedMetricType", "")
        loads = self._loads[service.key, kind]
        if kind == _REQUESTS and metric.get("ResourceLabel"):
            loads.append(self._requests(metric["ResourceLabel"]))
        return list(loads)

    def _follow_schedules(self) -> None:
        """Schedules keep real time: a clock is a clock."""
        now, last = datetime.now(UTC), self._looked
        self._looked = now
        for action in self._scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]:
            arn = action["ScheduledActionARN"]
            known = self._ran.setdefault(arn, last) if action["Schedule"].startswith("rate") else last
            try:
                due = is_due(action["Schedule"], action.get("Timezone") or "UTC", known, now)
            except (ValueError, LookupError) as unknown:  # of the expression, or of the time zone
                log.warning("The schedule %s is not followed: %s", action["ScheduledActionName"], unknown)
                continue
            if not due:
                continue
            self._ran[arn] = now
            limits = action["ScalableTargetAction"]
            self._scaling.register_scalable_target(
                ServiceNamespace="ecs",
                ResourceId=action["ResourceId"],
                ScalableDimension=action["ScalableDimension"],
                **{name: limits[name] for name in ("MinCapacity", "MaxCapacity") if name in limits},
            )

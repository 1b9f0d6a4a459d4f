"""Application Auto Scaling on local services: measures, tells CloudWatch, follows policies and schedules."""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ....local_project.clients import client
from ....local_project.location import Location
from ...api.record_values import ServiceRecord
from ...api.records import Records
from ...faults import Faults
from ...loops import Loop
from ..data_plane import Ecs
from .scaling_rules import IN_MINUTES, Policy, is_due, settle, wanted_count

# AWS measures by the minute, adds tasks after three of them and removes some after fifteen. Nobody waits that long for
# a demonstration on a laptop, so a minute of the rules, cooldowns included, is two seconds here.
SPEED = 30
_MINUTE = 60 / SPEED  # seconds
# Cooldowns where a policy says nothing, for ECS: API_TargetTrackingScalingPolicyConfiguration.html
_COOLDOWN = 300  # seconds
_CPU, _MEMORY = "ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"
_REQUESTS = "ALBRequestCountPerTarget"
_ACTIVITY = "autoscaling"
_CORRECT = "Correct or delete it; everything else is scaled on."

RequestsPerTarget = Callable[[str], float]
"""Resource label of a policy (`app/name/id/targetgroup/name/id`) → requests per target and minute."""


class _Rules(NamedTuple):
    """What the API has."""

    targets: Sequence[Any] = ()
    actions: Sequence[Any] = ()
    policies: Sequence[Any] = ()


class Autoscaling:
    """Changes desired counts through the API, as Application Auto Scaling does."""

    def __init__(
        self, place: Location, records: Records, ecs: Ecs, requests: RequestsPerTarget, faults: Faults | None = None
    ) -> None:
        self._scaling, self._api = (client(place, name) for name in ("application-autoscaling", "ecs"))
        self._rules, self._read_version = _Rules(), -1
        self._records, self._ecs, self._requests = records, ecs, requests
        self._loads: defaultdict[tuple[str, str], deque[float]] = defaultdict(lambda: deque(maxlen=IN_MINUTES))
        self._changed: dict[str, float] = {}
        self._looked = datetime.now(UTC)
        self._ran: dict[str, datetime] = {}
        """By a scheduled action's ARN: the time up to which it was followed, for a rate that of its last run."""
        self._faults = faults or Faults(place.folder)
        self._loop = Loop(_ACTIVITY, self._look, _MINUTE, self._faults)

    def start(self) -> None:
        """Begin."""
        self._loop.start()

    def stop(self) -> None:
        """End; the counts stay as they are."""
        self._loop.stop()

    def _look(self) -> None:
        """A minute of the rules."""
        targets, actions, policies = self._read()
        services = {f"service/{one.cluster}/{one.name}": one for one in self._records.services()}
        self._forget_faults(services, actions, policies)
        self._follow_schedules(actions)
        for name, service in services.items():
            with self._faults.kept(_ACTIVITY, f"load of {name}"):
                self._measure(service)
        for target in targets:
            service = services.get(target["ResourceId"])
            if service is not None and service.status == "ACTIVE":
                mine = [one for one in policies if one["ResourceId"] == target["ResourceId"]]
                with self._faults.kept(_ACTIVITY, target["ResourceId"]):
                    self._follow_policies(service, target, mine)

    def _read(self) -> _Rules:
        """Scalable targets, scheduled actions and policies, read anew after each call that may have changed them."""
        version = self._records.version
        if version != self._read_version:
            self._rules = _Rules(
                self._scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"],
                self._scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"],
                self._scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"],
            )
            self._read_version = version
        return self._rules

    def _forget_faults(self, services: Iterable[str], actions: Iterable[Any], policies: Iterable[Any]) -> None:
        subjects = [*map(_schedule, actions), *map(_policy, policies)]
        self._faults.forget(_ACTIVITY, [*subjects, *services, *(f"load of {name}" for name in services)])

    def _measure(self, service: ServiceRecord) -> None:
        """Tell CloudWatch the load, under AWS's names."""
        load = self._ecs.load(service)
        if load is None:
            return
        names = [{"Name": "ClusterName", "Value": service.cluster}, {"Name": "ServiceName", "Value": service.name}]
        metrics = {"CPUUtilization": load.cpu, "MemoryUtilization": load.memory}
        data = [
            {"MetricName": name, "Dimensions": names, "Value": value, "Unit": "Percent"}
            for name, value in metrics.items()
        ]
        self._records.put_metrics("AWS/ECS", data)
        self._loads[service.key, _CPU].append(load.cpu)
        self._loads[service.key, _MEMORY].append(load.memory)

    def _follow_policies(self, service: ServiceRecord, target: Any, policies: Sequence[Any]) -> None:
        count, wanted = service.desired, list[int]()
        cooldowns = {True: [0.0], False: [0.0]}
        for policy in policies:
            with self._faults.kept(_ACTIVITY, _policy(policy), _CORRECT):
                tracking = policy.get("TargetTrackingScalingPolicyConfiguration")
                if tracking:
                    rests = _seconds(tracking, "ScaleInCooldown"), _seconds(tracking, "ScaleOutCooldown")
                    wanted.append(self._wanted(service, tracking))
                    for is_out, rest in enumerate(rests):
                        cooldowns[bool(is_out)].append(rest)
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

    def _wanted(self, service: ServiceRecord, tracking: Any) -> int:
        loads = self._loads_of(service, tracking.get("PredefinedMetricSpecification") or {})
        rule = Policy(_target(tracking), not tracking.get("DisableScaleIn", False))
        return wanted_count(rule, loads, service.desired)

    def _loads_of(self, service: ServiceRecord, metric: Any) -> list[float]:
        kind = metric.get("PredefinedMetricType", "")
        loads = self._loads[service.key, kind]
        if kind == _REQUESTS and metric.get("ResourceLabel"):
            loads.append(self._requests(metric["ResourceLabel"]))
        return list(loads)

    def _follow_schedules(self, actions: Sequence[Any]) -> None:
        """Schedules keep real time: a clock is a clock."""
        now, last = datetime.now(UTC), self._looked
        self._looked = now
        self._ran = {arn: at for arn, at in self._ran.items() if arn in {one["ScheduledActionARN"] for one in actions}}
        for action in actions:
            with self._faults.kept(_ACTIVITY, _schedule(action), _CORRECT):
                self._follow_schedule(action, last, now)

    def _follow_schedule(self, action: Any, last: datetime, now: datetime) -> None:
        """One that fails stays due."""
        arn = action["ScheduledActionARN"]
        known = self._ran.setdefault(arn, last)
        if not is_due(action["Schedule"], action.get("Timezone") or "UTC", known, now):
            if not action["Schedule"].startswith("rate"):
                self._ran[arn] = now
            return
        limits: dict[str, int] = action.get("ScalableTargetAction") or {}
        self._scaling.register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=action["ResourceId"],
            ScalableDimension=action["ScalableDimension"],
            **{name: limits[name] for name in ("MinCapacity", "MaxCapacity") if name in limits},
        )
        self._ran[arn] = now


def _policy(policy: Any) -> str:
    return f"policy {policy.get('PolicyName')} of {policy.get('ResourceId')}"


def _schedule(action: Any) -> str:
    return f"schedule {action.get('ScheduledActionName')} of {action.get('ResourceId')}"


def _target(tracking: Any) -> float:
    """AWS takes values above zero alone: API_TargetTrackingScalingPolicyConfiguration.html."""
    value = tracking.get("TargetValue")
    if not isinstance(value, int | float) or not value > 0:
        raise ValueError(f"TargetValue is {value!r}, and must be a number above 0")
    return value


def _seconds(tracking: Any, name: str) -> float:
    value = tracking.get(name, _COOLDOWN)
    if not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name} is {value!r}, and must be a number of seconds, 0 or more")
    return value

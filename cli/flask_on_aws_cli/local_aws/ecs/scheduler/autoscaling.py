"""Application Auto Scaling of local services: publishes their load to CloudWatch, applies policies and schedules."""

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
from .scaling_rules import SCALE_IN_MINUTES, Policy, desired_count, limited_count
from .schedules import is_due

# AWS measures once a minute, adds tasks after three minutes and removes tasks after fifteen. That is too long for a
# demonstration on a laptop, so a minute of the rules, including cooldowns, takes two seconds here.
SPEED = 30
_MINUTE = 60 / SPEED  # seconds
# Default cooldown of a policy for ECS: API_TargetTrackingScalingPolicyConfiguration.html
_COOLDOWN = 300  # seconds
_CPU, _MEMORY = "ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"
_REQUESTS = "ALBRequestCountPerTarget"
_ACTIVITY = "autoscaling"
_FIX = "Correct or delete it; all other policies and schedules continue to be applied."

RequestsPerTarget = Callable[[str], float]
"""Resource label of a policy (`app/name/id/targetgroup/name/id`) → requests per target per minute."""


class _Rules(NamedTuple):
    """Scalable targets, scheduled actions and scaling policies, as the API returns them."""

    targets: Sequence[Any] = ()
    actions: Sequence[Any] = ()
    policies: Sequence[Any] = ()


class Autoscaling:
    """Changes the desired counts of services through the API, as Application Auto Scaling does."""

    def __init__(
        self, location: Location, records: Records, ecs: Ecs, requests: RequestsPerTarget, faults: Faults | None = None
    ) -> None:
        self._scaling, self._api = (client(location, name) for name in ("application-autoscaling", "ecs"))
        self._rules, self._rules_version = _Rules(), -1
        self._records, self._ecs, self._requests = records, ecs, requests
        self._loads: defaultdict[tuple[str, str], deque[float]] = defaultdict(lambda: deque(maxlen=SCALE_IN_MINUTES))
        self._scaled_at: dict[str, float] = {}
        self._checked_at = datetime.now(UTC)
        self._schedules_checked_at: dict[str, datetime] = {}
        """By ARN of a scheduled action: the time up to which it was checked; for a rate, the time of its last run."""
        self._faults = faults or Faults(location.folder)
        self._loop = Loop(_ACTIVITY, self._scale, _MINUTE, self._faults)

    def start(self) -> None:
        """Start scaling."""
        self._loop.start()

    def stop(self) -> None:
        """Stop scaling; the desired counts stay as they are."""
        self._loop.stop()

    def _scale(self) -> None:
        """Apply the rules for one of their minutes."""
        targets, actions, policies = self._read_rules()
        services = {f"service/{service.cluster}/{service.name}": service for service in self._records.services()}
        self._forget_faults(services, actions, policies)
        self._follow_schedules(actions)
        for name, service in services.items():
            with self._faults.capture(_ACTIVITY, f"load of {name}"):
                self._measure(service)
        for target in targets:
            service = services.get(target["ResourceId"])
            if service is not None and service.status == "ACTIVE":
                service_policies = [policy for policy in policies if policy["ResourceId"] == target["ResourceId"]]
                with self._faults.capture(_ACTIVITY, target["ResourceId"]):
                    self._follow_policies(service, target, service_policies)

    def _read_rules(self) -> _Rules:
        """The rules, read again only after a call that may have changed them."""
        version = self._records.version
        if version != self._rules_version:
            self._rules = _Rules(
                self._scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"],
                self._scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"],
                self._scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"],
            )
            self._rules_version = version
        return self._rules

    def _forget_faults(self, services: Iterable[str], actions: Iterable[Any], policies: Iterable[Any]) -> None:
        subjects = [*map(_schedule_subject, actions), *map(_policy_subject, policies)]
        self._faults.forget(_ACTIVITY, [*subjects, *services, *(f"load of {name}" for name in services)])

    def _measure(self, service: ServiceRecord) -> None:
        """Publish the load of a service to CloudWatch, under AWS's metric names."""
        load = self._ecs.load(service)
        if load is None:
            return
        dimensions = [{"Name": "ClusterName", "Value": service.cluster}, {"Name": "ServiceName", "Value": service.name}]
        metrics = {"CPUUtilization": load.cpu, "MemoryUtilization": load.memory}
        data = [
            {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": "Percent"}
            for name, value in metrics.items()
        ]
        self._records.put_metrics("AWS/ECS", data)
        self._loads[service.key, _CPU].append(load.cpu)
        self._loads[service.key, _MEMORY].append(load.memory)

    def _follow_policies(self, service: ServiceRecord, target: Any, policies: Sequence[Any]) -> None:
        count, policy_counts = service.desired, list[int]()
        cooldowns = {True: [0.0], False: [0.0]}  # by whether they follow a scale-out
        for policy in policies:
            with self._faults.capture(_ACTIVITY, _policy_subject(policy), _FIX):
                tracking = policy.get("TargetTrackingScalingPolicyConfiguration")
                if tracking:
                    in_and_out = _seconds(tracking, "ScaleInCooldown"), _seconds(tracking, "ScaleOutCooldown")
                    policy_counts.append(self._policy_count(service, tracking))
                    for is_scale_out, seconds in enumerate(in_and_out):
                        cooldowns[bool(is_scale_out)].append(seconds)
        new_count = limited_count(policy_counts, count, target["MinCapacity"], target["MaxCapacity"])
        is_within_limits = target["MinCapacity"] <= count <= target["MaxCapacity"]
        elapsed = time.monotonic() - self._scaled_at.get(service.key, 0)
        is_cooling_down = elapsed < max(cooldowns[new_count > count]) / SPEED
        if new_count == count or (is_within_limits and is_cooling_down):
            return
        self._api.update_service(cluster=service.cluster, service=service.name, desiredCount=new_count)
        self._scaled_at[service.key] = time.monotonic()
        for key in [key for key in self._loads if key[0] == service.key]:
            self._loads[key].clear()  # loads that were measured with another count are no longer valid
        self._records.add_event(
            service, f"(service {service.name}) desired count was changed from {count} to {new_count}."
        )

    def _policy_count(self, service: ServiceRecord, tracking: Any) -> int:
        loads = self._loads_of(service, tracking.get("PredefinedMetricSpecification") or {})
        policy = Policy(_target_value(tracking), not tracking.get("DisableScaleIn", False))
        return desired_count(policy, loads, service.desired)

    def _loads_of(self, service: ServiceRecord, metric: Any) -> list[float]:
        kind = metric.get("PredefinedMetricType", "")
        loads = self._loads[service.key, kind]
        if kind == _REQUESTS and metric.get("ResourceLabel"):
            loads.append(self._requests(metric["ResourceLabel"]))
        return list(loads)

    def _follow_schedules(self, actions: Sequence[Any]) -> None:
        """Run the scheduled actions that are due; unlike policies, they follow real time."""
        now, last = datetime.now(UTC), self._checked_at
        self._checked_at = now
        arns = {action["ScheduledActionARN"] for action in actions}
        self._schedules_checked_at = {arn: at for arn, at in self._schedules_checked_at.items() if arn in arns}
        for action in actions:
            with self._faults.capture(_ACTIVITY, _schedule_subject(action), _FIX):
                self._follow_schedule(action, last, now)

    def _follow_schedule(self, action: Any, last: datetime, now: datetime) -> None:
        """Run a scheduled action if it is due; it stays due if it fails."""
        arn = action["ScheduledActionARN"]
        checked_at = self._schedules_checked_at.setdefault(arn, last)
        if not is_due(action["Schedule"], action.get("Timezone") or "UTC", checked_at, now):
            if not action["Schedule"].startswith("rate"):
                self._schedules_checked_at[arn] = now
            return
        limits: dict[str, int] = action.get("ScalableTargetAction") or {}
        self._scaling.register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=action["ResourceId"],
            ScalableDimension=action["ScalableDimension"],
            **{name: limits[name] for name in ("MinCapacity", "MaxCapacity") if name in limits},
        )
        self._schedules_checked_at[arn] = now


def _policy_subject(policy: Any) -> str:
    return f"policy {policy.get('PolicyName')} of {policy.get('ResourceId')}"


def _schedule_subject(action: Any) -> str:
    return f"schedule {action.get('ScheduledActionName')} of {action.get('ResourceId')}"


def _target_value(tracking: Any) -> float:
    """AWS accepts only values above zero: API_TargetTrackingScalingPolicyConfiguration.html."""
    value = tracking.get("TargetValue")
    if not isinstance(value, int | float) or not value > 0:
        raise ValueError(f"TargetValue is {value!r}; it must be a number above 0")
    return value


def _seconds(tracking: Any, name: str) -> float:
    value = tracking.get(name, _COOLDOWN)
    if not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name} is {value!r}; it must be a number of seconds, 0 or more")
    return value

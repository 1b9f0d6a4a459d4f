"""Application Auto Scaling for an ECS service: CPU, memory, requests per task, and schedules."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Required, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..validation.argument_types import typed
from ..validation.problems import Problem, raise_problems
from ..validation.values import hint, name_problems, range_problems, repeated_problems
from .schedules import expression_problems, timezone_problems


class AutoscalingArgs(TypedDict, total=False):
    cluster_name: Required[pulumi.Input[str]]
    """Name of the ECS cluster. Required."""
    service_name: Required[pulumi.Input[str]]
    """Name of the ECS service. Required."""
    min_tasks: int
    """Fewest tasks that run. Default: 1."""
    max_tasks: int
    """Most tasks that run. Default: 4."""
    cpu_percent: int
    """Average CPU use to keep; 0 turns this off. Default: 60."""
    memory_percent: int
    """Average memory use to keep; 0 turns this off. Default: 75."""
    requests_per_minute: int
    """Requests per task and minute to keep; 0 turns this off. Default: 0."""
    request_label: pulumi.Input[str]
    """`{load balancer's ARN suffix}/{target group's ARN suffix}`, for `requests_per_minute`. Default: none."""
    schedules: Sequence[Mapping[str, Any]]
    """Changes to the limits at fixed times, each `{name, schedule, min_tasks, max_tasks, timezone}` with `schedule` as `cron(0 8 ? * MON-FRI *)`, `rate(…)` or `at(…)`. Default: none."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: Mapping[str, Any] = {
    "min_tasks": 1,
    "max_tasks": 4,
    "cpu_percent": 60,
    "memory_percent": 75,
    "requests_per_minute": 0,
    "schedules": [],
}
# Add tasks as soon as a minute's metrics call for it, remove them only after five quiet minutes: a task costs less
# than a slow page. Five minutes is the default of target tracking:
# https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
_SCALE_OUT_COOLDOWN = 60
_SCALE_IN_COOLDOWN = 300
# The quota of tasks of one service: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
MOST_TASKS = 5000
_SCHEDULE_KEYS = ("name", "schedule", "min_tasks", "max_tasks", "timezone")
_NEEDED_KEYS = _SCHEDULE_KEYS[:-1]


@typed(AutoscalingArgs)
def problems(args: AutoscalingArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    yield from _limits("", args)
    yield from range_problems("cpu_percent", args["cpu_percent"], 0, 100, "percent")
    yield from range_problems("memory_percent", args["memory_percent"], 0, 100, "percent")
    yield from range_problems("requests_per_minute", args["requests_per_minute"], 0, 1_000_000)
    for index, schedule in enumerate(args["schedules"]):
        yield from _schedule_problems(f"schedules[{index}]", schedule)
    names = [str(schedule.get("name")) for schedule in args["schedules"] if "name" in schedule]
    yield from repeated_problems("schedules", names)


def _limits(path: str, limits: Mapping[str, Any]) -> Iterator[Problem]:
    limit_problems = [
        *range_problems(f"{path}min_tasks", limits["min_tasks"], 0, MOST_TASKS),
        *range_problems(f"{path}max_tasks", limits["max_tasks"], 0, MOST_TASKS),
    ]
    yield from limit_problems
    if not limit_problems and limits["min_tasks"] > limits["max_tasks"]:
        yield Problem(
            f"{path}min_tasks",
            f"{limits['min_tasks']} is more than max_tasks, {limits['max_tasks']}; raise one or lower the other.",
        )


def _schedule_problems(path: str, schedule: Mapping[str, Any]) -> Iterator[Problem]:
    for key in schedule:
        if key not in _SCHEDULE_KEYS:
            yield Problem(f"{path}.{key}", f"is not a key of a schedule; {hint(key, _SCHEDULE_KEYS)}")
    for key in _NEEDED_KEYS:
        if key not in schedule:
            yield Problem(f"{path}.{key}", "is missing; each schedule needs it.")
    checks = {"name": name_problems, "schedule": expression_problems, "timezone": timezone_problems}
    for key, check in checks.items():
        value = schedule.get(key)
        if isinstance(value, str):
            yield from check(f"{path}.{key}", value)
        elif key in schedule:
            yield Problem(f"{path}.{key}", f"{value!r} must be a text.")
    if "min_tasks" in schedule and "max_tasks" in schedule:
        yield from _limits(f"{path}.", schedule)


class Autoscaling(Component):
    """Keeps a service between a minimum and a maximum number of tasks, following its load and the clock."""

    target_id: pulumi.Output[str]
    """Resource id of the scalable target."""

    def __init__(self, name: str, args: AutoscalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        self._create_target()
        self._track("cpu", "ECSServiceAverageCPUUtilization", self._args["cpu_percent"])
        self._track("memory", "ECSServiceAverageMemoryUtilization", self._args["memory_percent"])
        if "request_label" in self._args:
            label = self._args["request_label"]
            self._track("requests", "ALBRequestCountPerTarget", self._args["requests_per_minute"], label)
        self._create_schedules()
        self.target_id = self._target.resource_id
        self._register()

    def _create_target(self) -> None:
        # Schedules change the limits while the program does not run; it must not reset them.
        scheduled = ["min_capacity", "max_capacity"] if self._args["schedules"] else []
        self._target = aws.appautoscaling.Target(
            self._name,
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=pulumi.Output.format(
                "service/{cluster}/{service}", cluster=self._args["cluster_name"], service=self._args["service_name"]
            ),
            min_capacity=self._args["min_tasks"],
            max_capacity=self._args["max_tasks"],
            opts=self._child(ignore_changes=scheduled),
        )

    def _track(self, role: str, metric: str, target: int, label: pulumi.Input[str] | None = None) -> None:
        if target == 0:
            return
        aws.appautoscaling.Policy(
            f"{self._name}-{role}",
            policy_type="TargetTrackingScaling",
            service_namespace=self._target.service_namespace,
            scalable_dimension=self._target.scalable_dimension,
            resource_id=self._target.resource_id,
            target_tracking_scaling_policy_configuration={
                "predefined_metric_specification": {"predefined_metric_type": metric, "resource_label": label},
                "target_value": target,
                "scale_out_cooldown": _SCALE_OUT_COOLDOWN,
                "scale_in_cooldown": _SCALE_IN_COOLDOWN,
            },
            opts=self._child(),
        )

    def _create_schedules(self) -> None:
        for schedule in self._args["schedules"]:
            aws.appautoscaling.ScheduledAction(
                f"{self._name}-{schedule['name']}",
                service_namespace=self._target.service_namespace,
                scalable_dimension=self._target.scalable_dimension,
                resource_id=self._target.resource_id,
                schedule=schedule["schedule"],
                timezone=schedule.get("timezone", "UTC"),
                scalable_target_action={"min_capacity": schedule["min_tasks"], "max_capacity": schedule["max_tasks"]},
                opts=self._child(),
            )

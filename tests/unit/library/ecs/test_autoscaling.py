import pytest
from flask_on_aws.ecs.autoscaling import Autoscaling, problems

NAMES = {"cluster_name": "c", "service_name": "s"}


def test_cpu_and_memory_are_followed_by_default(deploy):
    deployed = deploy(lambda: Autoscaling("scaling", NAMES))
    target = deployed.named("scaling")
    assert (target["resourceId"], target["minCapacity"], target["maxCapacity"]) == ("service/c/s", 1, 4)
    policies = deployed.of_type("appautoscaling/policy:Policy")
    values = {
        name: policy["targetTrackingScalingPolicyConfiguration"]["targetValue"] for name, policy in policies.items()
    }
    assert values == {"scaling-cpu": 60, "scaling-memory": 75}


def test_zero_turns_a_metric_off_and_requests_need_their_label(deploy):
    args = {**NAMES, "cpu_percent": 0, "memory_percent": 0, "requests_per_minute": 900, "request_label": "lb/tg"}
    (policy,) = deploy(lambda: Autoscaling("scaling", args)).of_type("appautoscaling/policy:Policy").values()
    metric = policy["targetTrackingScalingPolicyConfiguration"]["predefinedMetricSpecification"]
    assert metric == {"predefinedMetricType": "ALBRequestCountPerTarget", "resourceLabel": "lb/tg"}


def test_schedules_change_the_limits(deploy):
    night = {
        "name": "night",
        "schedule": "cron(0 20 * * ? *)",
        "min_tasks": 0,
        "max_tasks": 0,
        "timezone": "Europe/Berlin",
    }
    action = deploy(lambda: Autoscaling("scaling", {**NAMES, "schedules": [night]})).named("scaling-night")
    assert action["scalableTargetAction"] == {"minCapacity": 0, "maxCapacity": 0}
    assert action["timezone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("args", "argument"),
    [
        ({"min_tasks": 5, "max_tasks": 4}, "min_tasks"),
        ({"max_tasks": 5001}, "max_tasks"),
        ({"cpu_percent": 101}, "cpu_percent"),
        ({"schedules": [{"name": "a", "schedule": "daily", "min_tasks": 1, "max_tasks": 1}]}, "schedules[0].schedule"),
        (
            {"schedules": [{"name": "A b", "schedule": "rate(1 day)", "min_tasks": 1, "max_tasks": 1}]},
            "schedules[0].name",
        ),
        ({"schedules": [{"name": "a", "schedule": "rate(1 day)", "min_tasks": 1}]}, "schedules[0].max_tasks"),
    ],
)
def test_limits_that_contradict_each_other_are_rejected(args, argument):
    assert [problem.argument for problem in problems(args)] == [argument]

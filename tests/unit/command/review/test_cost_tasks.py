"""What the tasks of a service cost: their size, their number, and what they run on."""

from decimal import Decimal

import pytest
from flask_on_aws_cli.pulumi_engine.model.values import UNKNOWN

from tests.unit.command.review.graphs import resource
from tests.unit.command.review.priced import SERVICE, TARGET, TASK, lines_of


def tasks(task=None, service=None, target=None, count=None, **usage):
    """The lines of a service with a task definition, and a scalable target."""
    size = {"cpu": "256", "memory": "512", "requiresCompatibilities": ["FARGATE"], **(task or {})}
    reference = {"taskDefinition": "${TaskDefinition web.arn}", "desiredCount": count}
    resources = [resource(TASK, "web", size), resource(SERVICE, "web", {**reference, **(service or {})})]
    if target:
        resources.append(resource(TARGET, "scaling", {"resourceId": "service/main/${Service web.name}", **target}))
    return lines_of(*resources, **usage)


SPOT = {"capacityProvider": "FARGATE_SPOT", "weight": 75}
FARGATE = {"capacityProvider": "FARGATE", "weight": 25, "base": 1}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"count": 1}, {"fargate_x86_vcpu": "182.5", "fargate_x86_memory": 365}),
        ({"count": 0}, {}),
        (
            {"count": 3, "task": {"cpu": "2048", "memory": "4096"}},
            {"fargate_x86_vcpu": 4380, "fargate_x86_memory": 8760},
        ),
        (
            {"count": 1, "task": {"cpu": ".5 vCPU", "memory": "1 GB"}},
            {"fargate_x86_vcpu": 365, "fargate_x86_memory": 730},
        ),
        (
            {"count": 1, "task": {"runtimePlatform": {"cpuArchitecture": "ARM64"}}},
            {"fargate_arm_vcpu": "182.5", "fargate_arm_memory": 365},
        ),
        (
            {"count": 2, "task": {"ephemeralStorage": {"sizeInGib": 50}}},
            {"fargate_x86_vcpu": 365, "fargate_x86_memory": 730, "fargate_ephemeral_storage": 43800},
        ),
        (
            {"count": 2, "service": {"networkConfiguration": {"assignPublicIp": True}}},
            {"fargate_x86_vcpu": 365, "fargate_x86_memory": 730, "public_ipv4": 1460},
        ),
        (
            {"count": 9, "target": {"minCapacity": 2, "maxCapacity": 6}},
            {"fargate_x86_vcpu": 365, "fargate_x86_memory": 730},
        ),
        (
            {"target": {"minCapacity": 2, "maxCapacity": 6}, "tasks": "max"},
            {"fargate_x86_vcpu": 1095, "fargate_x86_memory": 2190},
        ),
        (
            {"target": {"minCapacity": 2, "maxCapacity": 6}, "tasks": "3.5"},
            {"fargate_x86_vcpu": "638.75", "fargate_x86_memory": "1277.5"},
        ),
        (
            {"target": {"minCapacity": 2, "maxCapacity": 6}, "tasks": 99},
            {"fargate_x86_vcpu": 1095, "fargate_x86_memory": 2190},
        ),
        ({"count": 0, "extraTaskHours": 10}, {"fargate_x86_vcpu": "2.5", "fargate_x86_memory": 5}),
        (
            {"count": 5, "service": {"capacityProviderStrategies": [FARGATE, SPOT]}, "fargateSpotPercent": 30},
            # One task on Fargate, then four of which three run on Spot, at 30 %: 2 + 3 x 0.3 tasks.
            {"fargate_x86_vcpu": "529.25", "fargate_x86_memory": "1058.5"},
        ),
    ],
)
def test_what_tasks_are_billed_for(arguments, expected):
    assert tasks(**arguments) == ({item: Decimal(quantity) for item, quantity in expected.items()}, [])


def test_fargate_spot_has_no_price_until_the_usage_file_has_one():
    priced, missing = tasks(count=5, service={"capacityProviderStrategies": [FARGATE, SPOT]})
    assert priced == {"fargate_x86_vcpu": 365, "fargate_x86_memory": 730}  # two of five tasks
    assert missing == ["The price of Fargate Spot moves; set fargateSpotPercent in the file of --usage."]


@pytest.mark.parametrize("value", ["arn:aws:ecs:us-east-1:1:task-definition/web:7", "web:7", "web"])
def test_the_task_definition_of_a_state_is_known_by_its_family(value):
    task = resource(TASK, "logical", {"cpu": "256", "memory": "512", "family": "web"})
    service = resource(SERVICE, "it", {"launchType": "FARGATE", "desiredCount": 1, "taskDefinition": value})
    assert lines_of(task, service) == ({"fargate_x86_vcpu": Decimal("182.5"), "fargate_x86_memory": 365}, [])


def test_windows_and_unknown_sizes_have_no_price():
    _, missing = tasks(count=1, task={"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}})
    assert missing == ["There is no price of Windows on Fargate."]
    _, missing = tasks(count=1, task={"cpu": UNKNOWN})
    assert missing == ["The cpu and memory of its task definition are not known."]

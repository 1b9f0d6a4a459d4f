"""Application Auto Scaling on services that really work, as DescribeServices and CloudWatch tell it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask_on_aws_cli.local_aws.ecs.scheduler.autoscaling import Autoscaling
from flask_on_aws_cli.local_project.location import Location

from .cloud import Cloud, until
from .conftest import client


@pytest.fixture
def cloud(place: Location) -> Iterator[Cloud]:
    cloud = Cloud(place)
    yield cloud
    cloud.stop()


@pytest.fixture
def requests(cloud: Cloud) -> Iterator[dict[str, float]]:
    """Requests per target by resource label, as a balancer would count them; autoscaling runs meanwhile."""
    counts: dict[str, float] = {}
    scaling = Autoscaling(cloud.place, cloud.endpoint.records, cloud.plane, lambda label: counts.get(label, 0.0))
    scaling.start()
    yield counts
    scaling.stop()


def track(cloud: Cloud, name: str, metric: str, target: float, limits: tuple[int, int], **more: Any) -> None:
    scaling = client(cloud.place, "application-autoscaling")
    which = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/c/{name}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling.register_scalable_target(**which, MinCapacity=limits[0], MaxCapacity=limits[1])
    scaling.put_scaling_policy(
        **which,
        PolicyName=metric,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": target,
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric, **more},
            "ScaleOutCooldown": 60,
            "ScaleInCooldown": 60,
        },
    )


def test_a_busy_service_gets_more_tasks(cloud: Cloud, requests: dict[str, float]) -> None:
    cloud.serve("busy", cloud.define("busy", environment={"MODE": "busy"}))
    track(cloud, "busy", "ECSServiceAverageCPUUtilization", 20, (1, 2))
    until(lambda: cloud.service("busy")["runningCount"] == 2, 40, lambda: cloud.service("busy"))
    assert "(service busy) desired count was changed from 1 to 2." in cloud.events("busy")
    names = [{"Name": "ClusterName", "Value": "c"}, {"Name": "ServiceName", "Value": "busy"}]
    now = datetime.now(UTC)
    found = client(cloud.place, "cloudwatch").get_metric_statistics(
        Namespace="AWS/ECS",
        MetricName="CPUUtilization",
        Dimensions=names,
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    assert max(point["Maximum"] for point in found) > 20


def test_requests_decide_in_both_directions(cloud: Cloud, requests: dict[str, float]) -> None:
    cloud.serve("asked", cloud.define("asked"))
    label = "app/lb/1/targetgroup/tg/2"
    requests[label] = 250
    track(cloud, "asked", "ALBRequestCountPerTarget", 100, (1, 4), ResourceLabel=label)
    until(lambda: cloud.service("asked")["runningCount"] == 3, 40, lambda: cloud.service("asked"))
    requests[label] = 10
    until(lambda: cloud.service("asked")["runningCount"] == 1, 60, lambda: cloud.service("asked"))


def test_a_schedule_changes_the_limits(cloud: Cloud, requests: dict[str, float]) -> None:
    cloud.serve("timed", cloud.define("timed"))
    track(cloud, "timed", "ECSServiceAverageMemoryUtilization", 90, (1, 4))
    soon = datetime.now(UTC) + timedelta(seconds=5)
    client(cloud.place, "application-autoscaling").put_scheduled_action(
        ServiceNamespace="ecs",
        ScheduledActionName="more",
        ResourceId="service/c/timed",
        ScalableDimension="ecs:service:DesiredCount",
        Schedule=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 3},
    )
    until(lambda: cloud.service("timed")["runningCount"] == 2, 30, lambda: cloud.service("timed"))

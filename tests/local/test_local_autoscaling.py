"""Tests of Application Auto Scaling with services that run real tasks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask_on_aws_cli.local_aws.ecs.scheduler.autoscaling import Autoscaling
from flask_on_aws_cli.local_project.location import Location

from tests.waiting import until

from .cloud import Cloud
from .conftest import client


@pytest.fixture
def cloud(location: Location) -> Iterator[Cloud]:
    cloud = Cloud(location)
    yield cloud
    cloud.stop()


@pytest.fixture
def requests(cloud: Cloud) -> Iterator[dict[str, float]]:
    """The number of requests per target by resource label, which tests set while autoscaling runs."""
    counts: dict[str, float] = {}
    scaling = Autoscaling(cloud.location, cloud.endpoint.records, cloud.plane, lambda label: counts.get(label, 0.0))
    scaling.start()
    yield counts
    scaling.stop()


def track(cloud: Cloud, name: str, metric: str, target: float, limits: tuple[int, int], **metric_options: Any) -> None:
    scaling = client(cloud.location, "application-autoscaling")
    scalable_target = {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/c/{name}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling.register_scalable_target(**scalable_target, MinCapacity=limits[0], MaxCapacity=limits[1])
    scaling.put_scaling_policy(
        **scalable_target,
        PolicyName=metric,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": target,
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric, **metric_options},
            "ScaleOutCooldown": 60,
            "ScaleInCooldown": 60,
        },
    )


def test_a_busy_service_gets_more_tasks(cloud: Cloud, requests: dict[str, float]) -> None:
    cloud.serve("busy", cloud.define("busy", environment={"MODE": "busy"}))
    track(cloud, "busy", "ECSServiceAverageCPUUtilization", 20, (1, 2))
    until(lambda: cloud.service("busy")["runningCount"] == 2, state=lambda: cloud.service("busy"))
    assert "(service busy) desired count was changed from 1 to 2." in cloud.events("busy")
    names = [{"Name": "ClusterName", "Value": "c"}, {"Name": "ServiceName", "Value": "busy"}]
    now = datetime.now(UTC)
    points = client(cloud.location, "cloudwatch").get_metric_statistics(
        Namespace="AWS/ECS",
        MetricName="CPUUtilization",
        Dimensions=names,
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    assert max(point["Maximum"] for point in points) > 20


def test_a_service_scales_out_and_in_by_its_requests(cloud: Cloud, requests: dict[str, float]) -> None:
    cloud.serve("requested", cloud.define("requested"))
    label = "app/lb/1/targetgroup/tg/2"
    requests[label] = 250
    track(cloud, "requested", "ALBRequestCountPerTarget", 100, (1, 4), ResourceLabel=label)
    until(lambda: cloud.service("requested")["runningCount"] == 3, state=lambda: cloud.service("requested"))
    requests[label] = 10
    until(lambda: cloud.service("requested")["runningCount"] == 1, state=lambda: cloud.service("requested"))


def test_a_schedule_changes_the_number_of_tasks(cloud: Cloud, requests: dict[str, float]) -> None:
    cloud.serve("timed", cloud.define("timed"))
    track(cloud, "timed", "ECSServiceAverageMemoryUtilization", 90, (1, 4))
    soon = datetime.now(UTC) + timedelta(seconds=5)
    client(cloud.location, "application-autoscaling").put_scheduled_action(
        ServiceNamespace="ecs",
        ScheduledActionName="more",
        ResourceId="service/c/timed",
        ScalableDimension="ecs:service:DesiredCount",
        Schedule=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 3},
    )
    until(lambda: cloud.service("timed")["runningCount"] == 2, state=lambda: cloud.service("timed"))

"""Services whose tasks are real processes, as DescribeServices, DescribeTasks and GetLogEvents tell them."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from cli.local.parts import Place

from .cloud import Cloud, until
from .conftest import REGION, client, free_port


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(Place(tmp_path_factory.mktemp("local aws"), free_port(), REGION))
    yield cloud
    cloud.stop()


def pids(cloud: Cloud, task: Any) -> list[int]:
    """The process ids of a task, as the system knows them."""
    identifier = task["taskArn"].rsplit("/", 1)[-1]
    found = [psutil.Process(run.running.popen.pid) for run in containers(cloud, identifier)]  # type: ignore[union-attr]
    return [process.pid for process in found]


def containers(cloud: Cloud, identifier: str) -> list[Any]:
    runs = cloud.plane._scheduler.runs()
    return next(run.containers for run in runs if run.record.id == identifier)


def test_a_good_deploy_replaces_the_tasks_one_version_by_the_other(cloud: Cloud) -> None:
    cloud.serve("good", cloud.define("good", environment={"RELEASE": "1"}), count=2)
    first = cloud.steady("good")
    assert first["runningCount"] == 2
    assert first["deployments"][0]["rolloutStateReason"] == f"ECS deployment {first['deployments'][0]['id']} completed."
    old = {task["taskArn"] for task in cloud.tasks("good")}
    assert all(task["lastStatus"] == "RUNNING" and task["startedAt"] for task in cloud.tasks("good"))
    cloud.ecs.update_service(
        cluster="c", service="good", taskDefinition=cloud.define("good", environment={"RELEASE": "2"})
    )
    assert [one["status"] for one in cloud.service("good")["deployments"]] == ["PRIMARY", "ACTIVE"]
    service = cloud.steady("good")
    assert [one["taskDefinition"].rsplit(":", 1)[-1] for one in service["deployments"]] == ["2"]
    until(
        lambda: {task["taskArn"] for task in cloud.tasks("good", "STOPPED") if task["lastStatus"] == "STOPPED"} == old
    )
    for task in cloud.tasks("good", "STOPPED"):
        assert task["stopCode"] == "ServiceSchedulerInitiated"
        assert task["stoppedReason"] == f"Scaling activity initiated by (deployment {service['deployments'][0]['id']})"
        assert task["containers"][0]["exitCode"] == 0  # it obeyed SIGTERM
    assert "(service good) has reached a steady state." in cloud.events("good")
    waiter = cloud.ecs.get_waiter("services_stable")
    waiter.wait(cluster="c", services=["good"], WaiterConfig={"Delay": 1, "MaxAttempts": 5})

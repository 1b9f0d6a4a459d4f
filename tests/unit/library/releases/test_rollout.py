"""What no emulator can do: rollouts as ECS on AWS reports them."""

import pytest
from flask_on_aws.releases.rollout import Rollout, RolloutError, Rollouts

WANTED = Rollout("cluster", "web", "arn:td/web:2", "web", 60)
OLD, NEW = "arn:td/web:1", "arn:td/web:2"


def deployment(identifier, definition, status="PRIMARY", state="IN_PROGRESS", running=0, **more):
    counts = {"desiredCount": 1, "runningCount": running, "pendingCount": 0, "failedTasks": 0}
    return {"id": identifier, "taskDefinition": definition, "status": status, "rolloutState": state, **counts, **more}


class Aws:
    """ECS and the load balancer, which report what a test prepared, one call after the other."""

    def __init__(self, *looks, health=(), tasks=(), events=()):
        self.looks, self.targets, self.known, self.events = list(looks), list(health), list(tasks), list(events)
        self.updates = []

    def client(self, _):
        return self

    def describe_services(self, **_):
        deployments = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        groups = [{"targetGroupArn": "arn:tg"}] if self.targets else []
        primary = deployments[0]["taskDefinition"]
        events = [{"message": text} for text in self.events]
        service = {"serviceName": "web", "status": "ACTIVE", "taskDefinition": primary, "loadBalancers": groups}
        return {"services": [{**service, "deployments": deployments, "events": events}]}

    def update_service(self, **given):
        self.updates.append(given)
        return {"service": {"deployments": self.looks[0]}}

    def describe_target_health(self, **_):
        told = [{"Target": {"Id": one}, "TargetHealth": {"State": state}} for one, state in self.targets]
        return {"TargetHealthDescriptions": told}

    def describe_target_groups(self, **_):
        return {"TargetGroups": [{"HealthCheckPath": "/up"}]}

    def list_tasks(self, desiredStatus, **_):
        return {"taskArns": [one["taskArn"] for one in self.known if one["desiredStatus"] == desiredStatus]}

    def describe_tasks(self, tasks, **_):
        return {"tasks": [one for one in self.known if one["taskArn"] in tasks]}

    def describe_task_definition(self, **_):
        return {"taskDefinition": {"containerDefinitions": [], "memory": "512"}}


def task(address, deployment, desired="RUNNING", **more):
    details = [{"name": "privateIPv4Address", "value": address}]
    arn = f"arn:task/{address}"
    told = {"taskArn": arn, "startedBy": deployment, "desiredStatus": desired, "attachments": [{"details": details}]}
    return {**told, "containers": [], **more}


def follow(cloud):
    said = []
    Rollouts(cloud.client, said.append, sleep=lambda _: None).follow(WANTED)
    return said


def test_it_is_done_once_all_new_tasks_get_requests_and_the_old_ones_only_drain():
    both = [deployment("new", NEW, running=1), deployment("old", OLD, "ACTIVE", "COMPLETED", 1)]
    cloud = Aws(
        [deployment("new", NEW), deployment("old", OLD, "ACTIVE", "COMPLETED", 1)],
        both,
        health=[("10.0.0.1", "healthy"), ("10.0.0.2", "healthy")],
        tasks=[task("10.0.0.1", "old"), task("10.0.0.2", "new")],
    )
    assert follow(cloud)[-1] == "web: 1 of 1 tasks run; 2 healthy behind the load balancer"
    assert cloud.updates == []


def test_a_healthy_old_task_does_not_stand_in_for_a_new_one():
    cloud = Aws(
        [deployment("new", NEW, running=1), deployment("old", OLD, "ACTIVE", "COMPLETED", 1)],
        health=[("10.0.0.1", "healthy"), ("10.0.0.2", "initial")],
        tasks=[task("10.0.0.1", "old"), task("10.0.0.2", "new")],
    )
    with pytest.raises(RolloutError, match=r"The rollout of web:2 did not end within 0 s"):
        Rollouts(cloud.client, str, sleep=lambda _: None).follow(WANTED._replace(seconds=0))


def test_a_deployment_that_supersedes_this_one_is_reported():
    cloud = Aws([deployment("new", NEW)], [deployment("new", NEW)], [deployment("third", "arn:td/web:3")])
    with pytest.raises(RolloutError, match="web:2 was overtaken by another deployment, of web:3"):
        follow(cloud)


def test_a_new_deployment_may_be_visible_only_after_some_seconds():
    before = [deployment("old", NEW, "PRIMARY", "COMPLETED", 1)]
    cloud = Aws(
        before, before, [deployment("new", NEW), deployment("old", NEW, "ACTIVE", "COMPLETED", 1)],
        [deployment("new", NEW, "PRIMARY", "COMPLETED", 1)],
    )  # fmt: skip
    said = []
    Rollouts(cloud.client, said.append, sleep=lambda _: None).follow(WANTED, "new")
    assert said == ["web: 0 of 1 tasks run", "web: 1 of 1 tasks run"]


def test_the_same_deployed_again_by_hand_is_followed():
    cloud = Aws(
        [deployment("new", NEW)], [deployment("again", NEW)], [deployment("again", NEW, "PRIMARY", "COMPLETED", 1)]
    )
    assert follow(cloud)[-1] == "web: 1 of 1 tasks run"


def test_a_lack_of_capacity_is_reported():
    events = ["(service web) was unable to place a task. Reason: Capacity is unavailable at this time."]
    cloud = Aws([deployment("new", NEW)], events=events)
    with pytest.raises(RolloutError, match=r"Cause \(no capacity\): .*Capacity is unavailable at this time"):
        Rollouts(cloud.client, str, sleep=lambda _: None).follow(WANTED._replace(seconds=0))


def test_an_unhealthy_targets_reason_outlives_its_task():
    group = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1"
    reason = "Health checks failed with these codes: [500]"
    events = [
        "(service web) (deployment new) deployment failed: tasks failed to start.",
        f"(service web) (port 8080) is unhealthy in (target-group {group}) due to (reason {reason}).",
    ]
    stopped = {"stopCode": "ServiceSchedulerInitiated", "stoppedReason": f"Task failed ELB health checks in ({group})"}
    cloud = Aws(
        [deployment("new", NEW)],
        [deployment("back", OLD), deployment("new", NEW, "ACTIVE", "FAILED")],
        health=[("10.0.0.1", "healthy")],
        tasks=[task("10.0.0.2", "new", "STOPPED", **stopped)],
        events=events,
    )
    with pytest.raises(RolloutError, match=r"ECS has gone back to web:1.*GET /up was not answered with 200.*\[500\]"):
        follow(cloud)

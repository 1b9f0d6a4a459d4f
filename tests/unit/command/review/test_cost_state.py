"""The cost of a stack as an exported state has it: with AWS's own names and ids instead of references."""

import json

from flask_on_aws_cli.review.cost.compare_costs import CostOptions, compare_costs
from flask_on_aws_cli.review.cost_model import cents
from flask_on_aws_cli.review.inputs.state import read_state

STACK = "urn:pulumi:prod::shop"
ARN = "arn:aws:ecs:eu-west-2:123456789012"


def entry(token, name, inputs, **dependencies):
    return {
        "urn": f"{STACK}::{token}::{name}",
        "type": token,
        "custom": True,
        "id": f"{name}-1a2b3c4",
        "inputs": {"__defaults": [], **inputs},
        "outputs": {},
        "propertyDependencies": dependencies,
    }


def test_tasks_and_capacity_are_found_by_the_names_that_aws_gave(tmp_path):
    task = entry(
        "aws:ecs/taskDefinition:TaskDefinition", "web", {"cpu": "512", "memory": "1024", "family": "shop-9f8e"}
    )
    service = entry(
        "aws:ecs/service:Service",
        "web",
        {
            "taskDefinition": f"{ARN}:task-definition/shop-9f8e:17",
            "capacityProviderStrategies": [
                {"__defaults": ["base"], "base": 0, "capacityProvider": "FARGATE", "weight": 1}
            ],
            "networkConfiguration": {"__defaults": [], "assignPublicIp": True, "subnets": ["subnet-1"]},
        },
        taskDefinition=[task["urn"]],
    )
    target = entry(
        "aws:appautoscaling/target:Target",
        "scaling",
        {"resourceId": "service/main-5d6c/web-1a2b3c4", "minCapacity": 3, "maxCapacity": 9},
        resourceId=["urn:of:the:cluster", service["urn"]],
    )
    cluster = entry(
        "aws:rds/cluster:Cluster",
        "db",
        {
            "engine": "aurora-postgresql",
            "clusterIdentifier": "db-77aa",
            "serverlessv2ScalingConfiguration": {"__defaults": [], "minCapacity": 2, "maxCapacity": 8},
        },
    )
    member = entry(
        "aws:rds/clusterInstance:ClusterInstance",
        "db-1",
        {"clusterIdentifier": "db-77aa", "instanceClass": "db.serverless"},
        # None: older states have no dependencies by property.
    )
    provider = entry("pulumi:providers:aws", "default_7_1_0", {"region": "eu-west-2"})
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"deployment": {"resources": [provider, task, service, target, cluster, member]}}))
    state = read_state(file)
    assert state.region == "eu-west-2"
    report = compare_costs(state.resources, list(state.resources.values()), "us-east-1", CostOptions(), state.region)
    # 3 x 730 x (0.5 x 0.04656 + 1 x 0.00511 + 0.005) and 730 x 2 x 0.14
    assert str(cents(report.before.total)) == "277.52"
    # 3 x 730 x (0.5 x 0.04048 + 1 x 0.004445 + 0.005) and 730 x 2 x 0.12
    assert str(cents(report.after.total)) == "240.21"
    assert not report.incomplete

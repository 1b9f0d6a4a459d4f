"""Tests of the task definition for tunnels."""

import json

from flask_on_aws import TunnelTask

ARGS = {
    "image_uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/app@sha256:1",
    "execution_role_arn": "arn:execution",
    "log_group_name": "app-logs",
    "architecture": "arm64",
    "permissions_boundary": "arn:boundary",
}
AGENT = "ssmmessages:CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel"


def test_the_task_only_waits(deploy):
    deployed = deploy(lambda: TunnelTask("app-tunnel", ARGS))
    definition = deployed.named("app-tunnel")
    (container,) = json.loads(definition["containerDefinitions"])
    assert (container["name"], container["image"]) == ("tunnel", ARGS["image_uri"])
    assert (container["entryPoint"], container["command"]) == (["/bin/sh", "-c"], ["exec sleep 43200"])
    assert (container["environment"], container["secrets"]) == ([], [])
    assert "portMappings" not in container
    assert container["logConfiguration"]["options"]["awslogs-group"] == "app-logs"
    assert (definition["executionRoleArn"], definition["runtimePlatform"]["cpuArchitecture"]) == (
        "arn:execution",
        "ARM64",
    )


def test_its_role_may_connect_the_agent_and_nothing_else(deploy):
    deployed = deploy(lambda: TunnelTask("app-tunnel", ARGS))
    ((name, policy),) = deployed.of_type("iam/rolePolicy:RolePolicy").items()
    (statement,) = json.loads(policy["policy"])["Statement"]
    assert name == "app-tunnel-task"
    assert " ".join(statement["Action"]).replace(" ssmmessages:", " ") == AGENT
    (role,) = deployed.of_type("iam/role:Role").values()
    assert role["permissionsBoundary"] == "arn:boundary"
    (role_arn,) = {d["taskRoleArn"] for d in deployed.of_type("ecs/taskDefinition:TaskDefinition").values()}
    assert "app-tunnel-task" in role_arn

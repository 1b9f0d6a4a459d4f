import json

import pulumi
import pytest
from flask_on_aws.ecs.service import Service, capacity_strategy, problems

PLACE = {"cluster_arn": "arn:cluster", "vpc_id": "vpc-1", "subnet_ids": ["subnet-1"], "image_uri": "repo@sha256:1"}
BALANCED = {**PLACE, "target_group_arn": "arn:tg", "load_balancer_security_group_id": "sg-lb"}


def test_a_service_rolls_out_whole_and_rolls_back(deploy):
    service = deploy(lambda: Service("web", BALANCED)).of_type("ecs/service:Service")["web"]
    assert service["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert (service["deploymentMinimumHealthyPercent"], service["deploymentMaximumPercent"]) == (100, 200)
    assert service["healthCheckGracePeriodSeconds"] == 60
    assert service["loadBalancers"] == [{"targetGroupArn": "arn:tg", "containerName": "web", "containerPort": 8080}]
    assert service["enableExecuteCommand"] is False
    assert service["waitForSteadyState"] is False  # a hook follows the rollout


def test_tasks_are_reached_from_the_load_balancer_alone(deploy):
    deployed = deploy(lambda: Service("web", BALANCED))
    (rule,) = deployed.of_type("securityGroupIngressRule:SecurityGroupIngressRule").values()
    assert rule["referencedSecurityGroupId"] == "sg-lb"
    assert (rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == (8080, 8080, "tcp")
    assert "cidrIpv4" not in rule


def test_outbound_ports_can_be_named(deploy):
    deployed = deploy(lambda: Service("web", {**PLACE, "outbound_ports": [443]}))
    rules = deployed.of_type("securityGroupEgressRule:SecurityGroupEgressRule")
    assert {name: (rule["fromPort"], rule["toPort"]) for name, rule in rules.items()} == {
        "web-to-443-ipv4": (443, 443),
        "web-to-443-ipv6": (443, 443),
    }


def test_the_task_runs_on_the_processor_that_it_was_built_for(deploy):
    task = deploy(lambda: Service("web", {**PLACE, "architecture": "arm64"})).of_type(":TaskDefinition")["web"]
    assert task["runtimePlatform"] == {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    assert (task["cpu"], task["memory"], task["networkMode"]) == ("256", "512", "awsvpc")


def test_exec_needs_its_own_writable_directories(deploy):
    task = deploy(lambda: Service("web", {**PLACE, "enable_exec": True})).of_type(":TaskDefinition")["web"]
    assert [volume["name"] for volume in task["volumes"]] == ["tmp", "var-lib-amazon", "var-log-amazon"]
    (web,) = json.loads(task["containerDefinitions"])
    assert web["readonlyRootFilesystem"] is True


def test_new_secret_values_make_a_new_task_definition(deploy):
    task = deploy(lambda: Service("web", {**PLACE, "secrets_version": "v2"})).of_type(":TaskDefinition")["web"]
    (web,) = json.loads(task["containerDefinitions"])
    assert web["dockerLabels"] == {"flask-on-aws.secrets": "v2"}


def test_a_worker_shares_roles_logs_and_group(deploy):
    shared = {
        "execution_role_arn": "arn:e",
        "task_role_arn": "arn:t",
        "log_group_name": "logs",
        "security_group_id": "sg-1",
    }
    deployed = deploy(
        lambda: Service("mail", {**PLACE, **shared, "command": "python -m mail", "container_name": "mail"})
    )
    assert not deployed.of_type("iam/role:Role")
    assert not deployed.of_type(":LogGroup")
    assert not deployed.of_type("securityGroup:SecurityGroup")
    assert "healthCheckGracePeriodSeconds" not in deployed.of_type("ecs/service:Service")["mail"]


@pytest.mark.parametrize(
    ("share", "weights"),
    [
        (0, [("FARGATE", 1, None)]),
        (70, [("FARGATE", 30, 1), ("FARGATE_SPOT", 70, None)]),
        (100, [("FARGATE_SPOT", 100, None)]),
    ],
)
def test_spot_never_takes_the_first_task_unless_it_takes_all(share, weights):
    assert [(s["capacity_provider"], s["weight"], s.get("base")) for s in capacity_strategy(share)] == weights


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("architecture", "x86"),
        ("memory", 513),
        ("port", 0),
        ("startup_seconds", 241),
        ("stop_timeout", 121),
        ("stop_timeout", 10),
        ("spot_share", 101),
        ("log_retention_days", 15),
        ("writable_paths", ["tmp"]),
        ("execution_role_arn", "arn:e"),
    ],
)
def test_what_aws_would_refuse_is_rejected_first(mocks, argument, value):
    assert [problem.argument for problem in problems({argument: value})] == [argument]
    with pytest.raises(pulumi.InputPropertiesError, match=argument):
        Service("web", {**PLACE, argument: value})
    assert mocks.resources == []


def test_what_the_containers_beside_the_app_s_need_is_granted(deploy):
    registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:server-AbCdEf"
    setup = {
        "name": "setup",
        "image": f"{registry}/tools/psql:17",
        "secrets": [{"name": "PGPASSWORD", "valueFrom": f"{secret}:password::"}],
    }
    args = {**PLACE, "image_uri": f"{registry}/shop@sha256:1", "init_containers": [setup]}
    policy = deploy(lambda: Service("web", args)).of_type("rolePolicy:RolePolicy")["web-execution"]["policy"]
    granted = {statement["Action"][0]: statement["Resource"] for statement in json.loads(policy)["Statement"]}
    assert granted["ecr:BatchCheckLayerAvailability"] == [
        "arn:aws:ecr:us-east-1:123456789012:repository/shop",
        "arn:aws:ecr:us-east-1:123456789012:repository/tools/psql",
    ]
    assert granted["secretsmanager:GetSecretValue"] == [secret]

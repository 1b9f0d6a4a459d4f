"""A review predicts what the real engine and provider plan for the same change, from a commit, a state and a plan."""

import json
import subprocess

import pytest
from click.testing import CliRunner
from flask_on_aws_cli.main import main

from tests.e2e.stacks import Stack, use_this_environment

pytestmark = pytest.mark.engine

# Each resource changes in another way, if at all; none of them takes the emulator or the provider long.
PROGRAM = """
import json
import pulumi
import pulumi_aws as aws

changed = pulumi.Config().get_bool("changed") or False


def document(*actions):
    statement = {"Sid": "It", "Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


trust = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]})
network = aws.ec2.Vpc("net", cidr_block="10.1.0.0/16" if changed else "10.0.0.0/16")
aws.ec2.Subnet("net-a", vpc_id=network.id, cidr_block="10.1.1.0/24" if changed else "10.0.1.0/24")
aws.ec2.SecurityGroup("access", vpc_id=network.id, description="Access")
aws.cloudwatch.LogGroup("logs", retention_in_days=30 if changed else 90)
aws.iam.Role("kept", assume_role_policy=trust)
role = aws.iam.Role("task", assume_role_policy=trust, path="/app/" if changed else "/")
aws.iam.RolePolicy("task", role=role.name, policy=document("s3:GetObject"))
other = aws.iam.Role("other", assume_role_policy=trust)
aws.iam.RolePolicy("other", role=other.name, policy=document("s3:PutObject" if changed else "s3:GetObject"))
secret = aws.secretsmanager.Secret("secret", description="B" if changed else "A", recovery_window_in_days=0)
aws.secretsmanager.SecretVersion("content", secret_id=secret.id, secret_string="b" if changed else "a")
aws.ssm.Parameter("size", type="String", value="2" if changed else "1")
repository = aws.ecr.Repository("image", image_tag_mutability="IMMUTABLE" if changed else "MUTABLE", force_delete=True)
aws.cloudwatch.MetricAlarm("cpu", name="cpu-b" if changed else "cpu-a", comparison_operator="GreaterThanThreshold",
                           evaluation_periods=1, metric_name="CPUUtilization", namespace="AWS/ECS", period=60,
                           statistic="Average", threshold=80)
aws.sns.Topic("alerts", display_name="B" if changed else "A")
aws.sns.Topic("new" if changed else "old")
aws.ecs.TaskDefinition("web", family="web", cpu="512" if changed else "256", memory="1024", network_mode="awsvpc",
                       requires_compatibilities=["FARGATE"], execution_role_arn=other.arn,
                       container_definitions=json.dumps([{"name": "web", "image": "web:1", "essential": True}]))
"""
REPLACEMENTS = {"replace", "create-replacement", "delete-replaced"}


@pytest.fixture
def stack(pulumi_command, emulator, tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "Pulumi.yaml").write_text(
        "name: shop\nruntime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: .venv\n"
    )
    use_this_environment(folder / "Pulumi.yaml")
    return Stack(pulumi_command, folder, emulator, "prod")


def reviewed(stack, *options):
    """Logical name and type → the operation that a review predicts; those that stay the same are left out."""
    result = CliRunner().invoke(main, ["review", "--project", str(stack.folder), "--format", "json", *options])
    report = json.loads(result.output)
    return {(change["name"], change["type"]): change["operation"] for change in report["changes"]}


def planned(plan):
    """The same as the engine plans it."""
    operations = {}
    for step in json.loads(plan)["steps"]:
        kind, name = step["urn"].split("::")[-2].rpartition("$")[2], step["urn"].split("::")[-1]
        if step["op"] != "same" and kind.startswith("aws:"):
            operation = "replace" if step["op"] in REPLACEMENTS else step["op"]
            operations[name, kind] = operation
    return operations


def test_a_review_predicts_what_the_engine_plans(stack, tmp_path):
    """Only this test compares a review with the plan of Pulumi's engine and the AWS provider."""
    state, encrypted, plan = (tmp_path / name for name in ("state.json", "encrypted.json", "plan.json"))
    stack.configure(changed=False)
    stack.up()
    state.write_text(stack.run("stack", "export", "--show-secrets"))
    encrypted.write_text(stack.run("stack", "export"))
    identity = ("-c", "user.name=Dev", "-c", "user.email=dev@example.com")
    for command in ("init --quiet --initial-branch main", "add --all", "commit --quiet -m First"):
        subprocess.run(["git", *identity, *command.split()], cwd=stack.folder, check=True)
    assert reviewed(stack, "--state", str(state)) == {}
    stack.configure(changed=True)
    plan.write_text(stack.run("preview", "--json"))
    operations = planned(plan.read_text())
    assert set(operations.values()) == {"create", "update", "replace", "delete"}
    assert reviewed(stack) == operations
    assert reviewed(stack, "--state", str(state)) == operations
    without_secrets = {key: value for key, value in operations.items() if key[0] not in ("content", "size")}
    assert reviewed(stack, "--state", str(encrypted)) == without_secrets
    assert reviewed(stack, "--plan", str(plan)) == without_secrets

"""The program's life on an emulated AWS: up, again, refresh, changes, destroy."""

import json

import pytest

pytestmark = pytest.mark.engine


def test_the_default_stack_lives_and_leaves_nothing(program):
    stack = program("dev")
    stack.up()
    outputs = stack.outputs()
    assert outputs["url"] == f"https://{outputs['hostname']}"
    assert outputs["hostname"].endswith(".cloudfront.net")

    assert stack.changes() == {}
    check_no_plaintext_secret(stack)

    (stack.folder / "app_template" / "board" / "static" / "release.txt").write_text("a new release")
    touched = set(stack.changes())
    assert touched == {"app-image", "app-web"}  # the image, the task definition and the service, both called app-web

    stack.run("destroy", "--yes", "--skip-preview")
    assert stack.resources() == {}
    assert leftovers(stack) == {}


def check_no_plaintext_secret(stack):
    shown = json.loads(stack.run("stack", "export", "--show-secrets"))
    passwords = {
        resource["outputs"]["result"]["plaintext"].strip('"')
        for resource in shown["deployment"]["resources"]
        if resource["type"] == "random:index/randomPassword:RandomPassword"
    }
    assert passwords
    task = stack.aws("ecs").describe_task_definition(taskDefinition=stack.outputs()["taskDefinitionArn"])
    places = {
        "state": stack.run("stack", "export"),
        "outputs": json.dumps(stack.outputs()),
        "task": json.dumps(task, default=str),
    }
    for password in passwords:
        assert [place for place, text in places.items() if password in text] == []


def leftovers(stack):
    """What a destroyed stack has left in the account, by kind."""
    found = {
        "buckets": [bucket["Name"] for bucket in stack.aws("s3").list_buckets()["Buckets"]],
        "databases": [db["DBInstanceIdentifier"] for db in stack.aws("rds").describe_db_instances()["DBInstances"]],
        "snapshots": [s["DBSnapshotIdentifier"] for s in stack.aws("rds").describe_db_snapshots()["DBSnapshots"]],
        "load balancers": stack.aws("elbv2").describe_load_balancers()["LoadBalancers"],
        "clusters": stack.aws("ecs").list_clusters()["clusterArns"],
        "repositories": stack.aws("ecr").describe_repositories()["repositories"],
        "secrets": stack.aws("secretsmanager").list_secrets()["SecretList"],
        "vpcs": [vpc["VpcId"] for vpc in stack.aws("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]],
        "log groups": stack.aws("logs").describe_log_groups()["logGroups"],
        "alarms": stack.aws("cloudwatch").describe_alarms()["MetricAlarms"],
    }
    return {kind: things for kind, things in found.items() if things}

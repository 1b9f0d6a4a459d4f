"""Checks of a stack that several tests share."""

import json
from collections.abc import Iterator
from typing import Any

from tests.e2e.stacks import Stack

# Properties that the emulator does not store, so that previews show a difference where AWS has none. By logical name.
NOT_STORED = {
    # DescribeScalableTargets returns no tags, which the provider reads as "no default tags".
    "app-scaling": {"tagsAll"},
}


def check_nothing_to_do(stack):
    changes = {name: set(properties) for name, properties in stack.changes().items()}
    unexpected = {name: properties for name, properties in changes.items() if NOT_STORED.get(name) != properties}
    assert not unexpected, unexpected


def identities(stack):
    """The ids of resources that must not be replaced."""
    types = (
        "aws:rds/instance:Instance",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:s3/bucket:Bucket",
        "aws:ec2/vpc:Vpc",
        "aws:ecs/cluster:Cluster",
        "aws:ecs/service:Service",
        "aws:ecr/repository:Repository",
        "aws:secretsmanager/secret:Secret",
    )
    return {key: resource["id"] for key, resource in stack.resources().items() if key.startswith(types)}


def active_clusters(stack):
    """Names of the clusters that are not deleted; AWS reports deleted ones for a while as INACTIVE."""
    ecs = stack.aws("ecs")
    clusters = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
    return [cluster["clusterName"] for cluster in clusters if cluster["status"] == "ACTIVE"]


def leftovers(stack):
    """The resources that a destroyed stack has left in the account, by kind."""
    resources = {
        "buckets": [bucket["Name"] for bucket in stack.aws("s3").list_buckets()["Buckets"]],
        "databases": [db["DBInstanceIdentifier"] for db in stack.aws("rds").describe_db_instances()["DBInstances"]],
        "snapshots": [s["DBSnapshotIdentifier"] for s in stack.aws("rds").describe_db_snapshots()["DBSnapshots"]],
        "load balancers": stack.aws("elbv2").describe_load_balancers()["LoadBalancers"],
        "clusters": active_clusters(stack),
        "repositories": stack.aws("ecr").describe_repositories()["repositories"],
        "secrets": stack.aws("secretsmanager").list_secrets()["SecretList"],
        "vpcs": [vpc["VpcId"] for vpc in stack.aws("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]],
        "log groups": stack.aws("logs").describe_log_groups()["logGroups"],
        "log deliveries": stack.aws("logs").describe_deliveries()["deliveries"],
        "log sources": stack.aws("logs").describe_delivery_sources()["deliverySources"],
        "log destinations": stack.aws("logs").describe_delivery_destinations()["deliveryDestinations"],
        "alarms": stack.aws("cloudwatch").describe_alarms()["MetricAlarms"],
    }
    return {kind: remaining for kind, remaining in resources.items() if remaining}


# The key of objects that represent a secret in Pulumi's state.
_SIGNATURE = "4dabf18193072939515e22adb298388d"
# Types and properties that Pulumi treats as secret although they are not: the Terraform provider's private state, the
# records of releases, which are plain text in Parameter Store, and the neighbors of a secret in the same object: a
# registry's address next to its password, a CloudFront origin's name next to its header.
_NO_SECRETS = (
    "__tfstate",
    "aws:ssm/parameter:Parameter",
    "address",
    "username",
    "domainName",
    "originId",
    "name",
    "httpHeaderName",
)
_MIN_SECRET_LENGTH = 12  # shorter texts are words such as `app` or `port`, which appear anywhere


def check_no_plaintext_secret(stack: Stack, printed: str = "") -> None:
    """Check that no secret of any resource is stored, printed, logged or exported as plain text.

    Args:
        printed: the update's output; if it is set, its events are read from `events.json` in the program's folder.
    """
    secrets = secrets_of(json.loads(stack.run("stack", "export", "--show-secrets")))
    owners = {name.rsplit("::", 1)[-1] for name in secrets.values()}
    assert {"app-key", "app-db-password", "app-secret-content"} <= owners  # otherwise this check proves nothing
    task = stack.aws("ecs").describe_task_definition(taskDefinition=stack.outputs()["taskDefinitionArn"])
    (stack.folder / "app_template" / "changed.txt").write_text("so that there is a difference to show")
    texts = {
        "state": stack.run("stack", "export"),
        "outputs": json.dumps(stack.outputs()),
        "ids and URNs": stack.run("stack", "--show-ids", "--show-urns"),
        "diff": stack.run("preview", "--diff", "--show-sames", "--show-reads"),
        "preview as JSON": stack.run("preview", "--json"),
        "update": printed,
        "events": (stack.folder / "events.json").read_text() if printed else "",
        "task definition": json.dumps(task, default=str),
        "parameters": json.dumps(stack.aws("ssm").describe_parameters(), default=str),
    }
    (stack.folder / "app_template" / "changed.txt").unlink()
    leaks = {
        (source, owner, len(secret))
        for source, text in texts.items()
        for secret, owner in secrets.items()
        if secret in text
    }
    assert not leaks, leaks


def secrets_of(state: dict[str, Any]) -> dict[str, str]:
    """Each secret text in a state exported with its secrets, including those inside JSON → its resource's URN."""
    secrets: dict[str, str] = {}
    for resource in state["deployment"]["resources"]:
        for text in _texts(resource) if resource["type"] not in _NO_SECRETS else ():
            if len(text) >= _MIN_SECRET_LENGTH:
                secrets[text] = resource["urn"]
    return secrets


def _texts(value: Any, is_secret: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        if _SIGNATURE in value:
            yield from _texts(json.loads(value["plaintext"]), is_secret=True)
        else:
            for key, item in value.items():
                yield from _texts(item, is_secret) if key not in _NO_SECRETS else ()
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, is_secret)
    elif isinstance(value, str) and is_secret:
        yield value
        try:
            parsed = json.loads(value)
        except json.JSONDecodeError:
            return
        if isinstance(parsed, dict | list):
            yield from _texts(parsed, is_secret=True)

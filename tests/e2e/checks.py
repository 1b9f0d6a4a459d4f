"""What several tests ask of a stack."""

import json
from collections.abc import Iterator
from typing import Any

from tests.e2e.stacks import Stack

# What the emulator forgets, so that it comes back as a difference where AWS has none. Logical name → property.
FORGOTTEN = {
    # DescribeScalableTargets answers without tags, which the provider reads as "no default tags".
    "app-scaling": {"tagsAll"},
}


def check_nothing_to_do(stack):
    left = {name: set(differ) for name, differ in stack.changes().items()}
    unexpected = {name: differ for name, differ in left.items() if FORGOTTEN.get(name) != differ}
    assert not unexpected, unexpected


def identities(stack):
    """The ids of what must not be replaced."""
    kept = (
        "aws:rds/instance:Instance",
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:s3/bucket:Bucket",
        "aws:ec2/vpc:Vpc",
        "aws:ecs/cluster:Cluster",
        "aws:ecs/service:Service",
        "aws:ecr/repository:Repository",
        "aws:secretsmanager/secret:Secret",
    )
    return {key: resource["id"] for key, resource in stack.resources().items() if key.startswith(kept)}


def active_clusters(stack):
    """A deleted cluster is still reported for a while, as INACTIVE."""
    ecs = stack.aws("ecs")
    clusters = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
    return [cluster["clusterName"] for cluster in clusters if cluster["status"] == "ACTIVE"]


def leftovers(stack):
    """What a destroyed stack has left in the account, by kind."""
    found = {
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
    return {kind: things for kind, things in found.items() if things}


# How Pulumi marks a secret in a state.
_MARK = "4dabf18193072939515e22adb298388d"
# What is marked without being a secret: all of a resource as the Terraform provider keeps it, the records of releases,
# which are texts in clear in Parameter Store, and what stands beside a secret in the same object: a registry beside its
# password, an origin of CloudFront beside its header.
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
_SHORTEST_SECRET = 12  # characters; what is shorter is a word like `app` or `port`, which stands anywhere


def check_no_plaintext_secret(stack: Stack, printed: str = "") -> None:
    """No secret of any resource stands in clear where it is kept, printed, logged or exported.

    Args:
        printed: what the update printed. Its events are read from `events.json` in the program's folder.
    """
    secrets = secrets_of(json.loads(stack.run("stack", "export", "--show-secrets")))
    owners = {name.rsplit("::", 1)[-1] for name in secrets.values()}
    assert {"app-key", "app-db-password", "app-secret-content"} <= owners  # what this test is about
    task = stack.aws("ecs").describe_task_definition(taskDefinition=stack.outputs()["taskDefinitionArn"])
    (stack.folder / "app_template" / "changed.txt").write_text("so that there is a difference to show")
    places = {
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
        (place, owner, len(secret))
        for place, text in places.items()
        for secret, owner in secrets.items()
        if secret in text
    }
    assert not leaks, leaks


def secrets_of(state: dict[str, Any]) -> dict[str, str]:
    """Each secret text of a state shown with its secrets, also those inside of JSON, with the URN of its resource."""
    found: dict[str, str] = {}
    for resource in state["deployment"]["resources"]:
        for text in _texts(resource) if resource["type"] not in _NO_SECRETS else ():
            if len(text) >= _SHORTEST_SECRET:
                found[text] = resource["urn"]
    return found


def _texts(value: Any, is_secret: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        if _MARK in value:
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
            inner = json.loads(value)
        except json.JSONDecodeError:
            return
        if isinstance(inner, dict | list):
            yield from _texts(inner, is_secret=True)

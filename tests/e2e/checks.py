"""What several tests ask of a stack."""

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
    """A deleted cluster is still told for a while, as INACTIVE."""
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
        "alarms": stack.aws("cloudwatch").describe_alarms()["MetricAlarms"],
    }
    return {kind: things for kind, things in found.items() if things}

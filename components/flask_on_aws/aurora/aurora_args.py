"""The arguments of an Aurora cluster, their defaults and their checks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Required, TypedDict, cast

import pulumi

from ..component import with_defaults
from ..data_loss.guard import in_clear
from ..database import parameters
from ..database.database_checks import identifier_problems, shared_problems, version_problems
from ..database.engines import CLUSTER_ENGINES
from ..validation.argument_types import typed
from ..validation.choices import AuroraEngine
from ..validation.problems import Problem
from ..validation.values import range_problems
from .capacity import DEFAULT_IDLE_SECONDS, LEAST_FOR_INSIGHTS, capacity_problems, idle_problems


class AuroraClusterArgs(TypedDict, total=False):
    vpc_id: Required[pulumi.Input[str]]
    """Id of the VPC. Required."""
    subnet_ids: Required[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Ids of private subnets in at least two zones. Required."""
    client_security_group_ids: Mapping[str, pulumi.Input[str]]
    """Security groups that may connect, by a short name for each, which becomes part of the rule's name. Default: none."""
    engine: AuroraEngine
    """Engine: aurora-postgres or aurora-mysql. A change replaces the database. Default: aurora-postgres."""
    engine_version: str
    """Version of the engine: the major version, such as 17 or 8.0 (AWS chooses and upgrades the minor version), or a full one, such as 17.5 or 8.0.mysql_aurora.3.10.0 (fixed until this is changed). Default: 17; 8.0 for Aurora MySQL."""
    min_capacity: float
    """Minimum capacity of an instance in Aurora capacity units (2 GiB of memory each), in half steps; 0 pauses the cluster while nothing is connected, and the next connection waits about 15 seconds. Default: 0.5."""
    max_capacity: float
    """Maximum capacity of an instance in Aurora capacity units, from 1 to 256 in half steps. Default: 4."""
    auto_pause_seconds: int
    """With `min_capacity` 0: seconds without a connection after which the cluster pauses, from 300 to 86400. Default: 300."""
    database_name: str
    """Name of the database. Default: app."""
    username: str
    """Name of the database's owner. Default: app."""
    backup_days: int
    """Days, from 1 to 35, for which the database can be restored to any second; Aurora cannot turn backups off. Default: 7."""
    backup_window: str
    """Daily window of the backup, in UTC. Default: 03:00-04:00."""
    maintenance_window: str
    """Weekly window of upgrades and postponed changes, in UTC. Default: sun:04:30-sun:05:30."""
    multi_az: bool
    """Whether a second instance, in another zone, takes over within a minute when the first fails; it can serve reads. Default: false."""
    deletion_protection: bool
    """Whether both AWS and Pulumi refuse to delete the database; turn it off in a separate update first. Default: false."""
    final_snapshot: bool
    """Whether deleting the database leaves a snapshot behind. Default: false."""
    snapshot_identifier: str
    """Encrypted snapshot, with the same database name and owner, to create the database from: name or ARN of a cluster's snapshot, or ARN of an RDS instance's; later changes have no effect. Default: none."""
    apply_immediately: bool
    """Whether changes take effect at once, some with a restart, rather than in the maintenance window. Default: true."""
    allow_major_upgrade: bool
    """Whether a higher major `engine_version` may be applied. Default: false."""
    performance_insights: bool
    """Whether AWS keeps 7 days of wait statistics per query, free of charge (Performance Insights). Default: true with a `min_capacity` of at least 2, as AWS recommends."""
    monitoring_interval: int
    """Seconds between samples of the operating system: 0 (none), 1, 5, 10, 15, 30 or 60. Default: 0."""
    permissions_boundary: pulumi.Input[str]
    """ARN of the permissions boundary of the role that `monitoring_interval` needs. Default: none."""
    log_retention_days: int
    """Days for which CloudWatch keeps the database's logs, one of the values that CloudWatch accepts. Default: 30."""
    kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the database's storage, its backups and Performance Insights. It can only be set at creation. Default: RDS's key."""
    login_kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the secret with the login; whoever reads it also needs kms:Decrypt for the key. Default: Secrets Manager's key."""
    log_kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the database's log groups; its policy must allow CloudWatch Logs, as that of a KmsKey does. Default: CloudWatch's key."""
    accept_data_loss: Sequence[str]
    """Logical names of resources whose data this update may lose; the database's lets a change of engine, database_name, username or kms_key_id replace it and backup_days delete backups. Needs deletion_protection off. Default: none."""
    slow_query_ms: int
    """Duration in milliseconds from which a statement is logged; -1 logs none. Default: 1000."""
    idle_transaction_seconds: int
    """Seconds after which an idle transaction is ended; 0 means never. Aurora MySQL has no such limit. Default: 60."""
    lock_timeout_seconds: int
    """Seconds that a statement waits for a lock; 0 means forever. Default: 30."""
    statement_timeout_seconds: int
    """Seconds that a statement may run; a longer migration can run `SET statement_timeout = 0`. Aurora MySQL limits SELECT statements alone. 0 means forever. Default: 900."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


DEFAULTS: Mapping[str, Any] = {
    "client_security_group_ids": {},
    "engine": "aurora-postgres",
    "min_capacity": 0.5,
    "max_capacity": 4,
    "auto_pause_seconds": DEFAULT_IDLE_SECONDS,
    "database_name": "app",
    "username": "app",
    "backup_days": 7,
    "backup_window": "03:00-04:00",
    "maintenance_window": "sun:04:30-sun:05:30",
    "multi_az": False,
    "deletion_protection": False,
    "final_snapshot": False,
    "apply_immediately": True,
    "allow_major_upgrade": False,
    "monitoring_interval": 0,
    "log_retention_days": 30,
    "accept_data_loss": [],
    **parameters.DEFAULTS,
}
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
_BACKUP_DAYS_LEAST, _BACKUP_DAYS_MOST = 1, 35
_NAME = r"(?:rds:)?[a-zA-Z](?:[a-zA-Z0-9-]{0,253}[a-zA-Z0-9])?"
_ARN = r"arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:(?:cluster-)?snapshot:"
_SNAPSHOT = re.compile(rf"(?:{_ARN})?{_NAME}")


@typed(AuroraClusterArgs)
def problems(args: AuroraClusterArgs) -> Iterator[Problem]:
    """What is wrong with the settings, one sentence each; VPC and subnets are checked at creation."""
    if args.get("engine", DEFAULTS["engine"]) not in CLUSTER_ENGINES:
        return  # its type's problem
    given, args = args, settled(args)
    profile = CLUSTER_ENGINES[args["engine"]]
    version_errors = list(version_problems("engine_version", args["engine_version"], profile))
    yield from version_errors
    if not version_errors:
        yield from capacity_problems(args["min_capacity"], args["max_capacity"], args["engine_version"], profile)
    yield from idle_problems(args["auto_pause_seconds"], args["min_capacity"])
    yield from identifier_problems("database_name", args["database_name"], profile.longest_database_name, profile)
    yield from identifier_problems("username", args["username"], profile.longest_username, profile)
    for argument in profile.without:
        if argument in given:
            yield Problem(argument, f"{given[argument]!r} has no effect on {profile.title}; leave it out.")
    snapshot = args.get("snapshot_identifier")
    if snapshot is not None and (not _SNAPSHOT.fullmatch(snapshot) or "--" in snapshot):
        yield Problem(
            "snapshot_identifier",
            f"{snapshot!r} is neither the name nor the ARN of a cluster's snapshot, like app-before-2-0, nor the ARN of an "
            "instance's.",
        )
    yield from range_problems("backup_days", args["backup_days"], _BACKUP_DAYS_LEAST, _BACKUP_DAYS_MOST, "days")
    yield from shared_problems(cast(Mapping[str, Any], args))


def settled(args: AuroraClusterArgs) -> AuroraClusterArgs:
    """The arguments with their defaults, of which some depend on others."""
    made = with_defaults(args, DEFAULTS)
    insights = made["min_capacity"] >= LEAST_FOR_INSIGHTS
    version = CLUSTER_ENGINES[made["engine"]].default_version
    return with_defaults(made, {"engine_version": version, "performance_insights": insights})


# The arguments that affect the database's data, recorded so that the next update can be compared with them.
_FACTS = (
    *("engine", "database_name", "username", "kms_key_id", "engine_version", "allow_major_upgrade", "vpc_id"),
    *("backup_days", "deletion_protection", "final_snapshot", "snapshot_identifier"),
)


def facts(name: str, args: AuroraClusterArgs) -> Mapping[str, Any]:
    """The record of the database with this logical name; `args` include the defaults."""
    values = cast(Mapping[str, Any], args)
    record = {key: values[key] for key in _FACTS if key in values}
    if "kms_key_id" in record:
        record["kms_key_id"] = in_clear(record["kms_key_id"])
    return {
        "kind": "database",
        "name": name,
        "major_parts": CLUSTER_ENGINES[args["engine"]].major_parts,
        **record,
    }

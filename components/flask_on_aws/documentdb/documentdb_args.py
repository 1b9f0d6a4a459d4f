"""The arguments of a DocumentDB cluster, their defaults and their checks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Required, TypedDict, cast

import pulumi

from ..component import with_defaults
from ..data_loss.guard import in_clear
from ..database.database_checks import identifier_problems, server_problems, version_problems
from ..database.engines import DOCUMENT_ENGINES
from ..database.instance_classes import class_problems
from ..database.parameters import LEAST_PROFILED_MS
from ..validation.argument_types import typed
from ..validation.problems import Problem
from ..validation.values import range_problems


class DocumentDbClusterArgs(TypedDict, total=False):
    vpc_id: Required[pulumi.Input[str]]
    """Id of the VPC. Required."""
    subnet_ids: Required[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Ids of private subnets in at least two zones. Required."""
    client_security_group_ids: Mapping[str, pulumi.Input[str]]
    """Security groups that may connect, by a short name for each, which becomes part of the rule's name. Default: none."""
    engine_version: str
    """Version of DocumentDB: 4.0, 5.0 or 8.0, which mean 4.0.0, 5.0.0 and 8.0.0, or a full one, such as 5.0.1. AWS upgrades none by itself. Default: 5.0."""
    instance_class: str
    """Instance class. Default: db.t4g.medium."""
    database_name: str
    """Name of the app's database, which DocumentDB creates at the first write; a change creates another one next to it. Default: app."""
    username: str
    """Name of the master user, with which the app connects: letters and digits. A change replaces the cluster. Default: app."""
    backup_days: int
    """Days, from 1 to 35, for which the cluster can be restored to any second; DocumentDB cannot turn backups off. Default: 7."""
    backup_window: str
    """Daily window of the backup, in UTC. Default: 03:00-04:00."""
    maintenance_window: str
    """Weekly window of upgrades and postponed changes, in UTC. Default: sun:04:30-sun:05:30."""
    multi_az: bool
    """Whether a second instance, in another zone, takes over when the first fails; it serves reads, too. Default: false."""
    deletion_protection: bool
    """Whether both AWS and Pulumi refuse to delete the cluster; turn it off in a separate update first. Default: false."""
    final_snapshot: bool
    """Whether deleting the cluster leaves a snapshot behind. Default: false."""
    snapshot_identifier: str
    """Encrypted snapshot of a cluster, with the same master user, to create the cluster from: its name or ARN; later changes have no effect. Default: none."""
    apply_immediately: bool
    """Whether changes take effect at once, some with a restart, rather than in the maintenance window. Default: true."""
    allow_major_upgrade: bool
    """Whether a higher major `engine_version` may be applied. Default: false."""
    log_retention_days: int
    """Days for which CloudWatch keeps the cluster's logs, one of the values that CloudWatch accepts. Default: 30."""
    kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the cluster's storage and its backups. It can only be set at creation. Default: RDS's key, which DocumentDB uses."""
    login_kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the secret with the login; whoever reads it also needs kms:Decrypt for the key. Default: Secrets Manager's key."""
    log_kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the cluster's log groups; its policy must allow CloudWatch Logs, as that of a KmsKey does. Default: CloudWatch's key."""
    accept_data_loss: Sequence[str]
    """Logical names of resources whose data this update may lose; the cluster's lets a change of username or kms_key_id replace it and backup_days delete backups. Needs deletion_protection off. Default: none."""
    slow_query_ms: int
    """Duration in milliseconds from which an operation is logged, at least 50; -1 logs none. Default: 1000."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


ENGINE = "documentdb"
"""The engine's name in the setting `database`."""
PROFILE = DOCUMENT_ENGINES[ENGINE]
DEFAULTS: Mapping[str, Any] = {
    "client_security_group_ids": {},
    "engine_version": PROFILE.default_version,
    "instance_class": PROFILE.default_class,
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
    "log_retention_days": 30,
    "accept_data_loss": [],
    "slow_query_ms": 1000,
}
# https://docs.aws.amazon.com/documentdb/latest/developerguide/API_CreateDBCluster.html
_BACKUP_DAYS_LEAST, _BACKUP_DAYS_MOST = 1, 35
_NAME = r"(?:rds:)?[a-zA-Z](?:[a-zA-Z0-9-]{0,253}[a-zA-Z0-9])?"
_SNAPSHOT = re.compile(rf"(?:arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{{12}}:cluster-snapshot:)?{_NAME}")
_MOST_PROFILED_MS = 2_147_483_646


@typed(DocumentDbClusterArgs)
def problems(args: DocumentDbClusterArgs) -> Iterator[Problem]:
    """What is wrong with the settings, one sentence each; VPC and subnets are checked at creation."""
    args = with_defaults(args, DEFAULTS)
    yield from version_problems("engine_version", args["engine_version"], PROFILE)
    yield from class_problems(
        "instance_class", args["instance_class"], PROFILE.title, PROFILE.default_class, PROFILE.sizes
    )
    yield from identifier_problems("database_name", args["database_name"], PROFILE.longest_database_name, PROFILE)
    yield from _username_problems(args["username"])
    snapshot = args.get("snapshot_identifier")
    if snapshot is not None and (not _SNAPSHOT.fullmatch(snapshot) or "--" in snapshot):
        yield Problem(
            "snapshot_identifier",
            f"{snapshot!r} is neither the name nor the ARN of a cluster's snapshot, like app-before-2-0.",
        )
    yield from range_problems("backup_days", args["backup_days"], _BACKUP_DAYS_LEAST, _BACKUP_DAYS_MOST, "days")
    if args["slow_query_ms"] != -1:
        slow = args["slow_query_ms"]
        yield from range_problems("slow_query_ms", slow, LEAST_PROFILED_MS, _MOST_PROFILED_MS, "milliseconds")
    yield from server_problems(cast(Mapping[str, Any], args))


def _username_problems(username: str) -> Iterator[Problem]:
    found = list(identifier_problems("username", username, PROFILE.longest_username, PROFILE))
    yield from found
    if not found and "_" in username:
        yield Problem(
            "username", f"{username!r} has an underscore; {PROFILE.title} allows only letters and digits in it."
        )


# The arguments that affect the cluster's data, recorded so that the next update can be compared with them.
_FACTS = (
    *("username", "kms_key_id", "engine_version", "allow_major_upgrade", "vpc_id"),
    *("backup_days", "deletion_protection", "final_snapshot", "snapshot_identifier"),
)


def facts(name: str, args: DocumentDbClusterArgs) -> Mapping[str, Any]:
    """The record of the cluster with this logical name; `args` include the defaults."""
    values = cast(Mapping[str, Any], args)
    record = {key: values[key] for key in _FACTS if key in values}
    if "kms_key_id" in record:
        record["kms_key_id"] = in_clear(record["kms_key_id"])
    return {
        "kind": "database",
        "name": name,
        "engine": ENGINE,
        "major_parts": PROFILE.major_parts,
        # Not `database_name`, whose change replaces other databases.
        "used_database": values["database_name"],
        **record,
    }

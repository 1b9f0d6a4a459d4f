"""The arguments of a database, their defaults and their checks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Required, TypedDict, cast

import pulumi

from ..component import with_defaults
from ..data_loss.guard import in_clear
from ..validation.argument_types import typed
from ..validation.choices import DatabaseEngine, SqlServerEdition
from ..validation.problems import Problem
from ..validation.values import range_problems
from . import parameters
from .database_checks import (
    LEAST_STORAGE_GIB,
    identifier_problems,
    shared_problems,
    snapshot_problems,
    storage_problems,
    version_problems,
)
from .engines import DEFAULT, ENGINES, InstanceProfile
from .instance_classes import class_problems, edition_class_problems
from .sqlserver_editions import DEFAULT_EDITION, Edition


class DatabaseArgs(TypedDict, total=False):
    vpc_id: Required[pulumi.Input[str]]
    """Id of the VPC. Required."""
    subnet_ids: Required[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Ids of private subnets in at least two zones. Required."""
    client_security_group_ids: Mapping[str, pulumi.Input[str]]
    """Security groups that may connect, by a short name for each, which becomes part of the rule's name. Default: none."""
    engine: DatabaseEngine
    """Engine: postgres, mysql, mariadb or sqlserver. A change replaces the database. Default: postgres."""
    edition: SqlServerEdition
    """Edition of SQL Server: express (10 GB for each database, no standby), web (for public websites alone), standard or enterprise. A change replaces the database. Default: express."""
    engine_version: str
    """Version of the engine: the major version, such as 17 or 8.4 (AWS chooses and upgrades the minor version), or a full one, such as 17.6 or 8.4.7 (fixed until this is changed). Default: 17; 8.4 for MySQL, 11.4 for MariaDB, 16.00 (2022) for SQL Server."""
    instance_class: str
    """Instance class. Default: db.t4g.micro; for SQL Server, which has no such class, db.t3.small (express, web), db.m5.large (standard) or db.m5.xlarge (enterprise)."""
    storage_gib: int
    """Initial storage, in GiB; RDS never shrinks it. Default: 20."""
    max_storage_gib: int
    """Size in GiB up to which RDS grows the storage automatically; 0 turns this off. Default: 100."""
    database_name: str
    """Name of the database. With SQL Server RDS creates none; a LogicalDatabase does. Default: app."""
    username: str
    """Name of the database's owner; with SQL Server, of the master user. Default: app; admin for SQL Server."""
    backup_days: int
    """Days, up to 35, for which the database can be restored to any second; 0 turns backups off. Default: 7."""
    backup_window: str
    """Daily window of the backup, in UTC. Default: 03:00-04:00."""
    maintenance_window: str
    """Weekly window of upgrades and postponed changes, in UTC. Default: sun:04:30-sun:05:30."""
    multi_az: bool
    """Whether a standby in another zone takes over, within a minute or two, when the database fails; SQL Server Express has none. Default: false."""
    deletion_protection: bool
    """Whether both AWS and Pulumi refuse to delete the database; turn it off in a separate update first. Default: false."""
    final_snapshot: bool
    """Whether deleting the database leaves a snapshot behind. Default: false."""
    snapshot_identifier: str
    """Encrypted snapshot, with the same database name and owner, to create the database from; later changes have no effect. Default: none."""
    apply_immediately: bool
    """Whether changes take effect at once, some with a restart, rather than in the maintenance window. Default: true."""
    allow_major_upgrade: bool
    """Whether a higher major `engine_version` may be applied. Default: false."""
    performance_insights: bool
    """Whether AWS keeps 7 days of wait statistics per query, free of charge (Performance Insights). Default: true, except for MySQL and MariaDB on the classes micro and small, which lack it."""
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
    allow_replacement: bool
    """Deprecated, use accept_data_loss: whether a change of engine, database_name, username or kms_key_id may replace the database. Default: false."""
    slow_query_ms: int
    """Duration in milliseconds from which a statement is logged; -1 logs none. Default: 1000."""
    idle_transaction_seconds: int
    """Seconds after which an idle transaction is ended; 0 means never. MySQL has no such limit. Default: 60."""
    lock_timeout_seconds: int
    """Seconds that a statement waits for a lock; 0 means forever. Default: 30."""
    statement_timeout_seconds: int
    """Seconds that a statement may run; a longer migration can run `SET statement_timeout = 0` (MariaDB: `SET max_statement_time = 0`). MySQL limits SELECT statements alone. 0 means forever. Default: 900."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


DEFAULTS: Mapping[str, Any] = {
    "client_security_group_ids": {},
    "engine": DEFAULT,
    "storage_gib": 20,
    "max_storage_gib": 100,
    "database_name": "app",
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
    "allow_replacement": False,
    **parameters.DEFAULTS,
}
_BACKUP_DAYS_MOST = 35  # RDS's limit


@typed(DatabaseArgs)
def problems(args: DatabaseArgs) -> Iterator[Problem]:
    """What is wrong with the settings, one sentence each; VPC and subnets are checked at creation."""
    if args.get("engine", DEFAULT) not in ENGINES:
        return  # its type's problem
    given, args = args, settled(args)
    profile = profile_of(args)
    yield from version_problems("engine_version", args["engine_version"], profile)
    yield from _class_problems(args, profile)
    yield from _storage_problems(args, profile.most_storage_gib)
    if "database_name" in args:
        yield from identifier_problems("database_name", args["database_name"], profile.longest_database_name, profile)
    yield from identifier_problems("username", args["username"], profile.longest_username, profile)
    yield from _engine_problems(given, profile)
    if "snapshot_identifier" in args:
        yield from snapshot_problems("snapshot_identifier", args["snapshot_identifier"])
    yield from range_problems("backup_days", args["backup_days"], 0, _BACKUP_DAYS_MOST, "days")
    yield from shared_problems(cast(Mapping[str, Any], args))


def _engine_problems(given: DatabaseArgs, profile: InstanceProfile) -> Iterator[Problem]:
    """Arguments that the engine has nothing for."""
    for argument in profile.without:
        if argument in given:
            yield Problem(argument, f"{given[argument]!r} has no effect on {profile.title}; leave it out.")
    if "edition" in given and not profile.editions:
        yield Problem(
            "edition", f"{given['edition']!r} has no effect on {profile.title}, only on SQL Server; leave it out."
        )
    edition = profile.editions.get(given.get("edition", DEFAULT_EDITION))
    if edition and given.get("multi_az"):
        yield from _standby_problems(edition, profile.major(given.get("engine_version", profile.default_version)))
    instance_class = given.get("instance_class", profile.default_class)
    if given.get("performance_insights") and profile.without_insights.fullmatch(instance_class):
        yield Problem(
            "performance_insights",
            f"{instance_class} has no Performance Insights for {profile.title}; leave it out, or use a larger class.",
        )


def _class_problems(args: DatabaseArgs, profile: InstanceProfile) -> Iterator[Problem]:
    edition = profile.editions.get(args.get("edition", ""))
    of_engine = list(
        class_problems("instance_class", args["instance_class"], f"RDS for {profile.title}", profile.default_class)
    )
    yield from of_engine
    if edition and not of_engine:
        yield from edition_class_problems("instance_class", args["instance_class"], edition)


def profile_of(args: DatabaseArgs) -> InstanceProfile:
    """The profile of the engine, and of its edition; `args` include the defaults."""
    return ENGINES[args["engine"]].of_edition(args.get("edition", ""))


def _standby_problems(edition: Edition, version: str) -> Iterator[Problem]:
    first = edition.standby_since
    if first is None:
        reason = f"{edition.title} has no standby; use the edition standard or enterprise, or False here."
        yield Problem("multi_az", f"True cannot work: {reason}")
    elif version < first:  # both have two digits before the point
        reason = f"{edition.title} has a standby since version {first}; use that version, or False here."
        yield Problem("multi_az", f"True cannot work: {reason}")


def settled(args: DatabaseArgs) -> DatabaseArgs:
    """The arguments with their defaults, of which some depend on the engine."""
    made = with_defaults(args, DEFAULTS)
    engine = ENGINES[made["engine"]]
    if engine.editions:
        made = with_defaults(made, {"edition": DEFAULT_EDITION})
    profile = profile_of(made)
    if not profile.creates_database:
        made.pop("database_name", None)
    made = with_defaults(made, {"instance_class": profile.default_class, "username": profile.default_username})
    insights = not profile.without_insights.fullmatch(made["instance_class"])
    return with_defaults(made, {"engine_version": profile.default_version, "performance_insights": insights})


def _storage_problems(args: DatabaseArgs, largest: int) -> Iterator[Problem]:
    size, most = args["storage_gib"], args["max_storage_gib"]
    range_errors = list(range_problems("storage_gib", size, LEAST_STORAGE_GIB, largest, "GiB"))
    range_errors += range_problems("max_storage_gib", most, 0, largest, "GiB")
    yield from range_errors or storage_problems(size, most)


# The arguments that affect the database's data, recorded so that the next update can be compared with them.
_FACTS = (
    *("database_name", "username", "kms_key_id", "engine_version", "allow_major_upgrade", "storage_gib", "vpc_id"),
    *("edition", "backup_days", "deletion_protection", "final_snapshot", "snapshot_identifier", "allow_replacement"),
)


def facts(name: str, args: DatabaseArgs) -> Mapping[str, Any]:
    """The record of the database with this logical name; `args` include the defaults."""
    values = cast(Mapping[str, Any], args)
    record = {key: values[key] for key in _FACTS if key in values}
    profile = ENGINES[args["engine"]]
    if args["engine"] != DEFAULT:  # a database that was created before there were others has no record of it
        record |= {"engine": args["engine"], "major_parts": profile.major_parts}
    if "kms_key_id" in record:
        record["kms_key_id"] = in_clear(record["kms_key_id"])
    return {"kind": "database", "name": name, **record}

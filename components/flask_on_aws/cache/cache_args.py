"""The arguments of a cache, their defaults and their checks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Required, TypedDict, cast

import pulumi

from ..component import with_defaults
from ..data_loss.guard import in_clear
from ..validation.argument_types import typed
from ..validation.choices import CacheUse
from ..validation.problems import Problem
from ..validation.references import kms_key_problems
from ..validation.values import name_problems, range_problems
from .node_types import node_type_problems


class CacheArgs(TypedDict, total=False):
    vpc_id: Required[pulumi.Input[str]]
    """Id of the VPC. Required."""
    subnet_ids: Required[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Ids of private subnets, in two zones or more if there are replicas. Required."""
    client_security_group_ids: Mapping[str, pulumi.Input[str]]
    """Security groups that may connect, by a short name for each, which becomes part of the rule's name. Default: none."""
    use: CacheUse
    """What it stores: cache (when its memory is full, the keys that were used least recently are evicted) or queue (nothing is evicted, and writes fail). Default: cache."""
    engine_version: str
    """Version of Valkey as `major.minor`. A higher one is an upgrade in place; ElastiCache has no downgrade. Default: 8.2."""
    node_type: str
    """Node type, which decides the memory. Default: cache.t4g.micro."""
    replicas: int
    """Number of replicas in other zones, from 0 to 5. With at least one, a replica takes over when the primary node fails. Default: 0."""
    snapshot_days: int
    """Days, up to 35, for which a daily snapshot is kept; 0 turns snapshots off. Default: 7 for a queue, 0 for a cache."""
    snapshot_name: str
    """Snapshot to create the cache from; later changes have no effect. Default: none."""
    maintenance_window: str
    """Weekly window of maintenance, in UTC, of at least an hour. Default: sun:04:30-sun:05:30."""
    deletion_protection: bool
    """Whether Pulumi refuses to delete the cache; turn it off in a separate update first. Default: false."""
    kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts data and snapshots on disk. It can only be set at creation. Default: ElastiCache's key."""
    secret_kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the secret with the AUTH token; whoever reads it also needs kms:Decrypt for the key. Default: Secrets Manager's key."""
    accept_data_loss: Sequence[str]
    """Logical names of resources whose data this update may lose; a queue's lets a change of use or kms_key_id, or fewer snapshot_days, lose its data. Default: none."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


DEFAULTS: Mapping[str, Any] = {
    "client_security_group_ids": {},
    "use": "cache",
    "engine_version": "8.2",
    "node_type": "cache.t4g.micro",  # the smallest, 0.5 GiB
    "replicas": 0,
    "maintenance_window": "sun:04:30-sun:05:30",
    "deletion_protection": False,
    "accept_data_loss": [],
}
_QUEUE_SNAPSHOT_DAYS = 7
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html, each with its parameter group family
VERSIONS: Mapping[str, str] = {
    "7.2": "valkey7",
    "8.0": "valkey8",
    "8.1": "valkey8",
    "8.2": "valkey8",
    "9.0": "valkey9",
    "9.1": "valkey9",
}
# https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html: 6 nodes in all
_MOST_REPLICAS = 5
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-automatic.html
_MOST_SNAPSHOT_DAYS = 35
# https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateSnapshot.html
_SNAPSHOT = re.compile(r"(?:automatic\.)?[a-zA-Z](?:-?[a-zA-Z0-9])*")
# https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html: its id's characters
_NAME = re.compile(r"[a-z](?:-?[a-z0-9])*")
_LONGEST_ID = 40
ID_BYTES = 4  # of a replication group's suffix: a hyphen and 8 hex digits
_LONGEST_NAME = _LONGEST_ID - 1 - 2 * ID_BYTES
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOMENT = rf"({'|'.join(_DAYS)}):([01]\d|2[0-3]):([0-5]\d)"
_WINDOW = re.compile(rf"{_MOMENT}-{_MOMENT}")
_SHORTEST_WINDOW, _WEEK = 60, 7 * 24 * 60  # minutes


def with_cache_defaults(args: CacheArgs) -> CacheArgs:
    """The arguments with their defaults, of which the snapshots' depends on the use."""
    settled = with_defaults(args, DEFAULTS)
    days = _QUEUE_SNAPSHOT_DAYS if settled["use"] == "queue" else 0
    return with_defaults(settled, {"snapshot_days": days})


@typed(CacheArgs)
def problems(args: CacheArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each; VPC and subnets are checked at creation."""
    args = with_cache_defaults(args)
    for role in args["client_security_group_ids"]:
        yield from name_problems("client_security_group_ids", role)
    if args["engine_version"] not in VERSIONS:
        yield Problem(
            "engine_version",
            f"{args['engine_version']!r} is not a version of Valkey that ElastiCache has; use one of {', '.join(VERSIONS)}.",
        )
    yield from node_type_problems("node_type", args["node_type"])
    yield from range_problems("replicas", args["replicas"], 0, _MOST_REPLICAS)
    yield from range_problems("snapshot_days", args["snapshot_days"], 0, _MOST_SNAPSHOT_DAYS, "days")
    if "snapshot_name" in args and not _SNAPSHOT.fullmatch(args["snapshot_name"]):
        yield Problem(
            "snapshot_name",
            f"{args['snapshot_name']!r} is not the name of an ElastiCache snapshot, like app-before-2-0.",
        )
    yield from _window_problems(args["maintenance_window"])
    for argument in ("kms_key_id", "secret_kms_key_id"):
        yield from kms_key_problems(argument, args.get(argument))


def group_name_problems(name: str) -> Iterator[Problem]:
    """A logical name that ElastiCache accepts as the start of a replication group's id."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        yield Problem(
            "name",
            f"{name!r} must be at most {_LONGEST_NAME} lower-case letters, digits and single hyphens, start with a letter "
            "and not end with a hyphen.",
        )


def _window_problems(window: str) -> Iterator[Problem]:
    match = _WINDOW.fullmatch(window)
    if match is None:
        yield Problem("maintenance_window", f"{window!r} is not a weekly window in UTC, like sun:04:30-sun:05:30.")
        return
    start, end = (
        _DAYS.index(day) * 24 * 60 + int(hours) * 60 + int(minutes)
        for day, hours, minutes in (match.groups()[:3], match.groups()[3:])
    )
    minutes = (end - start) % _WEEK
    if minutes < _SHORTEST_WINDOW:
        sentence = f"{window!r} lasts {minutes} minutes; use at least {_SHORTEST_WINDOW}, ElastiCache's minimum."
        yield Problem("maintenance_window", sentence)


_FACTS = ("use", "engine_version", "kms_key_id", "snapshot_days", "deletion_protection")


def facts(name: str, args: CacheArgs) -> Mapping[str, Any]:
    """The record of the cache with this logical name, which the next update is compared with; `args` include the defaults."""
    values = cast(Mapping[str, Any], args)
    record = {key: values[key] for key in _FACTS if key in values}
    if "kms_key_id" in record:
        record["kms_key_id"] = in_clear(record["kms_key_id"])
    return {"kind": "cache", "name": name, **record}

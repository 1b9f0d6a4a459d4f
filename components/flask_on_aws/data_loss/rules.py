"""What a change of a stateful resource loses, or why it cannot work: pure rules over its record.

A record holds facts of each stateful resource by its role in the component: its kind, its logical name, and the
arguments that affect its data. The rules compare the facts of the last update with those of this one.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

Facts = Mapping[str, Any]
Record = Mapping[str, Facts]

AWS_KEY = "AWS's own key"
STACK_KEY = "a key of the stack's own"
"""Stands for the ARN of a key that the stack creates, since that is unknown at the preview that adds the key."""
# The arguments whose change replaces the database, and what an absent one stands for.
IDENTITY: Mapping[str, str | None] = {
    "engine": "postgres",  # the only one when databases were first recorded
    "edition": None,
    "database_name": None,
    "username": None,
    "kms_key_id": AWS_KEY,
}
REMOVED = "removed"
"""Stands for the argument that removed a resource from the program."""


class Finding(NamedTuple):
    """One change that loses data or cannot work."""

    role: str
    argument: str
    reason: str
    """A sentence with the old value, the new value, and what is lost."""
    acceptable_by: str = ""
    """Logical name in accept_data_loss that accepts the loss; empty if the change cannot work."""
    warning: bool = False
    """Whether nothing is lost yet."""


def findings(old: Record, new: Record) -> Iterator[Finding]:
    """What is lost between two records. Values missing from either, such as those unknown at preview, are skipped."""
    for role, before in sorted(old.items()):  # the engine passes a record in any order
        rules = _RULES.get(str(before.get("kind")))
        if rules is None:
            continue
        after = new.get(role)
        gone = after is None or after.get("kind") != before.get("kind")
        yield from rules.removed(role, before) if gone else rules.changed(role, before, after or {})


def _changed(before: Facts, after: Facts, argument: str, absent: Any = None) -> tuple[Any, Any] | None:
    """Old and new value of an argument if both are known and differ."""
    old, new = before.get(argument, absent), after.get(argument, absent)
    plain = (str, int, float, bool)
    if not isinstance(old, plain) or not isinstance(new, plain) or old == new:
        return None
    return _whole(old), _whole(new)


def _whole(value: Any) -> Any:
    """The engine passes numbers as floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _shorter(role: str, before: Facts, after: Facts, argument: str, lost: str) -> Iterator[Finding]:
    """Something that is kept for fewer days."""
    change = _changed(before, after, argument)
    if change and change[1] < change[0]:
        yield Finding(role, argument, f"{change[0]} → {change[1]} days deletes {lost}.", str(before["name"]))


def _database_removed(role: str, before: Facts) -> Iterator[Finding]:
    remainder = "a final snapshot stays" if before.get("final_snapshot") else "no snapshot stays"
    yield _protected(
        before, Finding(role, REMOVED, f"deletes the database {before['name']} with all its data; {remainder}.")
    )


def _protected(before: Facts, finding: Finding, after: Facts | None = None) -> Finding:
    """A loss that must be accepted, and cannot happen while the resource is protected."""
    if before.get("deletion_protection") or (after or {}).get("deletion_protection"):
        return finding._replace(
            reason=f"{finding.reason} It is protected: set deletionProtection to false and apply that first."
        )
    return finding._replace(acceptable_by=str(before["name"]))


def _database_changed(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    replaced = list(_replacements(role, before, after))
    if not after.get("allow_replacement"):
        yield from (_protected(before, finding, after) for finding in replaced)
    yield from _vpc_changed(role, before, after)
    yield from _version_changed(role, before, after)
    yield from _storage_changed(role, before, after)
    yield from _backups_changed(role, before, after)
    used = _changed(before, after, "used_database")
    if used:
        yield Finding(role, "database_name", _left(*used), warning=True)
    snapshot = _changed(before, after, "snapshot_identifier", "")
    if snapshot and snapshot[1] and not replaced:
        sentence = f"{snapshot[0]!r} → {snapshot[1]!r} does nothing: a snapshot is restored only into a new database."
        yield Finding(role, "snapshot_identifier", sentence, warning=True)


def _replacements(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    for argument, absent in IDENTITY.items():
        change = _changed(before, after, argument, absent)
        # The stack's key may be the one that is named now: the database's guard compares both ARNs.
        if not change or (change[0] == STACK_KEY and change[1] != AWS_KEY):
            continue
        lost = f"{change[0]!r} → {change[1]!r} replaces the database {before['name']} by an empty one."
        if argument == "engine":
            # The new engine's defaults of the others differ, too.
            yield Finding(role, argument, f"{lost} {_migration(*change)}")
            return
        if argument == "edition":
            lost = (
                f"{lost} To keep its data, take a snapshot (aws rds create-db-snapshot), and restore it with databaseSnapshot "
                "(snapshot_identifier of Database) in the same update; RDS restores only into an edition that is not smaller."
            )
        if argument == "kms_key_id":
            lost = (
                f"{change[0]!r} → {change[1]!r} replaces the database {before['name']}, since {_service(before)} cannot change a "
                f"database's key. {_new_key(str(before.get('engine', '')))}"
            )
        yield Finding(role, argument, lost)


_CLUSTERS = {
    "aurora": ("aws rds", "AuroraCluster"),
    "documentdb": ("aws docdb", "DocumentDbCluster"),
}
"""By how the engine's name begins: AWS's command, and the component."""


def _migration(old: str, new: str) -> str:
    """How data gets from an engine to another one.

    Aurora MySQL restores snapshots of MySQL 8.0 alone, which RDS no longer has in standard support.
    """
    if (old, new) == ("postgres", "aurora-postgres"):
        return (
            "To keep its data, stop the app, take a snapshot (aws rds create-db-snapshot), and set databaseSnapshot "
            "(snapshot_identifier of AuroraCluster) to the snapshot's ARN in the same update."
        )
    return "Nothing converts its data: export it first, and import it into the new database."


def _service(facts: Facts) -> str:
    return "DocumentDB" if facts.get("engine") == "documentdb" else "RDS"


def _new_key(engine: str) -> str:
    """How a database of an engine gets another key. Clusters are restored with any key, an instance keeps its key."""
    cluster = _CLUSTERS.get(engine.partition("-")[0])
    if cluster:
        command, component = cluster
        return (
            f"To keep its data, take a snapshot ({command} create-db-cluster-snapshot), and restore it with databaseSnapshot "
            f"(snapshot_identifier of {component}) in the same update."
        )
    return (
        "To keep its data, take a snapshot, copy it with the new key (aws rds copy-db-snapshot --kms-key-id), and restore "
        "the copy with databaseSnapshot (snapshot_identifier of Database) in the same update."
    )


def _vpc_changed(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    moved = _changed(before, after, "vpc_id")
    if moved:
        yield Finding(
            role,
            "vpc_id",
            f"{moved[0]!r} → {moved[1]!r} cannot work: the database {before['name']} cannot move to another VPC. "
            "Restore a snapshot of it into a new stack.",
        )


def _version_changed(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    versions = _changed(before, after, "engine_version")
    if not versions or _changed(before, after, "engine", IDENTITY["engine"]):
        return
    parts = int(after.get("major_parts", 1))
    # Those of Aurora MySQL contain words: 8.0.mysql_aurora.3.10.0
    old, new = ([int(part) for part in re.findall(r"\d+", str(version))] for version in versions)
    change = f"{versions[0]} → {versions[1]}"
    if new[:parts] < old[:parts] or (new[:parts] == old[:parts] and len(new) == len(old) and new < old):
        yield Finding(
            role,
            "engine_version",
            f"{change} cannot work: {_service(before)} has no downgrade. Set {versions[0]} again.",
        )
    elif new[:parts] > old[:parts] and not after.get("allow_major_upgrade"):
        yield Finding(
            role,
            "allow_major_upgrade",
            f"engine version {change} is a major upgrade, which stops the database for minutes and cannot be undone; "
            "set this to true to allow it.",
        )


def _storage_changed(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    change = _changed(before, after, "storage_gib")
    if change and change[1] < change[0]:
        sentence = f"{change[0]} → {change[1]} GiB cannot work: RDS never shrinks storage. Set {change[0]} again."
        yield Finding(role, "storage_gib", sentence)


def _backups_changed(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    days = _changed(before, after, "backup_days")
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.html: 0 deletes them all.
    lost = f"the backups of {before['name']} that are older" if days and days[1] else f"all backups of {before['name']}"
    yield from _shorter(role, before, after, "backup_days", lost)
    for argument, effect in (("deletion_protection", "can be deleted"), ("final_snapshot", "leaves no final snapshot")):
        if before.get(argument) is True and after.get(argument) is False:
            sentence = f"true → false: from this update on the database {before['name']} {effect}."
            yield Finding(role, argument, sentence, warning=True)


def _server_removed(role: str, before: Facts) -> Iterator[Finding]:
    sentence = f"the app no longer uses the database {before.get('database_name')!r}, which stays on its server."
    yield Finding(role, REMOVED, sentence, warning=True)


def _server_changed(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    for argument in ("host", "database_name"):
        change = _changed(before, after, argument)
        if change:
            yield Finding(role, argument, _left(*change), warning=True)


def _left(old: Any, new: Any) -> str:
    return f"{old!r} → {new!r}: the app's data stays where it was and is not copied."


def _bucket_removed(role: str, before: Facts) -> Iterator[Finding]:
    name = before["name"]
    if before.get("retain"):
        yield Finding(role, REMOVED, f"the bucket {name} and its files stay, outside of the stack.", warning=True)
    else:
        yield Finding(role, REMOVED, f"deletes the bucket {name} with all its files.", str(name))


def _bucket_changed(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    yield from _shorter(role, before, after, "old_version_days", f"old versions of files in {before['name']}")
    if before.get("retain") is True and after.get("retain") is False:
        sentence = f"true → false: from this update on the bucket {before['name']} is deleted with the stack."
        yield Finding(role, "retain", sentence, warning=True)


def _queue_removed(role: str, before: Facts) -> Iterator[Finding]:
    name = str(before["name"])
    yield Finding(role, REMOVED, f"deletes the queue {name} and its dead-letter queue with all jobs in them.", name)


def _cache_removed(role: str, before: Facts) -> Iterator[Finding]:
    if before.get("use") == "queue":
        yield _protected(before, Finding(role, REMOVED, f"deletes the cache {before['name']} with all jobs in it."))


def _cache_changed(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    yield from _cache_downgraded(role, before, after)
    if before.get("use") != "queue":
        return
    name = str(before["name"])
    if _changed(before, after, "use"):
        lost = f"'queue' → 'cache': when its memory is full, {name} evicts jobs instead of rejecting new ones."
        yield Finding(role, "use", lost, name)
    key = _changed(before, after, "kms_key_id", AWS_KEY)
    # The stack's key may be the one that is named now, and then nothing is replaced.
    if key and not (key[0] == STACK_KEY and key[1] != AWS_KEY):
        lost = f"{key[0]!r} → {key[1]!r} replaces the cache {name} by an empty one, since ElastiCache cannot change its key."
        yield _protected(before, Finding(role, "kms_key_id", lost), after)
    yield from _shorter(role, before, after, "snapshot_days", f"older snapshots of {name}")
    if before.get("deletion_protection") is True and after.get("deletion_protection") is False:
        sentence = f"true → false: from this update on the cache {name} can be deleted."
        yield Finding(role, "deletion_protection", sentence, warning=True)


def _cache_downgraded(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    versions = _changed(before, after, "engine_version")
    if not versions:
        return
    old, new = ([int(part) for part in str(version).split(".")] for version in versions)
    if new < old:
        sentence = f"{versions[0]} → {versions[1]} cannot work: ElastiCache has no downgrade. Set {versions[0]} again."
        yield Finding(role, "engine_version", sentence)


def _repository_removed(role: str, before: Facts) -> Iterator[Finding]:
    yield _repository_lost(before, Finding(role, REMOVED, f"deletes the repository {before['name']}."))


def _repository_changed(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    change = _changed(before, after, "repository_name", "")
    if change:
        lost = f"{change[0]!r} → {change[1]!r} replaces the repository {before['name']}."
        yield _repository_lost(before, Finding(role, "repository_name", lost))
        return
    key = _changed(before, after, "kms_key_id", AWS_KEY)
    if key:
        sentence = f"{key[0]!r} → {key[1]!r}: the repository {before['name']} keeps the key with which it was created."
        yield Finding(
            role,
            "kms_key_id",
            f"{sentence} ECR cannot change it; use another repositoryName for the new one.",
            warning=True,
        )


def _repository_lost(before: Facts, finding: Finding) -> Finding:
    if not before.get("force_delete"):
        return finding._replace(
            reason=f"{finding.reason} That cannot work while it is protected with its images: set deletionProtection to "
            "false and apply that first."
        )
    lost = f"{finding.reason} The images of all releases go with it, and with them every rollback."
    return finding._replace(reason=lost, acceptable_by=str(before["name"]))


def _key_removed(role: str, before: Facts) -> Iterator[Finding]:
    name = before["name"]
    if before.get("retain"):
        yield Finding(role, REMOVED, f"the key {name} stays, outside of the stack, for what it encrypts.", warning=True)
        return
    lost = (
        f"true → false deletes the key {name} in 30 days and disables it at once. What it encrypts cannot be read from "
        "then on: earlier images, files, log lines and backups."
    )
    yield Finding(role, REMOVED, lost, str(name))


def _key_changed(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    if before.get("retain") is True and after.get("retain") is False:
        sentence = f"true → false: from this update on the key {before['name']} is deleted with the stack."
        yield Finding(role, "retain", sentence, warning=True)


def _logs_changed(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    yield from _shorter(role, before, after, "retention_days", f"older lines of the log group {before['name']}")


def _network_changed(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    for argument in ("vpc_id", "cidr_block"):
        change = _changed(before, after, argument, "")
        if change:
            yield Finding(
                role,
                argument,
                f"{change[0]!r} → {change[1]!r} cannot work: it is another VPC, into which neither database nor load "
                "balancer can move. Change it back; for another network, create a new stack.",
            )
            return


def _fixed_changed(role: str, before: Facts, after: Facts) -> Iterator[Finding]:
    change = _changed(before, after, "value")
    if change:
        yield Finding(
            role,
            "value",
            f"{change[0]!r} → {change[1]!r} cannot work in a stack that is up: all resources are named by it, so the database "
            "and the bucket would be deleted with their data, and new ones beside them would meet names that are taken. "
            "Change it back; for another name, create a new stack and restore the data there, or destroy this one first.",
        )


def _nothing(role: str, before: Facts, after: Facts | None = None) -> Iterator[Finding]:
    return iter(())


class _Rules(NamedTuple):
    removed: Callable[[str, Facts], Iterator[Finding]]
    changed: Callable[[str, Facts, Facts], Iterator[Finding]]


_RULES: Mapping[str, _Rules] = {
    "database": _Rules(_database_removed, _database_changed),
    "logical-database": _Rules(_server_removed, _server_changed),
    # On a server of the app's own, whose removal is a finding already.
    "app-database": _Rules(_nothing, _server_changed),
    "bucket": _Rules(_bucket_removed, _bucket_changed),
    "queue": _Rules(_queue_removed, _nothing),
    "cache": _Rules(_cache_removed, _cache_changed),
    "repository": _Rules(_repository_removed, _repository_changed),
    "key": _Rules(_key_removed, _key_changed),
    "logs": _Rules(_nothing, _logs_changed),
    "network": _Rules(_nothing, _network_changed),
    "fixed": _Rules(_nothing, _fixed_changed),
}

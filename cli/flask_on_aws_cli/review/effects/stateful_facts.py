"""The facts about a stateful resource that the components' own rules compare, from the resource's inputs.

The components record these facts themselves. Other programs, and resources next to the components, have no record.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask_on_aws.data_loss.rules import AWS_KEY, Facts
from flask_on_aws.database.engines import PROFILES_BY_NAME

from ...pulumi_engine import Resource
from ...pulumi_engine.model.values import Unknown, plain

_DEFAULT_BACKUP_DAYS = {"instance": 0, "cluster": 1}  # of the AWS provider


def facts_of(resource: Resource) -> Facts:
    """The facts of a resource; empty for a type that has no rules."""
    facts = _FACTS.get(resource.type)
    if facts is None:
        return {}
    values: dict[str, Any] = plain(dict(resource.inputs))
    inputs = {key: value for key, value in values.items() if not isinstance(value, Unknown)}
    unknown = {key for key, value in values.items() if isinstance(value, Unknown)}
    recorded = facts(resource, _Inputs(inputs, unknown))
    return {"name": resource.name, **{key: value for key, value in recorded.items() if value is not _UNKNOWN}}


_UNKNOWN = object()


class _Inputs:
    """Inputs with defaults; a value that is not known is left out of the facts."""

    def __init__(self, values: Mapping[str, Any], unknown: set[str]) -> None:
        self._values, self._unknown = values, unknown

    def get(self, name: str, default: Any = None) -> Any:
        return _UNKNOWN if name in self._unknown else self._values.get(name, default)

    def is_set(self, name: str) -> bool:
        return name in self._unknown or bool(self._values.get(name))


def _major_parts(engine: Any) -> int:
    """How many numbers a major version of an engine has: 8.0 and 8.4 are major versions of MySQL."""
    return PROFILES_BY_NAME[engine].major_parts if engine in PROFILES_BY_NAME else 1


def _database(resource: Resource, inputs: _Inputs) -> Facts:
    facts = _server(inputs, inputs.get("dbName", ""), inputs.get("username", ""), "instance")
    return {**facts, "storage_gib": inputs.get("allocatedStorage")}


def _cluster(resource: Resource, inputs: _Inputs) -> Facts:
    return _server(inputs, inputs.get("databaseName", ""), inputs.get("masterUsername", ""), "cluster")


def _server(inputs: _Inputs, database_name: Any, username: Any, kind: str) -> dict[str, Any]:
    """What instances and clusters have in common."""
    engine = inputs.get("engine", "")
    return {
        "kind": "database",
        "engine": engine,
        "major_parts": _major_parts(engine),
        "database_name": database_name,
        "username": username,
        "kms_key_id": inputs.get("kmsKeyId", AWS_KEY),
        "engine_version": inputs.get("engineVersion"),
        "allow_major_upgrade": inputs.get("allowMajorVersionUpgrade", False),
        "backup_days": inputs.get("backupRetentionPeriod", _DEFAULT_BACKUP_DAYS[kind]),
        "deletion_protection": inputs.get("deletionProtection", False),
        "final_snapshot": not inputs.is_set("skipFinalSnapshot"),
    }


def _bucket(resource: Resource, inputs: _Inputs) -> Facts:
    return {"kind": "bucket", "retain": resource.options.retain_on_delete}


def _lifecycle(resource: Resource, inputs: _Inputs) -> Facts:
    """A bucket's rules: the fewest days for which an old version of a file is kept."""
    rules: list[dict[str, Any]] = inputs.get("rules") or []
    enabled = [rule for rule in rules if rule.get("status", "Enabled") == "Enabled"]
    expirations: list[dict[str, Any]] = [rule.get("noncurrentVersionExpiration") or {} for rule in enabled]
    days = [expiration.get("noncurrentDays") for expiration in expirations]
    kept = [int(number) for number in days if isinstance(number, int | float)]
    return {"kind": "bucket", "retain": True, **({"old_version_days": min(kept)} if kept else {})}


def _queue(resource: Resource, inputs: _Inputs) -> Facts:
    return {"kind": "queue"}


def _repository(resource: Resource, inputs: _Inputs) -> Facts:
    return {
        "kind": "repository",
        "repository_name": inputs.get("name", ""),
        "force_delete": inputs.is_set("forceDelete"),
    }


def _key(resource: Resource, inputs: _Inputs) -> Facts:
    return {"kind": "key", "retain": resource.options.retain_on_delete}


def _logs(resource: Resource, inputs: _Inputs) -> Facts:
    days = inputs.get("retentionInDays", 0)
    return {"kind": "logs", "retention_days": days or None}


_FACTS: Mapping[str, Callable[[Resource, _Inputs], Facts]] = {
    "aws:rds/instance:Instance": _database,
    "aws:rds/cluster:Cluster": _cluster,
    "aws:docdb/cluster:Cluster": _cluster,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _lifecycle,
    "aws:sqs/queue:Queue": _queue,
    "aws:ecr/repository:Repository": _repository,
    "aws:kms/key:Key": _key,
    "aws:cloudwatch/logGroup:LogGroup": _logs,
}

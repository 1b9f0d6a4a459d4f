"""Databases."""

import time
from collections.abc import Mapping
from typing import Any

from ..base import Call, Json, Provider, key_values, unless_gone

GONE = ("DBInstanceNotFound", "DBSubnetGroupNotFoundFault", "DBParameterGroupNotFound", "DBInstanceNotFoundFault")
# The AWS provider's patience is 40 minutes for a real server; a local one that takes ten has failed.
_READY_SECONDS = 10 * 60
_POLL_SECONDS = 0.25  # the endpoint is on this machine
# States in which a database never becomes available:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
_FAILED = ("failed", "incompatible-parameters", "incompatible-network", "storage-full", "restore-error")
# Inputs as CreateDBInstance and ModifyDBInstance both call them.
_COMMON = {
    "allocatedStorage": "AllocatedStorage",
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "deletionProtection": "DeletionProtection",
    "engineVersion": "EngineVersion",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "instanceClass": "DBInstanceClass",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "maxAllocatedStorage": "MaxAllocatedStorage",
    "monitoringInterval": "MonitoringInterval",
    "monitoringRoleArn": "MonitoringRoleArn",
    "multiAz": "MultiAZ",
    "parameterGroupName": "DBParameterGroupName",
    "password": "MasterUserPassword",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
    "publiclyAccessible": "PubliclyAccessible",
    "storageType": "StorageType",
    "vpcSecurityGroupIds": "VpcSecurityGroupIds",
}
_AT_CREATION = {
    "dbName": "DBName",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "engine": "Engine",
    "kmsKeyId": "KmsKeyId",
    "port": "Port",
    "storageEncrypted": "StorageEncrypted",
    "username": "MasterUsername",
}
# What a snapshot decides, so that restoring takes none of it.
_OF_SNAPSHOT = {"AllocatedStorage", "DBName", "EngineVersion", "KmsKeyId", "MasterUsername", "StorageEncrypted"}


def client(call: Call) -> Any:
    """The client of RDS."""
    return call.aws.client("rds")


def _named(given: Json, *names: Mapping[str, str]) -> dict[str, Any]:
    table = {key: name for mapping in names for key, name in mapping.items()}
    return {name: given[key] for key, name in table.items() if given.get(key) is not None}


def retag(call: Call, arn: str) -> None:
    """Bring the tags from the old ones to the new ones."""
    gone = sorted(call.old.get("tagsAll", {}).keys() - call.tags.keys())
    if gone:
        client(call).remove_tags_from_resource(ResourceName=arn, TagKeys=gone)
    if call.tags:
        client(call).add_tags_to_resource(ResourceName=arn, Tags=key_values(call.tags))


def create(call: Call) -> str:
    snapshot, tags = call.inputs.get("snapshotIdentifier"), key_values(call.tags)
    wanted = _named(call.inputs, _COMMON, _AT_CREATION)
    if snapshot:
        later = {name: wanted.pop(name) for name in ("MasterUserPassword", "BackupRetentionPeriod") if name in wanted}
        settings = {name: value for name, value in wanted.items() if name not in _OF_SNAPSHOT}
        settings = {name: value for name, value in settings.items() if name in _restorable(call)}
        client(call).restore_db_instance_from_db_snapshot(
            DBInstanceIdentifier=call.name, DBSnapshotIdentifier=snapshot, Tags=tags, **settings
        )
        _wait(call)
        client(call).modify_db_instance(DBInstanceIdentifier=call.name, ApplyImmediately=True, **later)
    else:
        client(call).create_db_instance(DBInstanceIdentifier=call.name, Tags=tags, **wanted)
    _wait(call)
    return call.name


def _restorable(call: Call) -> set[str]:
    """The parameters that RestoreDBInstanceFromDBSnapshot takes, as boto3 knows them."""
    model = client(call).meta.service_model.operation_model("RestoreDBInstanceFromDBSnapshot")
    return set(model.input_shape.members)


def _describe(call: Call) -> Json | None:
    found = unless_gone(GONE, lambda: client(call).describe_db_instances(DBInstanceIdentifier=call.name))
    return found["DBInstances"][0] if found and found["DBInstances"] else None


def _wait(call: Call) -> None:
    """Until the database answers: what follows connects to its endpoint."""
    end, status = time.monotonic() + _READY_SECONDS, ""
    while time.monotonic() < end:
        found = _describe(call)
        status = found["DBInstanceStatus"] if found else "gone"
        if status == "available" and found and found.get("Endpoint"):
            return
        if status in _FAILED or found is None:
            raise ValueError(f"the database is {status}{_reasons(found)}")
        time.sleep(_POLL_SECONDS)
    raise TimeoutError(f"the database is still {status} after {_READY_SECONDS} seconds")


def _reasons(found: Json | None) -> str:
    """What DescribeDBInstances says is wrong, after a colon; empty where it says nothing."""
    messages = [info["Message"] for info in (found or {}).get("StatusInfos", []) if info.get("Message")]
    return f": {' '.join(messages)}" if messages else ""


def read(call: Call) -> Json | None:
    found = _describe(call)
    if found is None or not found.get("Endpoint"):
        return None
    address, port = found["Endpoint"]["Address"], found["Endpoint"]["Port"]
    return {
        "id": call.id,
        "arn": found["DBInstanceArn"],
        "identifier": call.name,
        "address": address,
        "endpoint": f"{address}:{port}",
        "port": port,
        "resourceId": found.get("DbiResourceId", ""),
        "status": found["DBInstanceStatus"],
        "engineVersionActual": found.get("EngineVersion", ""),
        "hostedZoneId": found["Endpoint"].get("HostedZoneId", ""),
    }


def update(call: Call) -> None:
    wanted, before = _named(call.inputs, _COMMON), _named(call.old, _COMMON)
    changes = {name: value for name, value in wanted.items() if before.get(name) != value}
    exports = _exports(call)
    if changes or exports:
        client(call).modify_db_instance(
            DBInstanceIdentifier=call.id,
            ApplyImmediately=bool(call.inputs.get("applyImmediately")),
            AllowMajorVersionUpgrade=bool(call.inputs.get("allowMajorVersionUpgrade")),
            **changes,
            **exports,
        )
        _wait(call)
    retag(call, call.aws.arn("rds", f"db:{call.id}"))


def _exports(call: Call) -> dict[str, Any]:
    before = set(call.old.get("enabledCloudwatchLogsExports") or [])
    wanted = set(call.inputs.get("enabledCloudwatchLogsExports") or [])
    if before == wanted:
        return {}
    kinds = {"EnableLogTypes": sorted(wanted - before), "DisableLogTypes": sorted(before - wanted)}
    return {"CloudwatchLogsExportConfiguration": kinds}


def delete(call: Call) -> None:
    name, given = call.id or call.name, call.inputs
    # An interrupted creation has no data for a snapshot; it is asked to go without an id of its own in the state.
    final = None if given.get("skipFinalSnapshot") else given.get("finalSnapshotIdentifier")
    how: dict[str, Any] = {"FinalDBSnapshotIdentifier": final} if final else {}
    skip = bool(given.get("skipFinalSnapshot"))
    unless_gone(GONE, lambda: client(call).delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=skip, **how))
    end = time.monotonic() + _READY_SECONDS
    while _describe(call) is not None and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)  # its groups can go only after it


def find(call: Call) -> str | None:
    return call.name if _describe(call) else None


_INSTANCE_REPLACED_BY = (
    *("characterSetName", "dbName", "engine", "identifier", "kmsKeyId"),
    *("snapshotIdentifier", "storageEncrypted", "timezone", "username", "dbSubnetGroupName", "port"),
)
PROVIDERS: Mapping[str, Provider] = {
    "aws:rds/instance:Instance": Provider(
        create=create,
        read=read,
        update=update,
        delete=delete,
        find=find,
        replace_on=frozenset(_INSTANCE_REPLACED_BY),
        tagged=True,
        secret_outputs=frozenset({"password"}),
    ),
}

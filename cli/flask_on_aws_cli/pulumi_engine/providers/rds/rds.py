"""Database instances."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ..base import Call, Json, Provider, key_values, none_if_missing

NOT_FOUND = ("DBInstanceNotFound", "DBSubnetGroupNotFoundFault", "DBParameterGroupNotFound", "DBInstanceNotFoundFault")
# The AWS provider waits 40 minutes for a real server; a local one that is not ready after ten has failed.
_READY_SECONDS = 10 * 60
_POLL_SECONDS = 0.25  # the endpoint is on this machine
# Statuses from which a database never becomes available:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
_FAILED_STATUSES = ("failed", "incompatible-parameters", "incompatible-network", "storage-full", "restore-error")
# Input → its name in both CreateDBInstance and ModifyDBInstance.
_MODIFIABLE = {
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
# Input → its name in CreateDBInstance only.
_ONLY_AT_CREATION = {
    "dbName": "DBName",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "engine": "Engine",
    "kmsKeyId": "KmsKeyId",
    "licenseModel": "LicenseModel",
    "port": "Port",
    "storageEncrypted": "StorageEncrypted",
    "username": "MasterUsername",
}
# Parameters whose values the snapshot determines, so a restore does not send them.
_FROM_SNAPSHOT = {"AllocatedStorage", "DBName", "EngineVersion", "KmsKeyId", "MasterUsername", "StorageEncrypted"}


def client(call: Call) -> Any:
    """The RDS client."""
    return call.aws.client("rds")


def parameters(inputs: Json, *names: Mapping[str, str]) -> dict[str, Any]:
    """The inputs that are set, under the API's names of them."""
    table = {key: name for mapping in names for key, name in mapping.items()}
    return {name: inputs[key] for key, name in table.items() if inputs.get(key) is not None}


def changed(after: Json, before: Json) -> Json:
    """The parameters whose values differ from the former ones."""
    return {name: value for name, value in after.items() if before.get(name) != value}


def final_snapshot(inputs: Json) -> Json:
    """The parameters of a deletion that decide about the final snapshot."""
    skip = bool(inputs.get("skipFinalSnapshot"))
    final = None if skip else inputs.get("finalSnapshotIdentifier")
    return {"SkipFinalSnapshot": skip, **({"FinalDBSnapshotIdentifier": final} if final else {})}


def describe(call: Call, name: str) -> Json | None:
    """An instance as DescribeDBInstances returns it; None if it does not exist."""
    response = none_if_missing(NOT_FOUND, lambda: client(call).describe_db_instances(DBInstanceIdentifier=name))
    return response["DBInstances"][0] if response and response["DBInstances"] else None


def wait_until_available(
    describe: Callable[[], Json | None], status_name: str, explain: Callable[[Json | None], str]
) -> None:
    """Wait until a database's server runs, since dependents connect to its endpoint.

    Args:
        describe: returns its description, or None if it does not exist.
        status_name: the name of the status in the description.
        explain: returns the rest of the message about a database that failed.
    """
    deadline, status = time.monotonic() + _READY_SECONDS, ""
    while time.monotonic() < deadline:
        database = describe()
        status = database[status_name] if database else "deleted"
        if status == "available" and database and database.get("Endpoint"):
            return
        if status in _FAILED_STATUSES or database is None:
            raise ValueError(f"the database is {status}{explain(database)}")
        time.sleep(_POLL_SECONDS)
    raise TimeoutError(f"the database is still {status} after {_READY_SECONDS} seconds")


def wait_until_gone(describe: Callable[[], Json | None]) -> None:
    """Wait for a deletion, before which nothing that it uses can be deleted."""
    deadline = time.monotonic() + _READY_SECONDS
    while describe() is not None and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def update_tags(call: Call, arn: str) -> None:
    """Remove the tags that the resource no longer has, and set the others."""
    if call.removed_tags:
        client(call).remove_tags_from_resource(ResourceName=arn, TagKeys=call.removed_tags)
    if call.tags:
        client(call).add_tags_to_resource(ResourceName=arn, Tags=key_values(call.tags))


def create(call: Call) -> str:
    snapshot, tags = call.inputs.get("snapshotIdentifier"), key_values(call.tags)
    made = parameters(call.inputs, _MODIFIABLE, _ONLY_AT_CREATION)
    if snapshot:
        after_restore = ("MasterUserPassword", "BackupRetentionPeriod")
        changes = {name: made.pop(name) for name in after_restore if name in made}
        settings = {name: value for name, value in made.items() if name not in _FROM_SNAPSHOT}
        settings = {name: value for name, value in settings.items() if name in _restore_parameters(call)}
        client(call).restore_db_instance_from_db_snapshot(
            DBInstanceIdentifier=call.name, DBSnapshotIdentifier=snapshot, Tags=tags, **settings
        )
        _wait(call)
        client(call).modify_db_instance(DBInstanceIdentifier=call.name, ApplyImmediately=True, **changes)
    else:
        client(call).create_db_instance(DBInstanceIdentifier=call.name, Tags=tags, **made)
    _wait(call)
    return call.name


def _restore_parameters(call: Call) -> set[str]:
    """The parameters that RestoreDBInstanceFromDBSnapshot accepts, according to boto3's service model."""
    model = client(call).meta.service_model.operation_model("RestoreDBInstanceFromDBSnapshot")
    return set(model.input_shape.members)


def _wait(call: Call) -> None:
    wait_until_available(lambda: describe(call, call.name), "DBInstanceStatus", _reasons)


def _reasons(instance: Json | None) -> str:
    """The messages of DescribeDBInstances about the status, after a colon; empty without any."""
    messages = [info["Message"] for info in (instance or {}).get("StatusInfos", []) if info.get("Message")]
    return f": {' '.join(messages)}" if messages else ""


def read(call: Call) -> Json | None:
    instance = describe(call, call.name)
    if instance is None or not instance.get("Endpoint"):
        return None
    address, port = instance["Endpoint"]["Address"], instance["Endpoint"]["Port"]
    return {
        "id": call.id,
        "arn": instance["DBInstanceArn"],
        "identifier": call.name,
        "address": address,
        "endpoint": f"{address}:{port}",
        "port": port,
        "resourceId": instance.get("DbiResourceId", ""),
        "status": instance["DBInstanceStatus"],
        "engineVersionActual": instance.get("EngineVersion", ""),
        "hostedZoneId": instance["Endpoint"].get("HostedZoneId", ""),
    }


def update(call: Call) -> None:
    changes = changed(parameters(call.inputs, _MODIFIABLE), parameters(call.old, _MODIFIABLE))
    exports = _log_exports(call)
    if changes or exports:
        client(call).modify_db_instance(
            DBInstanceIdentifier=call.id,
            ApplyImmediately=bool(call.inputs.get("applyImmediately")),
            AllowMajorVersionUpgrade=bool(call.inputs.get("allowMajorVersionUpgrade")),
            **changes,
            **exports,
        )
        _wait(call)
    update_tags(call, call.aws.arn("rds", f"db:{call.id}"))


def _log_exports(call: Call) -> dict[str, Any]:
    before = set(call.old.get("enabledCloudwatchLogsExports") or [])
    after = set(call.inputs.get("enabledCloudwatchLogsExports") or [])
    if before == after:
        return {}
    log_types = {"EnableLogTypes": sorted(after - before), "DisableLogTypes": sorted(before - after)}
    return {"CloudwatchLogsExportConfiguration": log_types}


def delete(call: Call) -> None:
    name, snapshot = call.id or call.name, final_snapshot(call.inputs)  # interrupted creation: no id in the state
    none_if_missing(NOT_FOUND, lambda: client(call).delete_db_instance(DBInstanceIdentifier=name, **snapshot))
    wait_until_gone(lambda: describe(call, call.name))


def find(call: Call) -> str | None:
    return call.name if describe(call, call.name) else None


_REPLACED_ON = (
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
        replace_on=frozenset(_REPLACED_ON),
        tagged=True,
        secret_outputs=frozenset({"password"}),
    ),
}

"""Aurora clusters, their instances and their parameter groups."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ..base import Call, Json, Provider, find_by, key_values, name_of, none_if_missing
from .rds import FAILED_STATUSES, POLL_SECONDS, READY_SECONDS, client, parameters, update_tags

_NOT_FOUND = ("DBClusterNotFoundFault", "DBInstanceNotFound", "DBInstanceNotFoundFault")
_NO_GROUP = ("DBParameterGroupNotFound", "DBClusterParameterGroupNotFound")
# Input → its name in both CreateDBCluster and ModifyDBCluster.
_MODIFIABLE = {
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "dbClusterParameterGroupName": "DBClusterParameterGroupName",
    "deletionProtection": "DeletionProtection",
    "engineVersion": "EngineVersion",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "masterPassword": "MasterUserPassword",
    "preferredBackupWindow": "PreferredBackupWindow",
    "preferredMaintenanceWindow": "PreferredMaintenanceWindow",
    "vpcSecurityGroupIds": "VpcSecurityGroupIds",
}
# Input → its name in CreateDBCluster only.
_ONLY_AT_CREATION = {
    "databaseName": "DatabaseName",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "engine": "Engine",
    "engineMode": "EngineMode",
    "kmsKeyId": "KmsKeyId",
    "masterUsername": "MasterUsername",
    "port": "Port",
    "storageEncrypted": "StorageEncrypted",
}
_SCALING = {
    "minCapacity": "MinCapacity",
    "maxCapacity": "MaxCapacity",
    "secondsUntilAutoPause": "SecondsUntilAutoPause",
}
# Those that RestoreDBClusterFromSnapshot does not accept, and are changed afterwards.
_AFTER_RESTORE = (
    *("MasterUserPassword", "BackupRetentionPeriod", "PreferredBackupWindow", "PreferredMaintenanceWindow"),
)
_FROM_SNAPSHOT = {"DatabaseName", "MasterUsername", "StorageEncrypted"}
_INSTANCE_MODIFIABLE = {
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "caCertIdentifier": "CACertificateIdentifier",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "instanceClass": "DBInstanceClass",
    "monitoringInterval": "MonitoringInterval",
    "monitoringRoleArn": "MonitoringRoleArn",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
    "preferredMaintenanceWindow": "PreferredMaintenanceWindow",
    "promotionTier": "PromotionTier",
    "publiclyAccessible": "PubliclyAccessible",
}
_INSTANCE_AT_CREATION = {
    "availabilityZone": "AvailabilityZone",
    "clusterIdentifier": "DBClusterIdentifier",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "engine": "Engine",
}


def _cluster_parameters(inputs: Json, *names: Mapping[str, str]) -> dict[str, Any]:
    made = parameters(inputs, *names)
    scaling = parameters(inputs.get("serverlessv2ScalingConfiguration") or {}, _SCALING)
    return {**made, "ServerlessV2ScalingConfiguration": scaling} if scaling else made


def create(call: Call) -> str:
    snapshot, tags = call.inputs.get("snapshotIdentifier"), key_values(call.tags)
    made = _cluster_parameters(call.inputs, _MODIFIABLE, _ONLY_AT_CREATION)
    if snapshot:
        changes = {name: made.pop(name) for name in _AFTER_RESTORE if name in made}
        settings = {name: value for name, value in made.items() if name not in _FROM_SNAPSHOT}
        client(call).restore_db_cluster_from_snapshot(
            DBClusterIdentifier=call.name, SnapshotIdentifier=snapshot, Tags=tags, **settings
        )
        _wait(call, call.name)
        client(call).modify_db_cluster(DBClusterIdentifier=call.name, ApplyImmediately=True, **changes)
    else:
        client(call).create_db_cluster(DBClusterIdentifier=call.name, Tags=tags, **made)
    _wait(call, call.name)
    return call.name


def _describe(call: Call, name: str) -> Json | None:
    response = none_if_missing(_NOT_FOUND, lambda: client(call).describe_db_clusters(DBClusterIdentifier=name))
    return response["DBClusters"][0] if response and response["DBClusters"] else None


def _describe_instance(call: Call, name: str) -> Json | None:
    response = none_if_missing(_NOT_FOUND, lambda: client(call).describe_db_instances(DBInstanceIdentifier=name))
    return response["DBInstances"][0] if response and response["DBInstances"] else None


def _wait(call: Call, name: str) -> None:
    """Wait until the cluster's server runs, since dependents connect to its endpoint."""
    deadline, status = time.monotonic() + READY_SECONDS, ""
    while time.monotonic() < deadline:
        cluster = _describe(call, name)
        status = cluster["Status"] if cluster else "deleted"
        if status == "available":
            return
        if status in FAILED_STATUSES or cluster is None:
            raise ValueError(f"the database is {status}; `flask-on-aws local status` has the error")
        time.sleep(POLL_SECONDS)
    raise TimeoutError(f"the database is still {status} after {READY_SECONDS} seconds")


def _wait_until_gone(describe: Callable[[], Json | None]) -> None:
    """Wait for a deletion, before which nothing that it uses can be deleted."""
    deadline = time.monotonic() + READY_SECONDS
    while describe() is not None and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def read(call: Call) -> Json | None:
    cluster = _describe(call, call.id)
    if cluster is None:
        return None
    return {
        "id": call.id,
        "arn": cluster["DBClusterArn"],
        "clusterIdentifier": call.id,
        "clusterResourceId": cluster["DbClusterResourceId"],
        "endpoint": cluster["Endpoint"],
        "readerEndpoint": cluster["ReaderEndpoint"],
        # Where AWS has the port of the inputs, a local server listens on a free one.
        "port": cluster["Port"],
        "hostedZoneId": cluster.get("HostedZoneId", ""),
        "engineVersionActual": cluster.get("EngineVersion", ""),
    }


def update(call: Call) -> None:
    after, before = _cluster_parameters(call.inputs, _MODIFIABLE), _cluster_parameters(call.old, _MODIFIABLE)
    changes = {name: value for name, value in after.items() if before.get(name) != value}
    if changes:
        client(call).modify_db_cluster(
            DBClusterIdentifier=call.id,
            ApplyImmediately=bool(call.inputs.get("applyImmediately")),
            AllowMajorVersionUpgrade=bool(call.inputs.get("allowMajorVersionUpgrade")),
            **changes,
        )
        _wait(call, call.id)
    update_tags(call, call.aws.arn("rds", f"cluster:{call.id}"))


def delete(call: Call) -> None:
    name, inputs = call.id or call.name, call.inputs  # an interrupted creation has no id in the state
    skip = bool(inputs.get("skipFinalSnapshot"))
    final = None if skip else inputs.get("finalSnapshotIdentifier")
    snapshot: dict[str, Any] = {"FinalDBSnapshotIdentifier": final} if final else {}
    none_if_missing(
        _NOT_FOUND,
        lambda: client(call).delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=skip, **snapshot),
    )
    _wait_until_gone(lambda: _describe(call, name))


def find(call: Call) -> str | None:
    return call.name if _describe(call, call.name) else None


def create_instance(call: Call) -> str:
    made = parameters(call.inputs, _INSTANCE_MODIFIABLE, _INSTANCE_AT_CREATION)
    client(call).create_db_instance(DBInstanceIdentifier=call.name, Tags=key_values(call.tags), **made)
    return call.name


def read_instance(call: Call) -> Json | None:
    instance = _describe_instance(call, call.id)
    if instance is None:
        return None
    return {
        "id": call.id,
        "arn": instance["DBInstanceArn"],
        "identifier": call.id,
        "endpoint": instance["Endpoint"]["Address"],
        "port": instance["Endpoint"]["Port"],
        "availabilityZone": instance.get("AvailabilityZone", ""),
        "dbiResourceId": instance.get("DbiResourceId", ""),
        "engineVersionActual": instance.get("EngineVersion", ""),
    }


def update_instance(call: Call) -> None:
    after, before = parameters(call.inputs, _INSTANCE_MODIFIABLE), parameters(call.old, _INSTANCE_MODIFIABLE)
    changes = {name: value for name, value in after.items() if before.get(name) != value}
    if changes:
        client(call).modify_db_instance(
            DBInstanceIdentifier=call.id, ApplyImmediately=bool(call.inputs.get("applyImmediately")), **changes
        )
    update_tags(call, call.aws.arn("rds", f"db:{call.id}"))


def delete_instance(call: Call) -> None:
    name = call.id or call.name
    none_if_missing(
        _NOT_FOUND,
        lambda: client(call).delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True),
    )
    _wait_until_gone(lambda: _describe_instance(call, name))


def find_instance(call: Call) -> str | None:
    return call.name if _describe_instance(call, call.name) else None


def create_group(call: Call) -> str:
    client(call).create_db_cluster_parameter_group(
        DBClusterParameterGroupName=call.name,
        DBParameterGroupFamily=call.inputs["family"],
        Description=call.inputs.get("description", "Managed by Pulumi"),
        Tags=key_values(call.tags),
    )
    _set_group_parameters(call, call.name)
    return call.name


def _set_group_parameters(call: Call, group: str) -> None:
    entries = [
        {"ParameterName": entry["name"], "ParameterValue": str(entry["value"]), "ApplyMethod": "immediate"}
        for entry in call.inputs.get("parameters", [])
    ]
    if entries:
        client(call).modify_db_cluster_parameter_group(DBClusterParameterGroupName=group, Parameters=entries)


def read_group(call: Call) -> Json | None:
    response = none_if_missing(
        _NO_GROUP,
        lambda: client(call).describe_db_cluster_parameter_groups(DBClusterParameterGroupName=call.id),
    )
    return response and {"id": call.id, "name": call.id, "arn": call.aws.arn("rds", f"cluster-pg:{call.id}")}


def update_group(call: Call) -> None:
    if call.changed("parameters"):
        _set_group_parameters(call, call.id)
    update_tags(call, call.aws.arn("rds", f"cluster-pg:{call.id}"))


def delete_group(call: Call) -> None:
    none_if_missing(
        _NO_GROUP,
        lambda: client(call).delete_db_cluster_parameter_group(DBClusterParameterGroupName=call.id),
    )


_REPLACED_ON = (
    *("clusterIdentifier", "databaseName", "dbSubnetGroupName", "engine", "engineMode", "kmsKeyId", "masterUsername"),
    *("snapshotIdentifier", "storageEncrypted"),
)
PROVIDERS: Mapping[str, Provider] = {
    "aws:rds/cluster:Cluster": Provider(
        create=create,
        read=read,
        update=update,
        delete=delete,
        find=find,
        replace_on=frozenset(_REPLACED_ON),
        tagged=True,
        secret_outputs=frozenset({"masterPassword"}),
    ),
    "aws:rds/clusterInstance:ClusterInstance": Provider(
        create=create_instance,
        read=read_instance,
        update=update_instance,
        delete=delete_instance,
        find=find_instance,
        replace_on=frozenset({"availabilityZone", "clusterIdentifier", "dbSubnetGroupName", "engine", "identifier"}),
        tagged=True,
    ),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": Provider(
        create=create_group,
        read=read_group,
        update=update_group,
        delete=delete_group,
        find=find_by(name_of, read_group),
        replace_on=frozenset({"name", "family", "description"}),
        tagged=True,
    ),
}

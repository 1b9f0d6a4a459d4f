"""Clusters of Aurora and DocumentDB, their instances and their parameter groups: both are clusters in RDS's API."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..base import Call, Json, Provider, find_by, key_values, name_of, none_if_missing
from .groups import parameter_batches
from .rds import (
    changed,
    client,
    describe,
    final_snapshot,
    parameters,
    update_tags,
    wait_until_available,
    wait_until_gone,
)

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


def _wait(call: Call, name: str) -> None:
    # The API has no reason for a cluster's status.
    advice = "; `flask-on-aws local status` has the error"
    wait_until_available(lambda: _describe(call, name), "Status", lambda cluster: advice)


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
    changes = changed(_cluster_parameters(call.inputs, _MODIFIABLE), _cluster_parameters(call.old, _MODIFIABLE))
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
    name, snapshot = call.id or call.name, final_snapshot(call.inputs)  # interrupted creation: no id in the state
    none_if_missing(_NOT_FOUND, lambda: client(call).delete_db_cluster(DBClusterIdentifier=name, **snapshot))
    wait_until_gone(lambda: _describe(call, name))


def find(call: Call) -> str | None:
    return call.name if _describe(call, call.name) else None


def create_instance(call: Call) -> str:
    made = parameters(call.inputs, _INSTANCE_MODIFIABLE, _INSTANCE_AT_CREATION)
    client(call).create_db_instance(DBInstanceIdentifier=call.name, Tags=key_values(call.tags), **made)
    return call.name


def read_instance(call: Call) -> Json | None:
    instance = describe(call, call.id)
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
    changes = changed(parameters(call.inputs, _INSTANCE_MODIFIABLE), parameters(call.old, _INSTANCE_MODIFIABLE))
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
    wait_until_gone(lambda: describe(call, name))


def find_instance(call: Call) -> str | None:
    return call.name if describe(call, call.name) else None


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
    for batch in parameter_batches(call):
        client(call).modify_db_cluster_parameter_group(DBClusterParameterGroupName=group, Parameters=batch)


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
_CLUSTER = Provider(
    create=create,
    read=read,
    update=update,
    delete=delete,
    find=find,
    replace_on=frozenset(_REPLACED_ON),
    tagged=True,
    secret_outputs=frozenset({"masterPassword"}),
)
_INSTANCE = Provider(
    create=create_instance,
    read=read_instance,
    update=update_instance,
    delete=delete_instance,
    find=find_instance,
    replace_on=frozenset({"availabilityZone", "clusterIdentifier", "dbSubnetGroupName", "engine", "identifier"}),
    tagged=True,
)
_GROUP = Provider(
    create=create_group,
    read=read_group,
    update=update_group,
    delete=delete_group,
    find=find_by(name_of, read_group),
    replace_on=frozenset({"name", "family", "description"}),
    tagged=True,
)
PROVIDERS: Mapping[str, Provider] = {
    "aws:rds/cluster:Cluster": _CLUSTER,
    "aws:rds/clusterInstance:ClusterInstance": _INSTANCE,
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": _GROUP,
    # It has neither a database's name nor a mode, and another port is another cluster.
    "aws:docdb/cluster:Cluster": replace(
        _CLUSTER, replace_on=_CLUSTER.replace_on - {"databaseName", "engineMode"} | {"port"}
    ),
    "aws:docdb/clusterInstance:ClusterInstance": replace(
        _INSTANCE, replace_on=_INSTANCE.replace_on - {"dbSubnetGroupName"}
    ),
    "aws:docdb/clusterParameterGroup:ClusterParameterGroup": _GROUP,
}

"""ElastiCache: replication groups, and their subnet and parameter groups."""

import time
from collections.abc import Mapping
from typing import Any

from .base import Call, Json, Provider, find_by, key_values, name_of, none_if_missing, present

_NOT_FOUND = ("ReplicationGroupNotFoundFault", "CacheSubnetGroupNotFoundFault", "CacheParameterGroupNotFound")
# The AWS provider waits an hour for real nodes; a local server that does not run after a minute has failed.
_READY_SECONDS, _POLL_SECONDS = 60.0, 0.1
# Input → its name in both CreateReplicationGroup and ModifyReplicationGroup.
_MODIFIABLE = {
    "authToken": "AuthToken",
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "automaticFailoverEnabled": "AutomaticFailoverEnabled",
    "description": "ReplicationGroupDescription",
    "engineVersion": "EngineVersion",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "multiAzEnabled": "MultiAZEnabled",
    "nodeType": "CacheNodeType",
    "parameterGroupName": "CacheParameterGroupName",
    "securityGroupIds": "SecurityGroupIds",
    "snapshotRetentionLimit": "SnapshotRetentionLimit",
    "snapshotWindow": "SnapshotWindow",
}
# Input → its name in CreateReplicationGroup only.
_ONLY_AT_CREATION = {
    "atRestEncryptionEnabled": "AtRestEncryptionEnabled",
    "engine": "Engine",
    "kmsKeyId": "KmsKeyId",
    "numCacheClusters": "NumCacheClusters",
    "port": "Port",
    "snapshotName": "SnapshotName",
    "subnetGroupName": "CacheSubnetGroupName",
    "transitEncryptionEnabled": "TransitEncryptionEnabled",
}


def _client(call: Call) -> Any:
    return call.aws.client("elasticache")


def _parameters(inputs: Json, names: Mapping[str, str]) -> dict[str, Any]:
    return {name: inputs[key] for key, name in names.items() if inputs.get(key) is not None}


def _update_tags(call: Call, resource: str) -> None:
    arn = call.aws.arn("elasticache", resource)
    if call.removed_tags:
        _client(call).remove_tags_from_resource(ResourceName=arn, TagKeys=call.removed_tags)
    if call.tags:
        _client(call).add_tags_to_resource(ResourceName=arn, Tags=key_values(call.tags))


def create(call: Call) -> str:
    parameters = _parameters(call.inputs, {**_MODIFIABLE, **_ONLY_AT_CREATION})
    _client(call).create_replication_group(
        ReplicationGroupId=call.name.lower(), Tags=key_values(call.tags), **parameters
    )
    _wait(call, call.name.lower())
    return call.name.lower()


def _describe(call: Call, group_id: str) -> Json | None:
    response = none_if_missing(
        _NOT_FOUND, lambda: _client(call).describe_replication_groups(ReplicationGroupId=group_id)
    )
    return response["ReplicationGroups"][0] if response else None


def _wait(call: Call, group_id: str) -> None:
    """Wait until the cache is available, since dependents connect to its endpoint."""
    deadline, status = time.monotonic() + _READY_SECONDS, ""
    while time.monotonic() < deadline:
        status = (_describe(call, group_id) or {"Status": "deleted"})["Status"]
        if status == "available":
            return
        if status in ("create-failed", "deleted"):
            raise ValueError(f"the cache is {status}; `flask-on-aws local status` has the error")
        time.sleep(_POLL_SECONDS)
    raise TimeoutError(f"the cache is still {status} after {_READY_SECONDS:.0f} seconds")


def read(call: Call) -> Json | None:
    group = _describe(call, call.id)
    if group is None:
        return None
    endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
    return {
        "id": call.id,
        "arn": group["ARN"],
        "replicationGroupId": call.id,
        "primaryEndpointAddress": endpoint["Address"],
        # Where AWS has the port of the inputs, a local server listens on a free one.
        "port": endpoint["Port"],
        "memberClusters": group["MemberClusters"],
    }


def update(call: Call) -> None:
    after, before = _parameters(call.inputs, _MODIFIABLE), _parameters(call.old, _MODIFIABLE)
    changes = {name: value for name, value in after.items() if before.get(name) != value}
    if "AuthToken" in changes:
        changes["AuthTokenUpdateStrategy"] = call.inputs.get("authTokenUpdateStrategy") or "ROTATE"
    if changes:
        _client(call).modify_replication_group(ReplicationGroupId=call.id, ApplyImmediately=True, **changes)
    old, new = int(call.old.get("numCacheClusters") or 1), int(call.inputs.get("numCacheClusters") or 1)
    if old != new:
        resize = _client(call).increase_replica_count if new > old else _client(call).decrease_replica_count
        resize(ReplicationGroupId=call.id, NewReplicaCount=new - 1, ApplyImmediately=True)
    _wait(call, call.id)
    _update_tags(call, f"replicationgroup:{call.id}")


def delete(call: Call) -> None:
    name = call.id or call.name.lower()  # an interrupted creation has no id in the state
    none_if_missing(_NOT_FOUND, lambda: _client(call).delete_replication_group(ReplicationGroupId=name))


def find(call: Call) -> str | None:
    name = call.name.lower()
    return name if _describe(call, name) else None


def create_subnets(call: Call) -> str:
    _client(call).create_cache_subnet_group(
        CacheSubnetGroupName=call.name,
        CacheSubnetGroupDescription=call.inputs.get("description", "Managed by Pulumi"),
        SubnetIds=call.inputs["subnetIds"],
        Tags=key_values(call.tags),
    )
    return call.name


def read_subnets(call: Call) -> Json | None:
    response = none_if_missing(
        _NOT_FOUND, lambda: _client(call).describe_cache_subnet_groups(CacheSubnetGroupName=call.id)
    )
    return response and {"id": call.id, "name": call.id, "arn": call.aws.arn("elasticache", f"subnetgroup:{call.id}")}


def update_subnets(call: Call) -> None:
    if call.changed("subnetIds", "description"):
        _client(call).modify_cache_subnet_group(
            CacheSubnetGroupName=call.id,
            SubnetIds=call.inputs["subnetIds"],
            **present(CacheSubnetGroupDescription=call.inputs.get("description")),
        )
    _update_tags(call, f"subnetgroup:{call.id}")


def delete_subnets(call: Call) -> None:
    none_if_missing(_NOT_FOUND, lambda: _client(call).delete_cache_subnet_group(CacheSubnetGroupName=call.id))


def create_parameters(call: Call) -> str:
    _client(call).create_cache_parameter_group(
        CacheParameterGroupName=call.name,
        CacheParameterGroupFamily=call.inputs["family"],
        Description=call.inputs.get("description", "Managed by Pulumi"),
        Tags=key_values(call.tags),
    )
    _set_parameters(call, call.name)
    return call.name


def _pairs(inputs: Json) -> dict[str, str]:
    return {entry["name"]: str(entry["value"]) for entry in inputs.get("parameters", [])}


def _set_parameters(call: Call, group: str) -> None:
    pairs, former = _pairs(call.inputs), _pairs(call.old)
    removed = [{"ParameterName": name, "ParameterValue": former[name]} for name in former if name not in pairs]
    if removed:
        _client(call).reset_cache_parameter_group(CacheParameterGroupName=group, ParameterNameValues=removed)
    if pairs:
        values = [{"ParameterName": name, "ParameterValue": value} for name, value in pairs.items()]
        _client(call).modify_cache_parameter_group(CacheParameterGroupName=group, ParameterNameValues=values)


def read_parameters(call: Call) -> Json | None:
    response = none_if_missing(
        _NOT_FOUND, lambda: _client(call).describe_cache_parameter_groups(CacheParameterGroupName=call.id)
    )
    return response and {
        "id": call.id,
        "name": call.id,
        "arn": call.aws.arn("elasticache", f"parametergroup:{call.id}"),
    }


def update_parameters(call: Call) -> None:
    if call.changed("parameters"):
        _set_parameters(call, call.id)
    _update_tags(call, f"parametergroup:{call.id}")


def delete_parameters(call: Call) -> None:
    none_if_missing(_NOT_FOUND, lambda: _client(call).delete_cache_parameter_group(CacheParameterGroupName=call.id))


_REPLACED_ON = (
    *("atRestEncryptionEnabled", "engine", "kmsKeyId", "port", "replicationGroupId"),
    *("snapshotName", "subnetGroupName", "transitEncryptionEnabled"),
)
PROVIDERS: Mapping[str, Provider] = {
    "aws:elasticache/replicationGroup:ReplicationGroup": Provider(
        create=create,
        read=read,
        update=update,
        delete=delete,
        find=find,
        replace_on=frozenset(_REPLACED_ON),
        tagged=True,
        secret_outputs=frozenset({"authToken"}),
    ),
    "aws:elasticache/subnetGroup:SubnetGroup": Provider(
        create=create_subnets,
        read=read_subnets,
        update=update_subnets,
        delete=delete_subnets,
        find=find_by(name_of, read_subnets),
        replace_on=frozenset({"name"}),
        tagged=True,
    ),
    "aws:elasticache/parameterGroup:ParameterGroup": Provider(
        create=create_parameters,
        read=read_parameters,
        update=update_parameters,
        delete=delete_parameters,
        find=find_by(name_of, read_parameters),
        replace_on=frozenset({"name", "family", "description"}),
        tagged=True,
    ),
}

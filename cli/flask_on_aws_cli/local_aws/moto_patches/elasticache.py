"""ElastiCache's API for caches that really run: moto only has part of it, and reports `available` at once.

moto lacks parameter groups, most changes of replication groups, and the nodes of which a replication group consists.
"""

from dataclasses import dataclass, field
from typing import Any, cast

from moto.core.responses import ActionResult, EmptyResult, PaginatedResult
from moto.elasticache.exceptions import ElastiCacheException
from moto.elasticache.models import ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse as Response

from ._patch import patch


class CacheParameterGroupNotFound(ElastiCacheException):
    """The error of ElastiCache for a parameter group that does not exist."""

    code = "CacheParameterGroupNotFound"


@dataclass
class ParameterGroup:
    """A cache parameter group, with the names that moto's serializer expects."""

    cache_parameter_group_name: str
    cache_parameter_group_family: str
    description: str
    arn: str
    parameters: dict[str, str] = field(default_factory=dict[str, str])
    is_global: bool = False


def parameter_groups(backend: Any) -> dict[str, ParameterGroup]:
    """The parameter groups of a region, by name."""
    return cast(dict[str, Any], vars(backend)).setdefault("local_parameter_groups", {})


def set_endpoint(group: Any, host: str, port: int) -> None:
    """Make a server on this machine the primary node of a replication group."""
    group.local_address = (host, port)
    group.node_groups[0]["primary_endpoint"] = {"address": host, "port": port}


def _create(original: Any, self: Any, **settings: Any) -> Any:
    """A new replication group is `creating` until its server runs, and has all its nodes; moto creates one node."""
    nodes = settings.get("num_cache_clusters") or 1
    if not settings.get("num_node_groups"):
        settings["replicas_per_node_group"] = nodes - 1
    group = original(self, **settings)
    group.status = "creating"
    group.local_tokens = [settings["auth_token"]] if settings.get("auth_token") else []
    return group


def _modify(_: Any, self: Any) -> ActionResult:
    """moto changes only a few settings of a replication group, and no token."""
    (group,) = self.elasticache_backend.describe_replication_groups(self._get_param("ReplicationGroupId"))
    model = {
        "ReplicationGroupDescription": "description",
        "SecurityGroupIds": "security_group_ids",
        "PreferredMaintenanceWindow": "preferred_maintenance_window",
        "CacheParameterGroupName": "cache_parameter_group_name",
        "Engine": "engine",
        "EngineVersion": "engine_version",
        "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
        "SnapshotRetentionLimit": "snapshot_retention_limit",
        "SnapshotWindow": "snapshot_window",
        "CacheNodeType": "cache_node_type",
    }
    for parameter, attribute in model.items():
        value = self._get_param(parameter)
        if value is not None:
            setattr(group, attribute, value)
    for parameter, attribute in (("AutomaticFailoverEnabled", "automatic_failover"), ("MultiAZEnabled", "multi_az")):
        value = self._get_bool_param(parameter)
        if value is not None:
            setattr(group, attribute, "enabled" if value else "disabled")
    token = self._get_param("AuthToken")
    if token:
        strategy = self._get_param("AuthTokenUpdateStrategy") or "ROTATE"
        former: list[str] = group.local_tokens[-1:] if strategy == "ROTATE" else []
        group.local_tokens = list(dict.fromkeys([*former, token]))
    return ActionResult({"ReplicationGroup": group})


def _resize(self: Any) -> ActionResult:
    (group,) = self.elasticache_backend.describe_replication_groups(self._get_param("ReplicationGroupId"))
    count = int(self._get_param("NewReplicaCount")) + 1
    (nodes,) = group.node_groups
    members: list[dict[str, Any]] = nodes["node_group_members"]
    for number in range(len(members) + 1, count + 1):
        name = f"{group.replication_group_id}-{number:03}"
        zone = "us-east-1b"
        members.append(
            {**members[0], "cache_cluster_id": name, "preferred_availability_zone": zone, "current_role": "replica"}
        )
    nodes["node_group_members"] = members[:count]
    group.member_clusters = [member["cache_cluster_id"] for member in nodes["node_group_members"]]
    return ActionResult({"ReplicationGroup": group})


def _increase(_: Any, self: Any) -> ActionResult:
    """moto lacks IncreaseReplicaCount."""
    return _resize(self)


def _decrease(_: Any, self: Any) -> ActionResult:
    """moto lacks DecreaseReplicaCount."""
    return _resize(self)


def _delete(original: Any, self: Any, replication_group_id: str, *args: Any, **kwargs: Any) -> Any:
    """A deleted replication group disappears, but moto's is `deleting` for ever."""
    group = original(self, replication_group_id, *args, **kwargs)
    del self.replication_groups[replication_group_id]
    return group


def _nodes(original: Any, self: Any) -> Any:
    """A replication group's nodes are cache clusters too, which the AWS provider reads; moto does not have them."""
    name, backend = self._get_param("CacheClusterId"), self.elasticache_backend
    nodes = {
        member: _node(group, member)
        for group in backend.replication_groups.values()
        for member in group.member_clusters
    }
    if name and name not in nodes:
        return original(self)
    listed = [nodes[name]] if name else [*nodes.values(), *backend.cache_clusters.values()]
    return PaginatedResult({"CacheClusters": listed})


def _node(group: Any, name: str) -> dict[str, Any]:
    return {
        "CacheClusterId": name,
        "ReplicationGroupId": group.replication_group_id,
        "CacheNodeType": group.cache_node_type,
        "Engine": group.engine,
        "EngineVersion": f"{group.engine_version}.0",
        "CacheClusterStatus": "available" if group.status == "available" else group.status,
        "NumCacheNodes": 1,
        "PreferredMaintenanceWindow": group.preferred_maintenance_window,
        "CacheParameterGroup": {
            "CacheParameterGroupName": group.cache_parameter_group_name,
            "ParameterApplyStatus": "in-sync",
        },
        "CacheSubnetGroupName": group.cache_subnet_group_name,
        "AutoMinorVersionUpgrade": str(group.auto_minor_version_upgrade).lower() != "false",
        "SecurityGroups": [{"SecurityGroupId": each, "Status": "active"} for each in group.security_group_ids or ()],
        "SnapshotRetentionLimit": group.snapshot_retention_limit,
        "SnapshotWindow": group.snapshot_window,
        "TransitEncryptionEnabled": group.transit_encryption_enabled,
        "AtRestEncryptionEnabled": group.at_rest_encryption_enabled,
        "AuthTokenEnabled": group.auth_token_enabled,
        "NetworkType": "ipv4",
        "IpDiscovery": "ipv4",
        "ARN": group.arn.replace(":replicationgroup:", ":cluster:").replace(group.replication_group_id, name),
    }


def _parameter_group(self: Any) -> ParameterGroup:
    name = self._get_param("CacheParameterGroupName")
    group = parameter_groups(self.elasticache_backend).get(name)
    if group is None:
        raise CacheParameterGroupNotFound(f"CacheParameterGroup {name} not found.")
    return group


def _create_parameter_group(_: Any, self: Any) -> ActionResult:
    """moto lacks cache parameter groups."""
    name, backend = self._get_param("CacheParameterGroupName"), self.elasticache_backend
    arn = f"arn:aws:elasticache:{backend.region_name}:{backend.account_id}:parametergroup:{name}"
    group = ParameterGroup(name, self._get_param("CacheParameterGroupFamily"), self._get_param("Description"), arn)
    parameter_groups(backend)[name] = group
    backend.tagging_service.tag_resource(arn, self._get_param("Tags", []))
    return ActionResult({"CacheParameterGroup": group})


def _describe_parameter_groups(_: Any, self: Any) -> ActionResult:
    """moto lacks DescribeCacheParameterGroups."""
    named = self._get_param("CacheParameterGroupName")
    groups = [_parameter_group(self)] if named else list(parameter_groups(self.elasticache_backend).values())
    return PaginatedResult({"CacheParameterGroups": groups})


def _modify_parameter_group(_: Any, self: Any) -> ActionResult:
    """moto lacks ModifyCacheParameterGroup."""
    group = _parameter_group(self)
    for pair in self._get_param("ParameterNameValues", []):
        group.parameters[pair["ParameterName"]] = pair["ParameterValue"]
    return ActionResult({"CacheParameterGroupName": group.cache_parameter_group_name})


def _reset_parameter_group(_: Any, self: Any) -> ActionResult:
    """moto lacks ResetCacheParameterGroup."""
    group = _parameter_group(self)
    for pair in self._get_param("ParameterNameValues", []):
        group.parameters.pop(pair["ParameterName"], None)
    return ActionResult({"CacheParameterGroupName": group.cache_parameter_group_name})


def _describe_parameters(_: Any, self: Any) -> ActionResult:
    """moto lacks DescribeCacheParameters."""
    parameters = [
        {"ParameterName": name, "ParameterValue": value, "Source": "user", "IsModifiable": True}
        for name, value in _parameter_group(self).parameters.items()
    ]
    return PaginatedResult({"Parameters": parameters})


def _delete_parameter_group(_: Any, self: Any) -> ActionResult:
    """moto lacks DeleteCacheParameterGroup."""
    del parameter_groups(self.elasticache_backend)[_parameter_group(self).cache_parameter_group_name]
    return EmptyResult()


def _modify_subnet_group(_: Any, self: Any) -> ActionResult:
    """moto lacks ModifyCacheSubnetGroup."""
    name, backend = self._get_param("CacheSubnetGroupName"), self.elasticache_backend
    (former,) = backend.describe_cache_subnet_groups(name)
    del backend.cache_subnet_groups[name]
    description = self._get_param("CacheSubnetGroupDescription") or former.cache_subnet_group_description
    group = backend.create_cache_subnet_group(
        name, description, self._get_param("SubnetIds") or former.subnet_ids, former.tags
    )
    return ActionResult({"CacheSubnetGroup": group})


def _delete_subnet_group(_: Any, self: Any) -> ActionResult:
    """moto lacks DeleteCacheSubnetGroup."""
    (group,) = self.elasticache_backend.describe_cache_subnet_groups(self._get_param("CacheSubnetGroupName"))
    del self.elasticache_backend.cache_subnet_groups[group.cache_subnet_group_name]
    return EmptyResult()


def _list_tags(_: Any, self: Any, arn: str) -> Any:
    """moto has no tags of parameter groups."""
    return self.tagging_service.list_tags_for_resource(arn)


def patch_elasticache() -> None:
    """Apply these patches."""
    patch(ElastiCacheBackend, "create_replication_group")(_create)
    patch(ElastiCacheBackend, "delete_replication_group")(_delete)
    patch(ElastiCacheBackend, "list_tags_for_resource")(_list_tags)
    patch(Response, "modify_replication_group")(_modify)
    patch(Response, "increase_replica_count")(_increase)
    patch(Response, "decrease_replica_count")(_decrease)
    patch(Response, "describe_cache_clusters")(_nodes)
    patch(Response, "create_cache_parameter_group")(_create_parameter_group)
    patch(Response, "describe_cache_parameter_groups")(_describe_parameter_groups)
    patch(Response, "modify_cache_parameter_group")(_modify_parameter_group)
    patch(Response, "reset_cache_parameter_group")(_reset_parameter_group)
    patch(Response, "describe_cache_parameters")(_describe_parameters)
    patch(Response, "delete_cache_parameter_group")(_delete_parameter_group)
    patch(Response, "modify_cache_subnet_group")(_modify_subnet_group)
    patch(Response, "delete_cache_subnet_group")(_delete_subnet_group)

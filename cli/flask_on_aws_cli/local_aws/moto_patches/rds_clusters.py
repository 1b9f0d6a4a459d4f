"""RDS's API for Aurora clusters that really run: a cluster has one server, which its instances share.

As for instances, every call that affects a server queues an operation.
"""

import copy
from typing import Any

from moto.rds.exceptions import DBSnapshotNotFoundFault
from moto.rds.models import DBCluster, RDSBackend

from ._patch import patch
from .rds_operations import CLUSTER_ENGINES, Operation, operations


def _create(original: Any, self: Any, kwargs: dict[str, Any]) -> Any:
    """A new cluster is `creating` until its server runs, but moto reports `available` at the second look."""
    cluster = original(self, kwargs)
    if cluster.engine in CLUSTER_ENGINES:
        cluster.status = "creating"
        snapshot = getattr(self, "local_restoring_cluster", "")
        operations.put(Operation("restore" if snapshot else "create", cluster.db_cluster_identifier, snapshot))
    return cluster


def _restore(original: Any, self: Any, from_snapshot_id: str, overrides: dict[str, Any]) -> Any:
    """A restored cluster is `creating`, has only the protection that is requested, and may have an instance's data.

    moto copies the protection, and knows snapshots of clusters by name alone.
    """
    name = from_snapshot_id.rpartition(":snapshot:")[2].rpartition(":cluster-snapshot:")[2]
    self.local_restoring_cluster = name
    try:
        if ":snapshot:" in from_snapshot_id:
            cluster = self.create_db_cluster(_settings_of_instance(self, name, overrides))
        else:
            cluster = original(self, name, overrides)
    finally:
        del self.local_restoring_cluster
    cluster.deletion_protection = bool(overrides.get("deletion_protection"))
    return cluster


def _settings_of_instance(backend: Any, snapshot: str, overrides: dict[str, Any]) -> dict[str, Any]:
    """The settings of a cluster that is restored from an instance's snapshot."""
    if snapshot not in backend.database_snapshots:
        raise DBSnapshotNotFoundFault(snapshot)
    instance = backend.database_snapshots[snapshot].database
    return {
        "master_username": instance.master_username,
        "master_user_password": instance._master_user_password,  # moto has no public attribute for it
        "database_name": instance.db_name,
        "storage_encrypted": instance.storage_encrypted,
        "engine_version": instance.engine_version,
        **{key: value for key, value in overrides.items() if value is not None},
    }


def _modify(original: Any, self: Any, kwargs: dict[str, Any]) -> Any:
    """A changed cluster is `modifying` until its server has changed, but moto reports `available` at once."""
    identifier = kwargs["db_cluster_identifier"]
    original(self, kwargs)
    cluster = self.clusters[identifier]
    if cluster.engine in CLUSTER_ENGINES:
        cluster.status = "modifying"
        operations.put(Operation("modify", cluster.db_cluster_identifier))
    return copy.copy(cluster)


def _snapshot(
    original: Any, self: Any, db_cluster_identifier: str, db_cluster_snapshot_identifier: str, *args: Any, **kwargs: Any
) -> Any:
    """A snapshot is `creating` until the data is copied, but moto reports `available` at once."""
    snapshot = original(self, db_cluster_identifier, db_cluster_snapshot_identifier, *args, **kwargs)
    if snapshot.snapshot_type == "manual" and snapshot.engine in CLUSTER_ENGINES:
        snapshot.status = "creating"
        operations.put(Operation("snapshot", db_cluster_identifier, db_cluster_snapshot_identifier))
    return snapshot


def _delete(original: Any, self: Any, cluster_identifier: str, *args: Any, **kwargs: Any) -> Any:
    """A deletion must stop the server, which moto does not have.

    moto creates the final snapshot first, whose operation is therefore queued before this one.
    """
    cluster = original(self, cluster_identifier, *args, **kwargs)
    if cluster.engine in CLUSTER_ENGINES:
        cluster.status = "deleting"
        operations.put(Operation("delete", cluster_identifier))
    return cluster


def _delete_snapshot(original: Any, self: Any, db_snapshot_identifier: str) -> Any:
    """The deletion of a snapshot must delete its files, which moto does not have."""
    snapshot = original(self, db_snapshot_identifier)
    if snapshot.engine in CLUSTER_ENGINES:
        operations.put(Operation("delete-snapshot", db_snapshot_identifier))
    return snapshot


def _status(original: Any, self: Any) -> str:
    """The status changes with the server, but moto's changes from `creating` to `available` when it is read."""
    return self._status if self.engine in CLUSTER_ENGINES else original(self)


def _endpoint(original: Any, self: Any) -> str:
    """The endpoint is the address of the server, but nothing listens at moto's."""
    return getattr(self, "local_host", None) or original(self)


def _reader_endpoint(original: Any, self: Any) -> str:
    """The reader endpoint is the same address, since all instances share the server."""
    return getattr(self, "local_host", None) or original(self)


def patch_rds_clusters() -> None:
    """Apply these patches."""
    patch(RDSBackend, "create_db_cluster")(_create)
    patch(RDSBackend, "restore_db_cluster_from_snapshot")(_restore)
    patch(RDSBackend, "modify_db_cluster")(_modify)
    patch(RDSBackend, "create_db_cluster_snapshot")(_snapshot)
    patch(RDSBackend, "delete_db_cluster")(_delete)
    patch(RDSBackend, "delete_db_cluster_snapshot")(_delete_snapshot)
    patch(DBCluster, "status")(_status)
    patch(DBCluster, "endpoint")(_endpoint)
    patch(DBCluster, "reader_endpoint")(_reader_endpoint)

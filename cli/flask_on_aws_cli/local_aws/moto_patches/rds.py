"""RDS's API for databases that really run: moto reports `available` at once, and nothing listens at its endpoints.

Every call that affects a server queues an operation; the data plane carries the operations out in order.
"""

from typing import Any

from moto.rds.models import DBInstance, RDSBackend

from ._patch import patch
from .rds_operations import Operation, is_clustered, operations


def _create(original: Any, self: Any, db_kwargs: dict[str, Any]) -> Any:
    """A new database is `creating` until its server runs, but moto reports `available` at once."""
    database = original(self, db_kwargs)
    if is_clustered(database):  # the cluster's server may run already
        database.port = database.cluster.port
        database.local_host = getattr(database.cluster, "local_host", None)
        return database
    database.status = "creating"
    snapshot = getattr(self, "local_restoring", "")
    operations.put(Operation("restore" if snapshot else "create", database.db_instance_identifier, snapshot))
    return database


def _restore(original: Any, self: Any, from_snapshot_id: str, overrides: dict[str, Any]) -> Any:
    """A restored database is `creating`, without the deletion protection and IAM authentication that moto copies.

    moto restores a snapshot by creating an instance with the snapshot's settings.
    """
    self.local_restoring = from_snapshot_id.rpartition(":")[2]
    try:
        database = original(self, from_snapshot_id, overrides)
    finally:
        del self.local_restoring
    database.deletion_protection = bool(overrides.get("deletion_protection"))
    database.enable_iam_database_authentication = bool(overrides.get("enable_iam_database_authentication"))
    return database


def _modify(original: Any, self: Any, db_instance_identifier: str, db_kwargs: dict[str, Any]) -> Any:
    """A changed database is `modifying` until its server has changed, but moto reports `available` at once."""
    database = original(self, db_instance_identifier, db_kwargs)
    if is_clustered(database):
        return database
    database.status = "modifying"
    operations.put(Operation("modify", database.db_instance_identifier))
    return database


def _reboot(original: Any, self: Any, db_instance_identifier: str) -> Any:
    """A rebooted database is `rebooting` until its server runs again, but moto reboots nothing."""
    database = original(self, db_instance_identifier)
    if is_clustered(database):
        operations.put(Operation("reboot", database.db_cluster_identifier))
        return database
    database.status = "rebooting"
    operations.put(Operation("reboot", db_instance_identifier))
    return database


def _snapshot(
    original: Any, self: Any, db_instance_identifier: str, db_snapshot_identifier: str, *args: Any, **kwargs: Any
) -> Any:
    """A snapshot is `creating` until the data is copied, but moto reports `available` at once.

    Automated snapshots, which moto creates by itself, are only records.
    """
    snapshot = original(self, db_instance_identifier, db_snapshot_identifier, *args, **kwargs)
    if snapshot.snapshot_type == "manual" and not is_clustered(snapshot.database):
        snapshot.status = "creating"
        operations.put(Operation("snapshot", db_instance_identifier, db_snapshot_identifier))
    return snapshot


def _delete(original: Any, self: Any, db_instance_identifier: str, *args: Any, **kwargs: Any) -> Any:
    """A deletion must stop the server, which moto does not have.

    moto creates the final snapshot first, whose operation is therefore queued before this one.
    """
    database = original(self, db_instance_identifier, *args, **kwargs)
    if not is_clustered(database):
        operations.put(Operation("delete", db_instance_identifier))
    return database


def _delete_snapshot(original: Any, self: Any, db_snapshot_identifier: str) -> Any:
    """The deletion of a snapshot must delete its files, which moto does not have."""
    snapshot = original(self, db_snapshot_identifier)
    operations.put(Operation("delete-snapshot", db_snapshot_identifier))
    return snapshot


def _modify_subnets(original: Any, self: Any, subnet_name: str, *args: Any, **kwargs: Any) -> Any:
    """moto loses a subnet group that is modified."""
    group = original(self, subnet_name, *args, **kwargs)
    self.subnet_groups[subnet_name] = group
    return group


def _address(original: Any, self: Any) -> str:
    """The endpoint is the address of the server, but nothing listens at moto's."""
    return getattr(self, "local_host", None) or original(self)


def patch_rds() -> None:
    """Apply these patches."""
    patch(RDSBackend, "create_db_instance")(_create)
    patch(RDSBackend, "restore_db_instance_from_db_snapshot")(_restore)
    patch(RDSBackend, "modify_db_instance")(_modify)
    patch(RDSBackend, "reboot_db_instance")(_reboot)
    patch(RDSBackend, "create_db_snapshot")(_snapshot)
    patch(RDSBackend, "delete_db_instance")(_delete)
    patch(RDSBackend, "delete_db_snapshot")(_delete_snapshot)
    patch(RDSBackend, "modify_db_subnet_group")(_modify_subnets)
    patch(DBInstance, "address")(_address)

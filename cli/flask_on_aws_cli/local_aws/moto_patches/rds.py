"""RDS's API for databases that really run: moto says `available` at once, and its endpoints lead nowhere.

Every call that is to have an effect on a server leaves a wish, which the data plane takes up in order.
"""

from queue import SimpleQueue
from typing import Any, NamedTuple

from moto.rds.models import DBInstance, RDSBackend

from ._patch import patch


class Wish(NamedTuple):
    """What a call asks of the servers."""

    action: str
    """create, restore, modify, reboot, snapshot, delete or delete-snapshot."""
    identifier: str
    """The instance's; for delete-snapshot the snapshot's."""
    snapshot: str = ""
    """The snapshot to restore from, or to take."""


wishes: SimpleQueue[Wish] = SimpleQueue()


def _create(original: Any, self: Any, db_kwargs: dict[str, Any]) -> Any:
    """A new database is `creating` until its server runs, where moto says `available` at once."""
    database = original(self, db_kwargs)
    database.status = "creating"
    snapshot = getattr(self, "local_restoring", "")
    wishes.put(Wish("restore" if snapshot else "create", database.db_instance_identifier, snapshot))
    return database


def _restore(original: Any, self: Any, from_snapshot_id: str, overrides: dict[str, Any]) -> Any:
    """A restored database is `creating`, without the deletion protection and IAM authentication that moto copies.

    moto restores by creating an instance that is like the snapshot's.
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
    """A changed database is `modifying` until its server has changed, where moto says `available` at once."""
    database = original(self, db_instance_identifier, db_kwargs)
    database.status = "modifying"
    wishes.put(Wish("modify", database.db_instance_identifier))
    return database


def _reboot(original: Any, self: Any, db_instance_identifier: str) -> Any:
    """A rebooted database is `rebooting` until its server runs again, where moto reboots nothing."""
    database = original(self, db_instance_identifier)
    database.status = "rebooting"
    wishes.put(Wish("reboot", db_instance_identifier))
    return database


def _snapshot(
    original: Any, self: Any, db_instance_identifier: str, db_snapshot_identifier: str, *args: Any, **kwargs: Any
) -> Any:
    """A snapshot is `creating` until the data is copied, where moto says `available` at once.

    Those that moto takes by itself as automated backups are records alone.
    """
    snapshot = original(self, db_instance_identifier, db_snapshot_identifier, *args, **kwargs)
    if snapshot.snapshot_type == "manual":
        snapshot.status = "creating"
        wishes.put(Wish("snapshot", db_instance_identifier, db_snapshot_identifier))
    return snapshot


def _delete(original: Any, self: Any, db_instance_identifier: str, *args: Any, **kwargs: Any) -> Any:
    """A deletion must reach the server, of which moto knows nothing.

    moto's own deletion takes the final snapshot first, which leaves its wish before this one.
    """
    database = original(self, db_instance_identifier, *args, **kwargs)
    wishes.put(Wish("delete", db_instance_identifier))
    return database


def _delete_snapshot(original: Any, self: Any, db_snapshot_identifier: str) -> Any:
    """The deletion of a snapshot must reach its files, of which moto knows nothing."""
    snapshot = original(self, db_snapshot_identifier)
    wishes.put(Wish("delete-snapshot", db_snapshot_identifier))
    return snapshot


def _modify_subnets(original: Any, self: Any, subnet_name: str, *args: Any, **kwargs: Any) -> Any:
    """moto loses a subnet group that is changed."""
    group = original(self, subnet_name, *args, **kwargs)
    self.subnet_groups[subnet_name] = group
    return group


def _address(original: Any, self: Any) -> str:
    """The endpoint is where the server listens, while moto's leads nowhere."""
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

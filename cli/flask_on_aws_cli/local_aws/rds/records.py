"""Carries out the changes that API calls request of RDS's records, and writes the status of servers back to them."""

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from ..api.records import Records
from ..faults import Faults
from ..loops import Loop
from ..moto_patches.rds_operations import Operation, operations
from .configuration import Instance, Status
from .part import Databases

_ACTIVITY = "applying changes of databases"
# Ends the wait for an operation.
_END = Operation("end", "")
_FIX = "The instance's status has the same error; repeat the change, or delete the instance."
# RDS's status of an instance whose storage or process is lost:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
_FAILED = "failed"


class DatabaseRecords:
    """Carries out operations one after another, so that a snapshot is complete before its instance is deleted."""

    def __init__(self, records: Records, databases: Databases, faults: Faults | None = None) -> None:
        self._records, self._databases = records, databases
        self._faults = faults or Faults()
        self._loop = Loop(_ACTIVITY, self._carry_out_next, 0, self._faults)

    def start(self) -> None:
        """Create the servers that instances in the records lack, and start carrying out operations."""
        statuses = self._databases.statuses()
        for identifier in self._records.databases():
            if identifier not in statuses:
                operations.put(Operation("create", identifier))
        self._loop.start()

    def stop(self) -> None:
        """Stop, after finishing an operation that is in progress."""
        self._loop.stop(lambda: operations.put(_END))

    def write_status(self, identifier: str, status: Status) -> None:
        """Write the status of an instance to the records."""
        reason = (status.note or "") if status.state == _FAILED else ""
        if status.state in ("available", "deleted"):
            self._faults.clear(_ACTIVITY, identifier)
        self._records.write_database(identifier, status.state, status.host, status.port, reason)

    def _carry_out_next(self) -> None:
        """Wait for an operation, and carry it out."""
        operation = operations.get()
        if operation is _END:
            return
        try:
            self._carry_out(operation)
        except Exception as error:
            self._faults.report(_ACTIVITY, operation.identifier, error, _FIX)
            self._records.write_database(operation.identifier, _FAILED, reason=str(error))
        else:
            self._faults.clear(_ACTIVITY, operation.identifier)

    def _carry_out(self, operation: Operation) -> None:
        databases = self._databases
        if operation.action == "delete-snapshot":
            databases.delete_snapshot(operation.identifier)
            return
        if operation.action == "snapshot":
            databases.snapshot(operation.identifier, operation.snapshot).result()
            self._records.write_snapshot(operation.snapshot, "available")
            return
        future = self._start_operation(operation)
        if future is not None:
            future.result()

    def _start_operation(self, operation: Operation) -> Future[None] | None:
        if operation.action == "delete":
            return self._databases.delete(operation.identifier)
        facts = self._records.databases().get(operation.identifier)
        if facts is None:  # it has been deleted; that operation follows
            return None
        if operation.action == "create":
            return self._databases.create(_instance(facts))
        if operation.action == "restore":
            return self._databases.restore(_instance(facts), operation.snapshot)
        if operation.action == "modify":
            return self._databases.modify(_instance(facts))
        return self._databases.reboot(operation.identifier)


def _instance(facts: Mapping[str, Any]) -> Instance:
    return Instance(
        identifier=facts["identifier"],
        engine_version=facts["engine_version"],
        username=facts["username"],
        password=facts["password"],
        database=facts["database"],
        parameters=facts["parameters"],
        engine=facts["engine"],
    )

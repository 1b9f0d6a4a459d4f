"""RDS's records made real: every wish that a call leaves is carried out by a server, whose state is written back."""

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from ..api.records import Records
from ..faults import Faults
from ..loops import Loop
from ..moto_patches.rds import Operation, operations
from .configuration import Instance, Status
from .part import Databases

_ACTIVITY = "making databases as they were asked for"
# Ends the wait for wishes.
_END = Operation("end", "")
_FIX = "The instance's state says the same; ask for it again, or delete it."
# RDS's own word for an instance whose storage or process is lost:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
_FAILED = "failed"


class DatabaseRecords:
    """Carries out wishes one after another, so that a snapshot is whole before its instance is deleted."""

    def __init__(self, records: Records, databases: Databases, faults: Faults | None = None) -> None:
        self._records, self._databases = records, databases
        self._faults = faults or Faults()
        self._loop = Loop(_ACTIVITY, self._take, 0, self._faults)

    def start(self) -> None:
        """Take up what the records hold and no server has yet, and begin."""
        known = self._databases.statuses()
        for identifier in self._records.databases():
            if identifier not in known:
                operations.put(Operation("create", identifier))
        self._loop.start()

    def stop(self) -> None:
        """End; a wish in progress is finished first."""
        self._loop.stop(lambda: operations.put(_END))

    def told(self, identifier: str, status: Status) -> None:
        """Write an instance's state into the records."""
        why = (status.note or "") if status.state == _FAILED else ""
        if status.state in ("available", "deleted"):
            self._faults.clear(_ACTIVITY, identifier)
        self._records.write_database(identifier, status.state, status.host, status.port, why)

    def _take(self) -> None:
        """Wait for a wish, and carry it out."""
        wish = operations.get()
        if wish is _END:
            return
        try:
            self._fulfil(wish)
        except Exception as error:
            self._faults.report(_ACTIVITY, wish.identifier, error, _FIX)
            self._records.write_database(wish.identifier, _FAILED, reason=str(error))
        else:
            self._faults.clear(_ACTIVITY, wish.identifier)

    def _fulfil(self, wish: Operation) -> None:
        databases = self._databases
        if wish.action == "delete-snapshot":
            databases.delete_snapshot(wish.identifier)
            return
        if wish.action == "snapshot":
            databases.snapshot(wish.identifier, wish.snapshot).result()
            self._records.write_snapshot(wish.snapshot, "available")
            return
        work = self._work(wish)
        if work is not None:
            work.result()

    def _work(self, wish: Operation) -> Future[None] | None:
        if wish.action == "delete":
            return self._databases.delete(wish.identifier)
        facts = self._records.databases().get(wish.identifier)
        if facts is None:  # deleted meanwhile; its own wish is behind this one
            return None
        if wish.action == "create":
            return self._databases.create(_instance(facts))
        if wish.action == "restore":
            return self._databases.restore(_instance(facts), wish.snapshot)
        if wish.action == "modify":
            return self._databases.modify(_instance(facts))
        return self._databases.reboot(wish.identifier)


def _instance(facts: Mapping[str, Any]) -> Instance:
    return Instance(
        identifier=facts["identifier"],
        engine_version=facts["engine_version"],
        username=facts["username"],
        password=facts["password"],
        database=facts["database"],
        parameters=facts["parameters"],
    )

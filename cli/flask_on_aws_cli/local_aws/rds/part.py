"""The DB instances of a local AWS: a part that keeps real database servers in their desired state."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from ...server_process.system_account import accessible_folder, remove
from ...shared.certificate_authority import Authority
from ..faults import Faults
from ..loops import Loop
from .configuration import Instance, Status
from .instance import DatabaseInstance

# Seconds between checks for servers that have ended; a start takes a second, so recovery takes well under five seconds.
_WATCH_SECONDS = 0.5
_ACTIVITY = "keeping databases running"
_FIX = "See its log in .local-aws/rds/instances; it is retried at least once a minute."
# Instances that are created or changed at the same time; a stack has one or two.
_WORKERS = 4


def _ignore(_identifier: str, _status: Status) -> None:
    return None


class Databases:
    """Real servers for DB instances.

    Every operation runs in the background and returns a Future, which raises its error. `on_status` is called with each
    status of an instance, from any thread.
    """

    def __init__(
        self,
        folder: Path,
        cache: Path,
        authority: Authority,
        on_status: Callable[[str, Status], None] = _ignore,
        faults: Faults | None = None,
    ) -> None:
        self._folder, self._cache, self._authority, self._on_status = folder, cache, authority, on_status
        self._by_identifier: dict[str, DatabaseInstance] = {}
        self._faults = faults or Faults(folder)
        self._watch_loop: Loop | None = None
        self._lock = Lock()

    def start(self) -> None:
        """Start the existing instances, after stopping servers that a killed daemon left running."""
        self._home, self._cache = accessible_folder(self._folder), accessible_folder(self._cache)
        self._by_identifier = {}
        self._work = ThreadPoolExecutor(_WORKERS, thread_name_prefix="rds")
        for file in sorted(self._instances.glob("*/instance.json")):
            # The file is read in the background, so that a broken file affects only its instance.
            database = self._new(Instance(file.parent.name, engine_version="", username="", password=""))
            self._background(file.parent.name, database.resume)
        self._watch_loop = Loop(_ACTIVITY, self._watch, _WATCH_SECONDS, self._faults)
        self._watch_loop.start()

    def stop(self) -> None:
        """Stop all servers; their data is kept."""
        if self._watch_loop is not None:
            self._watch_loop.stop()
        self._work.shutdown(wait=True)
        for database in self._by_identifier.values():
            database.stop()

    @property
    def _instances(self) -> Path:
        return self._home / "instances"

    def _snapshot(self, name: str) -> Path:
        return self._home / "snapshots" / name

    def _new(self, instance: Instance) -> DatabaseInstance:
        folder = self._instances / instance.identifier
        database = DatabaseInstance(folder, self._cache, self._authority, self._on_status, instance)
        with self._lock:
            if instance.identifier in self._by_identifier:
                raise ValueError(f"A database {instance.identifier} already exists; delete it first.")
            self._by_identifier[instance.identifier] = database
        return database

    def _background(self, identifier: str, function: Callable[..., None], *arguments: object) -> Future[None]:
        future = self._work.submit(function, *arguments)
        future.add_done_callback(lambda done: self._report_error(identifier, done))
        return future

    def _report_error(self, identifier: str, done: Future[None]) -> None:
        error = done.exception()
        if error is not None:
            self._faults.report(_ACTIVITY, identifier, error, _FIX)

    def _watch(self) -> None:
        with self._lock:
            databases = dict(self._by_identifier)
        self._faults.forget(_ACTIVITY, databases)
        for identifier, database in databases.items():
            try:
                is_healthy = database.heal()
            except Exception as error:
                self._faults.report(_ACTIVITY, identifier, error, _FIX)
            else:
                if is_healthy:
                    self._faults.clear(_ACTIVITY, identifier)

    def statuses(self) -> dict[str, Status]:
        """The status of each instance, by identifier."""
        with self._lock:
            return {identifier: database.status for identifier, database in self._by_identifier.items()}

    def create(self, instance: Instance) -> Future[None]:
        """Create an instance; raises ValueError if one with its identifier exists."""
        return self._background(instance.identifier, self._new(instance).create)

    def restore(self, instance: Instance, snapshot: str) -> Future[None]:
        """Create an instance from a snapshot's data, with the password in `instance`."""
        return self._background(instance.identifier, self._new(instance).create, self._snapshot(snapshot))

    def modify(self, instance: Instance) -> Future[None]:
        """Change the password or the parameters of an instance; nothing else can change."""
        return self._background(instance.identifier, self._by_identifier[instance.identifier].modify, instance)

    def reboot(self, identifier: str) -> Future[None]:
        """Restart an instance."""
        return self._background(identifier, self._by_identifier[identifier].reboot)

    def snapshot(self, identifier: str, name: str) -> Future[None]:
        """Take a snapshot, which is kept when the instance is deleted."""
        return self._background(identifier, self._by_identifier[identifier].snapshot, self._snapshot(name))

    def delete_snapshot(self, name: str) -> None:
        """Delete a snapshot."""
        remove(self._snapshot(name))

    def snapshots(self) -> list[str]:
        """Names of the complete snapshots."""
        return sorted(file.parent.name for file in self._snapshot("").glob("*/snapshot.json"))

    def delete(self, identifier: str, final_snapshot: str | None = None) -> Future[None]:
        """Delete an instance and its data, after taking a final snapshot if there is a name for one."""
        database = self._by_identifier[identifier]

        def delete() -> None:
            database.delete(self._snapshot(final_snapshot) if final_snapshot is not None else None)
            with self._lock:
                self._by_identifier.pop(identifier, None)

        return self._background(identifier, delete)

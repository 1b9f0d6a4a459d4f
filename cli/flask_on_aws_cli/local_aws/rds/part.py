"""The database instances of a place: a part that holds real PostgreSQL servers at what they should be."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from ...postgres_server.system_account import accessible_folder, remove
from ...shared.certificate_authority import Authority
from ..faults import Faults
from ..loops import Loop
from .configuration import Instance, Status
from .instance import DatabaseInstance

# How often a server that has ended is noticed; with the second that a start takes, it heals well within five.
_WATCH_SECONDS = 0.5
_ACTIVITY = "keeping databases running"
_FIX = "Its postgresql.log is in .local-aws/rds/instances; it is tried again at least once a minute."
# Instances that are made or changed at the same time; a stack has one or two.
_WORKERS = 4


def _ignore(_identifier: str, _status: Status) -> None:
    return None


class Databases:
    """Real servers for database instances.

    Every operation goes on in the background and returns a Future, which raises what went wrong; `on_status` is told
    each state that an instance passes through, in whatever thread that happens.
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
        self._held: dict[str, DatabaseInstance] = {}
        self._faults = faults or Faults(folder)
        self._watching: Loop | None = None
        self._lock = Lock()

    def start(self) -> None:
        """Start the instances that are there; those that a killed daemon has left are ended first."""
        self._home, self._cache = accessible_folder(self._folder), accessible_folder(self._cache)
        self._held = {}
        self._work = ThreadPoolExecutor(_WORKERS, thread_name_prefix="rds")
        for file in sorted(self._instances.glob("*/instance.json")):
            # What it is stands in the file, and is read in the background: a file that is broken is its fault alone.
            held = self._new(Instance(file.parent.name, engine_version="", username="", password=""))
            self._background(file.parent.name, held.take_up)
        self._watching = Loop(_ACTIVITY, self._watch, _WATCH_SECONDS, self._faults)
        self._watching.start()

    def stop(self) -> None:
        """Stop all servers; their data stays."""
        if self._watching is not None:
            self._watching.stop()
        self._work.shutdown(wait=True)
        for held in self._held.values():
            held.stop()

    @property
    def _instances(self) -> Path:
        return self._home / "instances"

    def _snapshot(self, name: str) -> Path:
        return self._home / "snapshots" / name

    def _new(self, instance: Instance) -> DatabaseInstance:
        folder = self._instances / instance.identifier
        held = DatabaseInstance(folder, self._cache, self._authority, self._on_status, instance)
        with self._lock:
            if instance.identifier in self._held:
                raise ValueError(f"There is a database {instance.identifier} already; delete it first.")
            self._held[instance.identifier] = held
        return held

    def _background(self, identifier: str, function: Callable[..., None], *arguments: object) -> Future[None]:
        future = self._work.submit(function, *arguments)
        future.add_done_callback(lambda done: self._note(identifier, done))
        return future

    def _note(self, identifier: str, done: Future[None]) -> None:
        error = done.exception()
        if error is not None:
            self._faults.report(_ACTIVITY, identifier, error, _FIX)

    def _watch(self) -> None:
        with self._lock:
            instances = dict(self._held)
        self._faults.forget(_ACTIVITY, instances)
        for name, held in instances.items():
            try:
                healed = held.heal()
            except Exception as error:
                self._faults.report(_ACTIVITY, name, error, _FIX)
            else:
                if healed:
                    self._faults.clear(_ACTIVITY, name)

    def statuses(self) -> dict[str, Status]:
        """The status of each instance by identifier."""
        with self._lock:
            return {name: held.status for name, held in self._held.items()}

    def create(self, instance: Instance) -> Future[None]:
        """Make a new instance; raises ValueError where there is one of its name."""
        return self._background(instance.identifier, self._new(instance).create)

    def restore(self, instance: Instance, snapshot: str) -> Future[None]:
        """Make a new instance from a snapshot's data; its password is the instance's."""
        return self._background(instance.identifier, self._new(instance).create, self._snapshot(snapshot))

    def modify(self, instance: Instance) -> Future[None]:
        """Give the instance another password or other parameters; the rest cannot change."""
        return self._background(instance.identifier, self._held[instance.identifier].modify, instance)

    def reboot(self, identifier: str) -> Future[None]:
        """Stop and start the instance."""
        return self._background(identifier, self._held[identifier].reboot)

    def snapshot(self, identifier: str, name: str) -> Future[None]:
        """Take a snapshot, which outlives the instance."""
        return self._background(identifier, self._held[identifier].snapshot, self._snapshot(name))

    def delete_snapshot(self, name: str) -> None:
        """Delete a snapshot."""
        remove(self._snapshot(name))

    def snapshots(self) -> list[str]:
        """Names of the snapshots that are complete."""
        return sorted(file.parent.name for file in self._snapshot("").glob("*/snapshot.json"))

    def delete(self, identifier: str, final_snapshot: str | None = None) -> Future[None]:
        """Delete the instance with its data, after a last snapshot where one is named."""
        held = self._held[identifier]

        def work() -> None:
            held.delete(self._snapshot(final_snapshot) if final_snapshot is not None else None)
            with self._lock:
                self._held.pop(identifier, None)

        return self._background(identifier, work)

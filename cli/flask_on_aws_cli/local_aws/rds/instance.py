"""A DB instance or Aurora cluster that is kept in its desired state."""

import json
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...server_process.system_account import remove
from ...shared.atomic_files import write_atomically
from ...shared.certificate_authority import Authority
from .configuration import Instance, Status
from .servers import DatabaseServer, new_server

# Seconds between attempts to start a server that does not start: if the processes of its killed predecessor are still
# ending, it can start a moment later; if its files are broken, it cannot, and its log must not fill the disk.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
# The engine, by RDS's name of it, with snapshots that a cluster of Aurora can have, too.
_COMPATIBLE = {"aurora-postgresql": "postgres"}


class DatabaseInstance:
    """An instance with its folder, its server and its status.

    Its operations are mutually exclusive, and each reports the states that it passes through.
    """

    def __init__(
        self,
        folder: Path,
        cache: Path,
        authority: Authority,
        on_status: Callable[[str, Status], None],
        instance: Instance,
    ) -> None:
        self.instance = instance
        self._folder, self._cache, self._authority, self._on_status = folder, cache, authority, on_status
        self._server: DatabaseServer | None = None
        self._lock = threading.RLock()
        self._should_run = False
        self._pending_start: Callable[[], None] | None = None  # repeats a creation or resumption that has not succeeded
        self._pause, self._next_attempt_at = 0.0, 0.0
        self.status = Status("creating")

    def _report(self, state: str, note: str | None = None) -> None:
        port = self._server.port if self._server is not None else None
        host = self._server.endpoint if self._server is not None and port else None
        self.status = Status(state, host, port or None, note)
        self._on_status(self.instance.identifier, self.status)

    @contextmanager
    def _reporting_failure(self) -> Generator[None]:
        """Report that the instance has failed, and why, if the body raises an exception."""
        try:
            yield
        except Exception as error:
            self._report("failed", str(error))
            raise

    def _report_available(self) -> None:
        self._report("available", self.server.note(self.instance))

    @property
    def server(self) -> DatabaseServer:
        """The server; raises RuntimeError if it was not created."""
        if self._server is None:
            raise RuntimeError(f"The database {self.instance.identifier} has no server.")
        return self._server

    def create(self, snapshot: Path | None = None) -> None:
        """Create the instance, empty or from a snapshot's data, and start it."""
        with self._lock, self._reporting_failure():
            self._pending_start = lambda: self.create(snapshot)
            self._next_attempt_at = time.monotonic() + _LONGEST_PAUSE
            self._report("creating")
            # An interrupted creation may have left files, but not a database.
            remove(self._folder)
            self._server = self._new_server()
            if snapshot is None:
                self._server.create(self.instance)
            else:
                _check_engine(snapshot, self.instance)
                self._server.restore(snapshot)
            self._start(0)
            self._write_facts()
            self._pending_start = None
            self._report_available()

    def _new_server(self) -> DatabaseServer:
        return new_server(self.instance.engine, self._folder, self._cache, self._authority)

    def _start(self, port: int) -> None:
        self._should_run = True
        self._next_attempt_at = time.monotonic() + self._pause
        self._pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, self._pause * 2))
        self.server.start(self.instance, port)
        self._pause = 0.0

    def resume(self) -> None:
        """Start an instance that an earlier daemon created, on the same port if that is free."""
        with self._lock, self._reporting_failure():
            self._pending_start = self.resume
            self._next_attempt_at = time.monotonic() + _LONGEST_PAUSE
            facts = self._read_facts()
            self.instance = _instance(facts)
            self._report("starting")
            self._server = self._new_server()
            self._server.resume(facts["data_major"])
            self._start(facts["port"])
            self._pending_start = None
            self._write_facts()
            self._report_available()

    def _write_facts(self) -> None:
        """Write what the next daemon needs; not the password, which the data contains."""
        instance, server = self.instance, self.server
        facts = {
            "identifier": instance.identifier,
            "engine": instance.engine,
            "engine_version": instance.engine_version,
            "username": instance.username,
            "database": instance.database,
            "parameters": dict(instance.parameters),
            "port": server.port,
            "data_major": server.data_version,
        }
        write_atomically(self._folder / "instance.json", json.dumps(facts, indent=1))

    def _read_facts(self) -> dict[str, Any]:
        """What `_write_facts` has written; raises ValueError if it cannot be read, although the data may be intact."""
        file = self._folder / "instance.json"
        try:
            facts: dict[str, Any] = json.loads(file.read_text())
            return {**facts, **vars(_instance(facts))}
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise ValueError(f"{file} cannot be read ({error}); its data was not changed") from error

    def modify(self, desired: Instance) -> None:
        """Apply a new password or parameters; parameters that need a restart are applied by a reboot, as on RDS.

        Other changes, such as to the storage, do not affect the server. The status is then reported again, because the
        API has set it to `modifying`.
        """
        with self._lock, self._reporting_failure():
            # The identifier, the master user and the initial database cannot change.
            changed = replace(self.instance, password=desired.password, parameters=desired.parameters)
            if changed == self.instance:
                self._report(self.status.state, self.status.note)
                return
            self._report("modifying")
            self.instance = changed
            if self.server.is_running:
                self.server.apply(changed)
            else:  # its old parameters may be the reason why it did not start
                self._start(self.server.port)
            self._write_facts()
            self._report_available()

    def reboot(self) -> None:
        """Restart the server, which applies all parameters."""
        with self._lock, self._reporting_failure():
            self._report("rebooting")
            self.server.stop()
            self._start(self.server.port)
            self._report_available()

    def snapshot(self, target: Path) -> None:
        """Take a snapshot while the instance is available."""
        with self._lock:
            self._report("backing-up")
            try:
                self.server.take_snapshot(self.instance, target)
            finally:
                self._report_available()

    def stop(self) -> None:
        """Stop the server; its data is kept."""
        with self._lock:
            self._should_run, self._pending_start = False, None
            if self._server is not None:
                self._server.stop()
                self._report("stopped")

    def delete(self, final_snapshot: Path | None) -> None:
        """Delete the instance and its data, after taking a final snapshot if there is a path for one."""
        with self._lock:
            self._report("deleting")
            if final_snapshot is not None:
                self.server.take_snapshot(self.instance, final_snapshot)
            self._should_run, self._pending_start = False, None
            if self._server is not None:
                self._server.stop()
                self._server.delete()
            remove(self._folder)
            self._report("deleted")

    def heal(self) -> bool:
        """Start the server again if it has ended unexpectedly, or repeat a creation or resumption that failed.

        Does nothing during another operation. Returns whether the instance is now in its desired state; False if that
        was not checked.
        """
        if not self._lock.acquire(blocking=False):
            return False
        try:
            is_healthy = self.server.is_running if self._should_run else self._pending_start is None
            if is_healthy or time.monotonic() < self._next_attempt_at:
                return is_healthy
            if self._pending_start is not None and not self._should_run:
                self._pending_start()
            elif self._should_run and not self.server.is_running:
                with self._reporting_failure():
                    self._report("starting", "The server had ended unexpectedly and is being restarted.")
                    self._start(self.server.port)
                    self._write_facts()
                    self._report_available()
            return True
        finally:
            self._lock.release()


def _check_engine(snapshot: Path, instance: Instance) -> None:
    """Raise ValueError if a snapshot is one of another engine, which RDS rejects as well."""
    engine = json.loads((snapshot / "snapshot.json").read_text()).get("engine", "postgres")
    if engine not in (instance.engine, _COMPATIBLE.get(instance.engine)):
        raise ValueError(
            f"The snapshot {snapshot.name} is of {engine}, so no {instance.engine} database can have its data."
        )


def _instance(facts: Mapping[str, Any]) -> Instance:
    """The instance that `_write_facts` has written."""
    return Instance(
        facts["identifier"],
        facts["engine_version"],
        facts["username"],
        password="",  # the one in the data is kept
        database=facts["database"],
        parameters=facts["parameters"],
        engine=facts.get("engine", "postgres"),  # not written by earlier versions, which had no other
    )

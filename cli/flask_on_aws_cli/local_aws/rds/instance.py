"""A DB instance that is kept in its desired state."""

import json
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...postgres_server.binaries import Binaries, find
from ...postgres_server.roles import admin_connection, create_missing_roles, set_password
from ...postgres_server.server import ENDPOINT, Server
from ...postgres_server.system_account import remove
from ...shared.atomic_files import write_atomically
from ...shared.certificate_authority import Authority
from . import snapshots
from .configuration import Instance, Status

# Seconds between attempts to start a server that does not start: if the processes of its killed predecessor are still
# ending, it can start a moment later; if its files are broken, it cannot, and its log must not fill the disk.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0


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
        self._server: Server | None = None
        self._lock = threading.RLock()
        self._should_run = False
        self._pending_start: Callable[[], None] | None = None  # repeats a creation or resumption that has not succeeded
        self._pause, self._next_attempt_at = 0.0, 0.0
        self.status = Status("creating")

    def _report(self, state: str, note: str | None = None) -> None:
        port = self._server.port if self._server is not None else None
        self.status = Status(state, ENDPOINT if port else None, port or None, note)
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
        actual, desired = self.server.binaries.major, self.instance.major
        note = f"The database runs on PostgreSQL {actual}, not {desired}, because that is installed on this machine."
        self._report("available", note if actual != desired else None)

    @property
    def server(self) -> Server:
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
            if snapshot is None:
                self._server = self._new_server(find(self.instance.major, self._cache))
                self._server.create()
            else:
                self._server = self._new_server(find(snapshots.facts(snapshot)["major"], self._cache, exactly=True))
                snapshots.unpack(snapshot, self._folder)
            self._start(0)
            self._write_facts()
            self._pending_start = None
            self._report_available()

    def _new_server(self, binaries: Binaries) -> Server:
        return Server(self._folder, binaries, self._authority)

    def _start(self, port: int) -> None:
        instance = self.instance
        self._should_run = True
        self._next_attempt_at = time.monotonic() + self._pause
        self._pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, self._pause * 2))
        self.server.configure(instance.parameters, forces_tls=instance.forces_tls)
        self.server.start(port)
        self._pause = 0.0
        with admin_connection(self.server.port, self.server.admin_password) as connection:
            create_missing_roles(connection, instance.username, instance.database)
            if instance.password:
                set_password(connection, instance.username, instance.password)

    def resume(self) -> None:
        """Start an instance that an earlier daemon created, on the same port if that is free."""
        with self._lock, self._reporting_failure():
            self._pending_start = self.resume
            self._next_attempt_at = time.monotonic() + _LONGEST_PAUSE
            facts = self._read_facts()
            self.instance = _instance(facts)
            self._report("starting")
            self._server = self._new_server(find(facts["data_major"], self._cache, exactly=True))
            self._start(facts["port"])
            self._pending_start = None
            self._write_facts()
            self._report_available()

    def _write_facts(self) -> None:
        """Write what the next daemon needs; not the password, which the data contains."""
        instance, server = self.instance, self.server
        facts = {
            "identifier": instance.identifier,
            "engine_version": instance.engine_version,
            "username": instance.username,
            "database": instance.database,
            "parameters": dict(instance.parameters),
            "port": server.port,
            "data_major": server.binaries.major,
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
                self.server.configure(changed.parameters, forces_tls=changed.forces_tls)
                self.server.reload()
                with admin_connection(self.server.port, self.server.admin_password) as connection:
                    set_password(connection, changed.username, changed.password)
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
                snapshots.take(self.server, self.instance, target)
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
                snapshots.take(self.server, self.instance, final_snapshot)
            self._should_run, self._pending_start = False, None
            if self._server is not None:
                self._server.stop()
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


def _instance(facts: Mapping[str, Any]) -> Instance:
    """The instance that `_write_facts` has written."""
    return Instance(
        facts["identifier"],
        facts["engine_version"],
        facts["username"],
        password="",  # the one in the data is kept
        database=facts["database"],
        parameters=facts["parameters"],
    )

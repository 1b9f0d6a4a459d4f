"""One database instance that is held at what it should be."""

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

# Seconds between tries to start a server that will not: one whose killed predecessor's processes are still ending can
# be started a moment later, one whose files are broken cannot, and its log is not to fill the disk.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0


class DatabaseInstance:
    """An instance with its folder, its server, and its status.

    Its operations exclude each other; each tells the states that it passes through.
    """

    def __init__(
        self, folder: Path, cache: Path, authority: Authority, tell: Callable[[str, Status], None], instance: Instance
    ) -> None:
        self.instance = instance
        self._folder, self._cache, self._authority, self._tell_all = folder, cache, authority, tell
        self._server: Server | None = None
        self._lock = threading.RLock()
        self._wanted = False
        self._unmade: Callable[[], None] | None = None  # the creation that is not complete
        self._pause, self._next_try = 0.0, 0.0
        self.status = Status("creating")

    def _tell(self, state: str, note: str | None = None) -> None:
        port = self._server.port if self._server is not None else None
        self.status = Status(state, ENDPOINT if port else None, port or None, note)
        self._tell_all(self.instance.identifier, self.status)

    @contextmanager
    def _failing(self) -> Generator[None]:
        """Tell that the instance failed, and why, when what this surrounds raises."""
        try:
            yield
        except Exception as error:
            self._tell("failed", str(error))
            raise

    def _available(self) -> None:
        have, want = self.server.binaries.major, self.instance.major
        other = f"The database runs on PostgreSQL {have} here, not {want}: that is what this machine has."
        self._tell("available", other if have != want else None)

    @property
    def server(self) -> Server:
        """The server; raises RuntimeError where none was made."""
        if self._server is None:
            raise RuntimeError(f"The database {self.instance.identifier} has no server.")
        return self._server

    def create(self, snapshot: Path | None = None) -> None:
        """Make the instance, empty or from a snapshot's data, and start it."""
        with self._lock, self._failing():
            self._unmade = lambda: self.create(snapshot)
            self._next_try = time.monotonic() + _LONGEST_PAUSE
            self._tell("creating")
            # What a creation that was cut off has left is no database.
            remove(self._folder)
            if snapshot is None:
                self._server = self._make(find(self.instance.major, self._cache))
                self._server.create()
            else:
                self._server = self._make(find(snapshots.facts(snapshot)["major"], self._cache, exactly=True))
                snapshots.unpack(snapshot, self._folder)
            self._start(0)
            self._remember()
            self._unmade = None
            self._available()

    def _make(self, binaries: Binaries) -> Server:
        return Server(self._folder, binaries, self._authority)

    def _start(self, port: int) -> None:
        instance = self.instance
        self._wanted = True
        self._next_try = time.monotonic() + self._pause
        self._pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, self._pause * 2))
        self.server.configure(instance.parameters, forces_tls=instance.forces_tls)
        self.server.start(port)
        self._pause = 0.0
        with admin_connection(self.server.port, self.server.admin_password) as connection:
            create_missing_roles(connection, instance.username, instance.database)
            if instance.password:
                set_password(connection, instance.username, instance.password)

    def take_up(self) -> None:
        """Start what an earlier daemon has made, on the same port where that is free."""
        with self._lock, self._failing():
            self._unmade = self.take_up
            self._next_try = time.monotonic() + _LONGEST_PAUSE
            facts = self._facts()
            self.instance = _instance(facts)
            self._tell("starting")
            self._server = self._make(find(facts["data_major"], self._cache, exactly=True))
            self._start(facts["port"])
            self._unmade = None
            self._remember()
            self._available()

    def _remember(self) -> None:
        """Write down what the next daemon needs; not the password, which the data has."""
        one, server = self.instance, self.server
        facts = {
            "identifier": one.identifier,
            "engine_version": one.engine_version,
            "username": one.username,
            "database": one.database,
            "parameters": dict(one.parameters),
            "port": server.port,
            "data_major": server.binaries.major,
        }
        write_atomically(self._folder / "instance.json", json.dumps(facts, indent=1))

    def _facts(self) -> dict[str, Any]:
        """What was remembered; raises ValueError, as the data may be well and only the file be broken."""
        file = self._folder / "instance.json"
        try:
            facts: dict[str, Any] = json.loads(file.read_text())
            return {**facts, **vars(_instance(facts))}
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise ValueError(f"{file} cannot be read ({error}); its data are untouched") from error

    def modify(self, wanted: Instance) -> None:
        """Apply another password or other parameters; those that need a restart wait for a reboot, as on RDS.

        What else can change, like the storage, is no server's affair. Then the state is told again, since the API has
        said `modifying` of it meanwhile.
        """
        with self._lock, self._failing():
            # The name, the master user and the first database are for good.
            changed = replace(self.instance, password=wanted.password, parameters=wanted.parameters)
            if changed == self.instance:
                self._tell(self.status.state, self.status.note)
                return
            self._tell("modifying")
            self.instance = changed
            if self.server.is_running:
                self.server.configure(changed.parameters, forces_tls=changed.forces_tls)
                self.server.reload()
                with admin_connection(self.server.port, self.server.admin_password) as connection:
                    set_password(connection, changed.username, changed.password)
            else:  # its parameters may have been what kept it from starting
                self._start(self.server.port)
            self._remember()
            self._available()

    def reboot(self) -> None:
        """Stop and start, which applies every parameter."""
        with self._lock, self._failing():
            self._tell("rebooting")
            self.server.stop()
            self._start(self.server.port)
            self._available()

    def snapshot(self, target: Path) -> None:
        """Take a snapshot while the instance serves."""
        with self._lock:
            self._tell("backing-up")
            try:
                snapshots.take(self.server, self.instance, target)
            finally:
                self._available()

    def stop(self) -> None:
        """Stop the server; the data stays."""
        with self._lock:
            self._wanted, self._unmade = False, None
            if self._server is not None:
                self._server.stop()
                self._tell("stopped")

    def delete(self, final_snapshot: Path | None) -> None:
        """Delete the instance with its data, after a last snapshot where one is given."""
        with self._lock:
            self._tell("deleting")
            if final_snapshot is not None:
                snapshots.take(self.server, self.instance, final_snapshot)
            self._wanted, self._unmade = False, None
            if self._server is not None:
                self._server.stop()
            remove(self._folder)
            self._tell("deleted")

    def heal(self) -> bool:
        """Start the server again if it has ended by itself, or create it again if that has failed.

        An operation that is under way sees to it alone. Whether the instance is as it should be, now or again; False
        where that was not looked at.
        """
        if not self._lock.acquire(blocking=False):
            return False
        try:
            is_well = self.server.is_running if self._wanted else self._unmade is None
            if is_well or time.monotonic() < self._next_try:
                return is_well
            if self._unmade is not None and not self._wanted:
                self._unmade()
            elif self._wanted and not self.server.is_running:
                with self._failing():
                    self._tell("starting", "The server had ended and is started again.")
                    self._start(self.server.port)
                    self._remember()
                    self._available()
            return True
        finally:
            self._lock.release()


def _instance(facts: Mapping[str, Any]) -> Instance:
    """What `_remember` has written."""
    return Instance(
        facts["identifier"],
        facts["engine_version"],
        facts["username"],
        password="",  # the one in the data stays
        database=facts["database"],
        parameters=facts["parameters"],
    )

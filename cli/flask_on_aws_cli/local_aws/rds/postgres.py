"""A DB instance's PostgreSQL server."""

from pathlib import Path

from ...postgres_server.binaries import Binaries, find
from ...postgres_server.roles import admin_connection, create_missing_roles, set_password
from ...postgres_server.server import ENDPOINT, Server
from ...shared.certificate_authority import Authority
from . import snapshots
from .configuration import Instance


class PostgresServer:
    """An instance's server; see `servers.DatabaseServer`."""

    endpoint = ENDPOINT

    def __init__(self, folder: Path, cache: Path, authority: Authority) -> None:
        self._folder, self._cache, self._authority = folder, cache, authority
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        """The server; raises RuntimeError if it was not created."""
        if self._server is None:
            raise RuntimeError(f"The database in {self._folder} has no server.")
        return self._server

    def _open(self, binaries: Binaries) -> None:
        self._server = Server(self._folder, binaries, self._authority)

    def create(self, instance: Instance) -> None:
        self._open(find(_major(instance), self._cache))
        self.server.create()

    def restore(self, snapshot: Path) -> None:
        self._open(find(snapshots.facts(snapshot)["major"], self._cache, exactly=True))
        snapshots.unpack(snapshot, self._folder)

    def resume(self, data_version: int | str) -> None:
        self._open(find(int(data_version), self._cache, exactly=True))

    @property
    def data_version(self) -> int | str:
        return self.server.binaries.major

    @property
    def port(self) -> int:
        return 0 if self._server is None else self._server.port

    @property
    def is_running(self) -> bool:
        return self.server.is_running

    def start(self, instance: Instance, port: int) -> None:
        self.server.configure(instance.parameters, forces_tls=_forces_tls(instance))
        self.server.start(port)
        with admin_connection(self.server.port, self.server.admin_password) as connection:
            create_missing_roles(connection, instance.username, instance.database)
            if instance.password:
                set_password(connection, instance.username, instance.password)

    def apply(self, instance: Instance) -> None:
        self.server.configure(instance.parameters, forces_tls=_forces_tls(instance))
        self.server.reload()
        with admin_connection(self.server.port, self.server.admin_password) as connection:
            set_password(connection, instance.username, instance.password)

    def note(self, instance: Instance) -> str | None:
        actual, desired = self.server.binaries.major, _major(instance)
        note = f"The database runs on PostgreSQL {actual}, not {desired}, because that is installed on this machine."
        return note if actual != desired else None

    def take_snapshot(self, instance: Instance, target: Path) -> None:
        snapshots.take(self.server, instance, target)

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    def delete(self) -> None:
        """All its files are in its folder."""


def _major(instance: Instance) -> int:
    return int(instance.engine_version.partition(".")[0])


def _forces_tls(instance: Instance) -> bool:
    """Whether connections without TLS are rejected, which is RDS's default since PostgreSQL 15."""
    default = "1" if _major(instance) >= 15 else "0"
    return instance.parameters.get("rds.force_ssl", default) in ("1", "on", "true")

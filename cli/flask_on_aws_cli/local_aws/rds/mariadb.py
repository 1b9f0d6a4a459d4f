"""A MariaDB server, which also serves MySQL and Aurora MySQL."""

from pathlib import Path

from ...mariadb_server.accounts import admin_connection, create_missing_accounts, set_password
from ...mariadb_server.binaries import find
from ...mariadb_server.server import ENDPOINT, Server
from ...server_process.process import ServerError
from ...shared.certificate_authority import Authority
from . import mariadb_snapshots
from .configuration import Instance

# Engines that MariaDB serves here, by RDS's names of them.
_REPLACED = {"mysql": "MySQL", "aurora-mysql": "Aurora MySQL"}


class MariadbServer:
    """An instance's server; see `servers.DatabaseServer`."""

    endpoint = ENDPOINT

    def __init__(self, folder: Path, cache: Path, authority: Authority) -> None:
        self._folder, self._authority = folder, authority
        self._server: Server | None = None
        self._snapshot: Path | None = None
        self._is_older = False

    @property
    def server(self) -> Server:
        """The server; raises RuntimeError if it was not created."""
        if self._server is None:
            raise RuntimeError(f"The database in {self._folder} has no server.")
        return self._server

    def create(self, instance: Instance) -> None:
        self._server = Server(self._folder, find(), self._authority)
        self.server.create()

    def restore(self, snapshot: Path) -> None:
        self._server = Server(self._folder, find(), self._authority)
        self.server.create()
        self._snapshot = snapshot

    def resume(self, data_version: int | str) -> None:
        """MariaDB opens the data of older versions, but not that of newer ones."""
        binaries = find()
        if _numbers(binaries.version) < _numbers(str(data_version)):
            raise ServerError(
                f"The data is of MariaDB {data_version}, and this machine has MariaDB {binaries.version}; install "
                f"{data_version} again. The data was not changed."
            )
        self._is_older = binaries.version != str(data_version)
        self._server = Server(self._folder, binaries, self._authority)

    @property
    def data_version(self) -> int | str:
        return self.server.binaries.version

    @property
    def port(self) -> int:
        return 0 if self._server is None else self._server.port

    @property
    def is_running(self) -> bool:
        return self.server.is_running

    def start(self, instance: Instance, port: int) -> None:
        self.server.configure(instance.parameters, forces_tls=_forces_tls(instance))
        self.server.start(port)
        if self._is_older:
            self.server.run_client("mariadb-upgrade")
            self._is_older = False
        if self._snapshot is not None:
            mariadb_snapshots.load(self.server, self._snapshot)
            self._snapshot = None
        with admin_connection(self.server.port, self.server.admin_password, self.server.ca) as connection:
            create_missing_accounts(connection, instance.username, instance.database)
            if instance.password:
                set_password(connection, instance.username, instance.password)

    def apply(self, instance: Instance) -> None:
        forces_tls = _forces_tls(instance)
        self.server.configure(instance.parameters, forces_tls=forces_tls)
        self.server.apply(instance.parameters, forces_tls=forces_tls)
        with admin_connection(self.server.port, self.server.admin_password, self.server.ca) as connection:
            set_password(connection, instance.username, instance.password)

    def note(self, instance: Instance) -> str | None:
        actual = self.server.binaries.version
        if product := _REPLACED.get(instance.engine):
            return f"MariaDB {actual} serves it here in place of {product} {instance.engine_version}."
        desired = ".".join(instance.engine_version.split(".")[:2])
        note = f"The database runs on MariaDB {actual}, not {desired}, because that is installed on this machine."
        return note if actual != desired else None

    def take_snapshot(self, instance: Instance, target: Path) -> None:
        mariadb_snapshots.take(self.server, instance, target)

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    def delete(self) -> None:
        """All its files are in its folder."""


def _forces_tls(instance: Instance) -> bool:
    """Whether connections without TLS are rejected; by default only since MariaDB 11.8."""
    is_default = instance.engine == "mariadb" and _numbers(instance.engine_version) >= [11, 8]
    return instance.parameters.get("require_secure_transport", "1" if is_default else "0").upper() in ("1", "ON")


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")[:2] if part.isdigit()]

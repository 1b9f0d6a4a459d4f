"""The servers that an engine of RDS has on this machine."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from flask_on_aws.database.sqlserver_editions import EDITIONS

from ...shared.certificate_authority import Authority
from .configuration import Instance
from .documentdb import DocumentServer
from .mariadb import MariadbServer
from .postgres import PostgresServer
from .sqlserver import SqlServer


class DatabaseServer(Protocol):
    """The server of one DB instance, with its files in a dedicated folder."""

    endpoint: str
    """Host name for which its certificate is issued."""

    def create(self, instance: Instance) -> None:
        """Create an empty server."""
        ...

    def restore(self, snapshot: Path) -> None:
        """Create a server with a snapshot's data."""
        ...

    def resume(self, data_version: int | str) -> None:
        """Open the files of a server that was created before, by its `data_version`."""
        ...

    @property
    def data_version(self) -> int | str:
        """The version of the program that last opened the data."""
        ...

    @property
    def port(self) -> int:
        """Its port; 0 before its first start."""
        ...

    @property
    def is_running(self) -> bool:
        """Whether its process is running."""
        ...

    def start(self, instance: Instance, port: int) -> None:
        """Start with the instance's parameters, on this port or another free one, and set up its accounts."""
        ...

    def apply(self, instance: Instance) -> None:
        """Apply new parameters and a new password while it runs."""
        ...

    def note(self, instance: Instance) -> str | None:
        """A sentence if its version or product differs from the records."""
        ...

    def take_snapshot(self, instance: Instance, target: Path) -> None:
        """Write a snapshot to a new folder."""
        ...

    def stop(self) -> None:
        """Stop it, if it runs."""
        ...

    def delete(self) -> None:
        """Delete what it has outside of its folder; it does not run."""
        ...


_SERVERS: Mapping[str, Callable[[Path, Path, Authority], DatabaseServer]] = {
    "postgres": PostgresServer,
    "aurora-postgresql": PostgresServer,
    "mysql": MariadbServer,
    "aurora-mysql": MariadbServer,
    "mariadb": MariadbServer,
    "docdb": DocumentServer,
    **{edition.engine: SqlServer for edition in EDITIONS.values()},
}


def new_server(engine: str, folder: Path, cache: Path, authority: Authority) -> DatabaseServer:
    """The server of an engine, by RDS's name of it.

    Raises:
        ValueError: if there is none for it.
    """
    if engine not in _SERVERS:
        raise ValueError(f"The local AWS runs {', '.join(_SERVERS)}, and not {engine}.")
    return _SERVERS[engine](folder, cache, authority)

"""DocumentDB, served by mongod or FerretDB; without either, an address at which nothing listens."""

import json
import shutil
from pathlib import Path

from ...local_project.ports import free_port
from ...mongodb_server.programs import NoMongodbError, find
from ...mongodb_server.server import ADMIN, ENDPOINT, Server
from ...server_process.process import ServerError
from ...server_process.system_account import remove
from ...shared.certificate_authority import Authority
from .configuration import Instance

_COPIED = ("data", ADMIN, "keyfile")


class DocumentServer:
    """A cluster's server; see `servers.DatabaseServer`."""

    endpoint = ENDPOINT

    def __init__(self, folder: Path, cache: Path, authority: Authority) -> None:
        self._folder, self._cache, self._authority = folder, cache, authority
        self._server: Server | None = None
        self._port, self._missing = 0, ""
        self._product = ""  # of the data that exists
        self._snapshot: Path | None = None
        self._is_new = False

    def create(self, instance: Instance) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._is_new = True

    def restore(self, snapshot: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._snapshot, self._is_new = snapshot, True
        self._product = json.loads((snapshot / "snapshot.json").read_text())["product"]

    def resume(self, data_version: int | str) -> None:
        """Open the data; there is none if no program could serve it so far."""
        self._product, self._is_new = str(data_version), not data_version

    @property
    def data_version(self) -> int | str:
        """The product that the data is of; empty as long as there is none."""
        return "" if self._server is None else self._server.program.product

    @property
    def port(self) -> int:
        return self._port

    @property
    def is_running(self) -> bool:
        """Whether its process is running. Without a program nothing runs, so nothing has ended either."""
        return bool(self._missing) if self._server is None else self._server.is_running

    def start(self, instance: Instance, port: int) -> None:
        """Start it, or report an address at which nothing listens: the rest of the stack runs without it."""
        try:
            program = find(self._cache, self._product)
        except NoMongodbError as error:
            if not self._is_new or self._snapshot:  # an app that finds its data gone could create it again
                raise ServerError(f"{error} The data was not changed.") from error
            self._missing, self._port = str(error), port or free_port()
            return
        self._missing = ""
        server = Server(self._folder, program, self._authority)
        if self._is_new:
            server.create()
            if self._snapshot is not None:
                _copy(self._snapshot, self._folder)
        server.start(port)
        self._server, self._port, self._is_new = server, server.port, False
        self._product = program.product
        if instance.password:
            server.set_user(instance.username, instance.password)

    def apply(self, instance: Instance) -> None:
        """Its parameters are about TLS, which is always required here, and logs of AWS's own."""
        if self._server is not None:
            self._server.set_user(instance.username, instance.password)

    def note(self, instance: Instance) -> str | None:
        if self._server is None:
            return self._missing or None
        return f"{self._server.program.name} serves it here in place of DocumentDB {instance.engine_version}."

    def take_snapshot(self, instance: Instance, target: Path) -> None:
        """Copy the data of the stopped server: connections are interrupted, as by a reboot."""
        if self._server is None:
            raise ServerError(self._missing or f"The database {instance.identifier} has no server.")
        staging = target.with_name(target.name + ".part")
        remove(staging)
        staging.mkdir(parents=True)
        self._server.stop()
        try:
            _copy(self._folder, staging)
        finally:
            self._server.start(self._port)
        facts = {"engine": instance.engine, "engine_version": instance.engine_version, "username": instance.username}
        (staging / "snapshot.json").write_text(json.dumps({**facts, "product": self._product}))
        staging.rename(target)

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    def delete(self) -> None:
        """All its files are in its folder."""


def _copy(source: Path, target: Path) -> None:
    for name in _COPIED:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        else:
            shutil.copy(source / name, target / name)

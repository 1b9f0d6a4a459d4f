"""A SQL Server in a container; without Microsoft's image, an address at which nothing listens."""

import hashlib
import json
import shutil
import time
from pathlib import Path

from flask_on_aws.database.engines import ENGINES

from ...local_project.ports import free_port
from ...server_process.process import ServerError
from ...server_process.system_account import remove
from ...shared.atomic_files import write_atomically
from ...shared.certificate_authority import Authority
from ...sqlserver_server.image import NoSqlServerError, check_image
from ...sqlserver_server.server import ENDPOINT, Server, new_admin_password
from .configuration import Instance

_DATA, _PASSWORD = "data.tar", "rdsadmin"
# Each check starts a `docker` process, and the instances are checked twice a second.
_CHECK_SECONDS = 5.0


class SqlServer:
    """An instance's server; see `servers.DatabaseServer`."""

    endpoint = ENDPOINT

    def __init__(self, folder: Path, cache: Path, authority: Authority) -> None:
        self._folder, self._authority = folder, authority
        # Unique on the engine, which several projects share.
        self._name = f"flask-on-aws-{folder.name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
        self._server: Server | None = None
        self._port = 0
        self._missing = ""
        self._snapshot: Path | None = None
        self._is_new = False
        self._ran, self._next_check_at = False, 0.0

    def create(self, instance: Instance) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._is_new = True

    def restore(self, snapshot: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._snapshot, self._is_new = snapshot, True

    def resume(self, data_version: int | str) -> None:
        """Open the data; there is none if the image was missing so far."""
        self._is_new = not data_version

    @property
    def data_version(self) -> int | str:
        """Empty as long as there is no data."""
        return "" if self._missing else "sqlserver"

    @property
    def port(self) -> int:
        return self._port

    @property
    def is_running(self) -> bool:
        """Whether its container ran a few seconds ago. Without an image nothing runs, so nothing has ended either."""
        if self._missing or self._server is None:
            return bool(self._missing)
        if time.monotonic() >= self._next_check_at:
            self._ran = self._server.is_running
            self._next_check_at = time.monotonic() + _CHECK_SECONDS
        return self._ran

    def start(self, instance: Instance, port: int) -> None:
        """Start it, or report an address at which nothing listens: the rest of the stack runs without it."""
        try:
            image = check_image(ENGINES["sqlserver"].major(instance.engine_version))
        except NoSqlServerError as error:
            if not self._is_new:  # an app that finds its data gone could create it again
                raise ServerError(f"{error} The data was not changed.") from error
            self._missing, self._port = str(error), port or free_port()
            return
        self._missing = ""
        file = self._folder / _PASSWORD
        if self._is_new:
            password = (self._snapshot / _PASSWORD).read_text() if self._snapshot else new_admin_password()
            write_atomically(file, password.encode(), prepare=lambda path: path.chmod(0o600))
        self._server = Server(self._name, image, self._authority, file.read_text())
        if self._is_new:
            self._server.create(self._snapshot and self._snapshot / _DATA)
            self._is_new = False
        self._next_check_at = 0.0
        self._server.start(port, instance.username, instance.password)
        self._port = self._server.port

    def apply(self, instance: Instance) -> None:
        """Its parameter is about TLS, which is always required here; a new password is set by a start."""
        self.stop()
        self.start(instance, self._port)

    def note(self, instance: Instance) -> str | None:
        return self._missing or None

    def take_snapshot(self, instance: Instance, target: Path) -> None:
        """Copy the data of the stopped server: connections are interrupted, as by a reboot."""
        if self._server is None:
            raise ServerError(self._missing or f"The database {instance.identifier} has no server.")
        staging = target.with_name(target.name + ".part")
        remove(staging)
        staging.mkdir(parents=True)
        self._server.stop()
        try:
            self._server.save(staging / _DATA)
        finally:
            self._server.start(self._port, instance.username, instance.password)
        facts = {"engine": instance.engine, "engine_version": instance.engine_version, "username": instance.username}
        shutil.copy(self._folder / _PASSWORD, staging / _PASSWORD)
        (staging / "snapshot.json").write_text(json.dumps(facts))
        staging.rename(target)

    def stop(self) -> None:
        self._next_check_at = 0.0
        if self._server is not None:
            self._server.stop()

    def delete(self) -> None:
        """Delete the data, which is not in its folder; also that of a server that could not be started."""
        if (self._folder / _PASSWORD).exists():
            Server(self._name, "", self._authority, "").delete()

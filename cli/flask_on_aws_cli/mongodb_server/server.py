"""A server of MongoDB's protocol: its files, its process and its users."""

import os
import secrets
import signal
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from ..local_project.location import HOST
from ..local_project.ports import port_for
from ..server_process.process import ServerError, ServerProcess
from ..shared.atomic_files import write_atomically
from ..shared.certificate_authority import Authority
from .programs import FERRETDB, Program

if TYPE_CHECKING:
    from pymongo import MongoClient

ENDPOINT = HOST
"""The host in the server's certificate, and that of the only member of its replica set."""
ADMIN = "rdsadmin"  # the superuser on RDS, which is reserved for AWS
REPLICA_SET = "rs0"  # DocumentDB's name of it
_SECONDS, _MILLISECONDS = 30, 1000
_STOP_SECONDS = 10.0
_USER_EXISTS = 51003


class Server:
    """A server in a dedicated folder, in whose subfolder `data` it keeps its data. It listens only with TLS."""

    def __init__(self, folder: Path, program: Program, authority: Authority) -> None:
        self.folder, self.program, self._authority = folder, program, authority
        self.data = folder / "data"
        self._process = ServerProcess(program.product, folder / "server.log", (signal.SIGTERM, signal.SIGKILL))
        self.port = 0

    def create(self) -> None:
        """Create an empty data folder; its superuser has a random password."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)  # FerretDB's files can be read by all
        write_atomically(self.folder / ADMIN, secrets.token_urlsafe(32))
        write_atomically(self.folder / "keyfile", secrets.token_hex(32))

    @property
    def admin_password(self) -> str:
        """The superuser's password."""
        return (self.folder / ADMIN).read_text()

    @property
    def ca(self) -> Path:
        """The CA certificate that signs the server's certificate."""
        return self._authority.certificate_path

    @property
    def is_running(self) -> bool:
        """Whether the process that `start` started is running."""
        return self._process.is_running

    def start(self, port: int) -> None:
        """Start on a port, or on another free one if it is 0 or in use, and wait until it accepts the superuser.

        Raises:
            ServerError: if it does not start.
        """
        self._end_orphan()
        self.port = port_for(port)
        certificate, key = self._authority.issue(["localhost", HOST])
        write_atomically(self.folder / "server.crt", certificate)
        write_atomically(self.folder / "server.key", key)
        write_atomically(self.folder / "server.pem", certificate + key)
        self._process.start(self._command(), self._answers, self._options())
        if self.program.product != FERRETDB:
            self._initiate()

    def _command(self) -> list[str]:
        address = f"{HOST}:{self.port}"
        if self.program.product == FERRETDB:
            return [
                *(self.program.path, "--handler=sqlite", f"--sqlite-url=file:{self.data}/"),
                *(f"--state-dir={self.folder}", "--listen-addr=", f"--listen-tls={address}"),
                *(
                    f"--listen-tls-cert-file={self.folder}/server.crt",
                    f"--listen-tls-key-file={self.folder}/server.key",
                ),
                *("--debug-addr=-", "--telemetry=disable", "--log-level=error", f"--repl-set-name={REPLICA_SET}"),
                *("--test-enable-new-auth", "--setup-database=admin", f"--setup-username={ADMIN}"),
            ]
        return [
            *(self.program.path, f"--dbpath={self.data}", f"--bind_ip={HOST}", f"--port={self.port}"),
            *("--nounixsocket", "--auth", f"--replSet={REPLICA_SET}", f"--keyFile={self.folder}/keyfile"),
            *("--tlsMode=requireTLS", f"--tlsCertificateKeyFile={self.folder}/server.pem", f"--tlsCAFile={self.ca}"),
            *("--tlsAllowConnectionsWithoutCertificates", "--wiredTigerCacheSizeGB=0.25", "--quiet"),
        ]

    def _options(self) -> Any:
        # Not an argument, since other users of the machine can see those.
        return {"env": {**os.environ, "FERRETDB_SETUP_PASSWORD": self.admin_password}}

    def _answers(self) -> bool:
        from pymongo.errors import PyMongoError

        try:
            with self._client(1) as client:
                client.admin.command("hello")
        except PyMongoError:
            return False
        return True

    def _initiate(self) -> None:
        """Make mongod a replica set of one member, at its present address, with the superuser.

        Until there is a user, mongod accepts what is needed for that from this machine without a login.
        """
        from pymongo.errors import OperationFailure, PyMongoError

        member = {"_id": 0, "host": f"{HOST}:{self.port}"}
        configuration = {"_id": REPLICA_SET, "version": 1, "members": [member]}
        try:
            with self._client() as client, suppress(OperationFailure):
                client.admin.command("replSetInitiate", configuration)
            with self.admin_client() as client:
                current = client.admin.command("replSetGetConfig")["config"]
                if current["members"][0]["host"] != member["host"]:
                    changed = {**current, "version": current["version"] + 1, "members": [member]}
                    client.admin.command("replSetReconfig", changed, force=True)
            return
        except OperationFailure:  # there is no superuser yet
            pass
        except PyMongoError as error:
            raise ServerError(f"{self.program.name} does not become a replica set: {error}") from error
        with self._client() as client:
            self._wait_for_primary(client)
            client.admin.command("createUser", ADMIN, pwd=self.admin_password, roles=["root"])

    def _wait_for_primary(self, client: "MongoClient[dict[str, Any]]") -> None:
        import time

        deadline = time.monotonic() + _SECONDS
        while not client.admin.command("hello").get("isWritablePrimary"):
            if time.monotonic() > deadline:
                raise ServerError(f"{self.program.name} has no primary after {_SECONDS} seconds.")
            time.sleep(0.1)

    def set_user(self, username: str, password: str) -> None:
        """Create a user with all rights, as DocumentDB's master user has them, or change its password."""
        from pymongo.errors import OperationFailure

        # FerretDB has no roles: each user has all rights.
        roles = [] if self.program.product == FERRETDB else ["root"]
        with self.admin_client() as client:
            if self.program.product != FERRETDB:
                self._wait_for_primary(client)
            try:
                client.admin.command("createUser", username, pwd=password, roles=roles)
            except OperationFailure as error:
                if error.code != _USER_EXISTS:
                    raise
                client.admin.command("updateUser", username, pwd=password)

    def admin_client(self) -> AbstractContextManager["MongoClient[dict[str, Any]]"]:
        """A client that is the superuser."""
        return self._client(username=ADMIN, password=self.admin_password, authSource="admin")

    @contextmanager
    def _client(self, seconds: float = _SECONDS, **login: str) -> "Generator[MongoClient[dict[str, Any]]]":
        # It takes a tenth of a second, which most daemons need not spend.
        from pymongo import MongoClient

        timeout = int(seconds * _MILLISECONDS)
        options: dict[str, Any] = {"serverSelectionTimeoutMS": timeout, "connectTimeoutMS": timeout, **login}
        client: MongoClient[dict[str, Any]] = MongoClient(
            HOST, self.port, tls=True, tlsCAFile=str(self.ca), directConnection=True, retryWrites=False, **options
        )
        try:
            yield client
        finally:
            client.close()

    def paused(self) -> AbstractContextManager[None]:
        """Let the server answer nothing until the block ends."""
        return self._process.paused()

    def stop(self) -> None:
        """Close all connections and stop."""
        self._process.stop()

    def _end_orphan(self) -> None:
        """End a server with this data folder that a killed daemon left running."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if any(str(self.data) in argument for argument in process.cmdline()):
                    process.terminate()
                    with suppress(psutil.TimeoutExpired):
                        process.wait(_STOP_SECONDS)
                    process.kill()

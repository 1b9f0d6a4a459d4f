"""A SQL Server in a container, with its data in a volume, and a port on the loopback interface."""

import secrets
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from ..local_project.location import HOST
from ..local_project.ports import port_for
from ..server_process.process import ServerError
from ..shared.certificate_authority import Authority
from ..shared.docker_engine import DockerError, archive, attempt, docker, remove
from .image import CLIENT, CONFIGURATION, ENVIRONMENT, FOLDER, MASTER, PASSWORD_VARIABLE, PORT, USER

# Not an address: mssql-python and FreeTDS compare only names with the certificate's.
ENDPOINT = "localhost"
_START_SECONDS, _STOP_SECONDS = 120.0, 20


def new_admin_password() -> str:
    """A password of the superuser that the image accepts."""
    return f"{secrets.token_urlsafe(24)}Aa1-"


class Server:
    """A server; its container and its volume have the same name."""

    def __init__(
        self, name: str, image: str, authority: Authority, admin_password: str, labels: Iterable[str] = ()
    ) -> None:
        """A server that need not exist; `admin_password` is the superuser's, with which its data was created."""
        self._name, self._image, self._authority, self._password = name, image, authority, admin_password
        self._labels = [word for label in labels for word in ("--label", label)]
        self.port = 0

    @property
    def is_running(self) -> bool:
        """Whether its container runs."""
        found = attempt("container", "inspect", "--format", "{{.State.Running}}", self._name)
        return found.stdout.strip() == b"true"

    def create(self, data: Path | None = None) -> None:
        """Create an empty volume, or one with the data of `save`."""
        self.delete()
        docker("volume", "create", *self._labels, self._name)
        if data is not None:
            self._create_container(0)
            docker("cp", "--archive", "-", f"{self._name}:{FOLDER.rpartition('/')[0]}", stdin=data.read_bytes())

    def _create_container(self, port: int) -> None:
        self.stop()  # a killed daemon may have left it running
        remove(("rm", "--force", self._name))
        published = ("--publish", f"{HOST}:{port}:{PORT}") if port else ()
        variables = (*ENVIRONMENT, f"{PASSWORD_VARIABLE}={self._password}")
        docker(
            *("create", "--name", self._name, *self._labels, *published),
            *(word for variable in variables for word in ("--env", variable)),
            *("--mount", f"type=volume,source={self._name},destination={FOLDER}", self._image),
        )
        certificate, key = self._authority.issue([ENDPOINT, HOST])
        files = {"server.crt": certificate, "server.key": key, "mssql.conf": CONFIGURATION.encode()}
        docker("cp", "--archive", "-", f"{self._name}:{FOLDER}", stdin=archive(files, 0o600, USER))

    def start(self, port: int, username: str, password: str) -> None:
        """Start on a port, or on another free one if it is 0 or in use, with the master user of this name.

        Without `password`, the master user keeps its own.

        Raises:
            ServerError: if it does not start.
        """
        self.port = port_for(port)
        try:
            self._create_container(self.port)
            docker("start", self._name)
            self._wait()
            if password:
                self.execute(MASTER.format(user=username, password=password.replace("'", "''")))
        except DockerError as error:
            raise ServerError(str(error)) from error

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if not attempt("exec", self._name, *CLIENT, "SELECT 1").returncode:
                return
            if not self.is_running:
                break
            time.sleep(1)
        logs = attempt("logs", "--tail", "20", self._name)
        raise ServerError(f"SQL Server did not start: {(logs.stdout + logs.stderr).decode(errors='replace')[-1000:]}")

    def execute(self, statements: str) -> None:
        """Execute a batch as superuser.

        Raises:
            DockerError: if it fails.
        """
        docker("exec", self._name, *CLIENT, statements)

    def save(self, file: Path) -> None:
        """Write its data to a file; it must not run."""
        result = attempt("cp", f"{self._name}:{FOLDER}", "-", seconds=600)
        if result.returncode:
            raise ServerError(
                f"the data of SQL Server cannot be copied: {result.stderr.decode(errors='replace')[-500:]}"
            )
        file.write_bytes(result.stdout)

    @contextmanager
    def paused(self) -> Generator[None]:
        """Let the server answer nothing until the block ends."""
        docker("pause", self._name)
        try:
            yield
        finally:
            docker("unpause", self._name)

    def stop(self) -> None:
        """Stop it, if possible with a clean shutdown; its container and its data stay."""
        attempt("stop", "--time", str(_STOP_SECONDS), self._name)

    def delete(self) -> None:
        """Delete it with its data."""
        remove(("rm", "--force", self._name), ("volume", "rm", "--force", self._name))

"""A database container in an isolated network, and a volume with the CA certificate that signs its own."""

import secrets
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from flask_on_aws.database.engines import ALL_ENGINES
from flask_on_aws.runtime_contract.contract import CA_PATH, PASSWORD_SPECIAL, PRODUCTS, DatabaseFacts
from flask_on_aws.runtime_contract.sqlserver_trust import FREETDS_NAME, ROOTS_NAME, freetds_configuration

from ...shared.certificate_authority import Authority
from ...shared.docker_engine import DockerError, archive, attempt, docker, label, remove
from ...sqlserver_server.image import NoSqlServerError, check_image
from ..processes.database import NAME, OWNER, database_facts
from ..settings import AppSettings
from .server_images import SERVER_IMAGES, ServerImage

_HOST = "database"
_FOLDER, _CA_FOLDER = "/preflight", "/preflight-ca"
_AS_PROCESSES = "to check it, run the preflight with --runner process"
_START_SECONDS, _PULL_SECONDS = 60.0, 300.0


@contextmanager
def private_network() -> Generator[str]:
    """A network whose containers can reach only each other, until the block ends."""
    name = f"preflight-{secrets.token_hex(6)}"
    docker("network", "create", "--internal", "--label", label(), name)
    try:
        yield name
    finally:
        remove(("network", "rm", name))


class ContainerDatabase(NamedTuple):
    """A running database."""

    facts: DatabaseFacts
    password: str
    ca_volume: str
    """The volume with the certificate of its authority."""
    paused: Callable[[], AbstractContextManager[None]]
    """Lets the server answer nothing until the block ends."""


@contextmanager
def container_database(settings: AppSettings, network: str) -> Generator[ContainerDatabase]:
    """A database until the block ends.

    Raises:
        DockerError: if its image is missing and cannot be pulled, or it does not start.
    """
    profile = ALL_ENGINES[settings.database_engine]
    server = SERVER_IMAGES.get(PRODUCTS[settings.database_engine])
    if server is None:
        raise DockerError(f"{profile.title} does not run in a preflight in containers; {_AS_PROCESSES}.")
    image = _image(server, profile.major(settings.database_version))
    name = volume = f"preflight-{secrets.token_hex(6)}"
    password = secrets.token_urlsafe(16) + PASSWORD_SPECIAL
    try:
        docker("volume", "create", "--label", label(), volume)
        _create(server, name, image, network, volume)
        _copy(server, name)
        docker("start", name)
        _wait(server, name, profile.title)
        for statement in server.statements:
            docker("exec", name, *server.client, statement.format(owner=OWNER, name=NAME, password=password))
        yield ContainerDatabase(database_facts(settings, _HOST, profile.port), password, volume, lambda: _paused(name))
    finally:
        remove(("rm", "--force", "--volumes", name), ("volume", "rm", "--force", volume))


def _image(server: ServerImage, version: str) -> str:
    """The image of a version, which is pulled if that needs no consent to a license."""
    if server.needs_consent:
        try:
            return check_image(version)
        except NoSqlServerError as error:
            raise DockerError(str(error)) from error
    image = f"{server.image}:{version}"
    if attempt("image", "inspect", image).returncode:
        docker("pull", "--quiet", image, seconds=_PULL_SECONDS)
    return image


@contextmanager
def _paused(name: str) -> Generator[None]:
    docker("pause", name)
    try:
        yield
    finally:
        docker("unpause", name)


def _create(server: ServerImage, name: str, image: str, network: str, volume: str) -> None:
    docker(
        *("create", "--name", name, "--label", label(), "--network", network, "--network-alias", _HOST),
        *("--env", f"{server.password_variable}={secrets.token_urlsafe(16)}{server.password_suffix}"),
        *(word for variable in server.environment for word in ("--env", variable)),
        *("--mount", f"type=volume,destination={_FOLDER}"),
        *("--mount", f"type=volume,source={volume},destination={_CA_FOLDER}"),
        *(image, *(word.format(folder=_FOLDER) for word in server.command)),
    )


def trusted_files(signer: bytes) -> dict[str, bytes]:
    """The files next to the CA certificate, by name: the certificate, and what SQL Server's drivers verify by."""
    configuration = freetds_configuration(CA_PATH).encode()
    return {CA_PATH.rpartition("/")[2]: signer, FREETDS_NAME: configuration, ROOTS_NAME: signer}


def _copy(server: ServerImage, name: str) -> None:
    """Copy the files with `docker cp`, which also works if the engine is on another machine."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        certificate, key = authority.issue([_HOST])
        signer = authority.certificate_path.read_bytes()
    server_files = {"server.crt": certificate, "server.key": key, **server.files}
    docker("cp", "--archive", "-", f"{name}:{_FOLDER}", stdin=archive(server_files, 0o600, server.user))
    docker("cp", "-", f"{name}:{_CA_FOLDER}", stdin=archive(trusted_files(signer), 0o644))


def _wait(server: ServerImage, name: str, title: str) -> None:
    """Wait until it accepts connections over the network, which the server that initializes the data does not."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if not attempt("exec", name, *server.ready).returncode:
            return
        time.sleep(0.2)
    logs = attempt("logs", name)
    raise DockerError(f"{title} did not start: {(logs.stdout + logs.stderr).decode(errors='replace')[-500:]}")

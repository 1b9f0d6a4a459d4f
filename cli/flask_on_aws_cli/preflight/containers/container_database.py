"""A database container in an isolated network, and a volume with the CA certificate that signs its own."""

import io
import secrets
import tarfile
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from flask_on_aws.database.engines import ALL_ENGINES
from flask_on_aws.runtime_contract.contract import CA_PATH, PASSWORD_SPECIAL, PRODUCTS, DatabaseFacts

from ...shared.certificate_authority import Authority
from ...shared.docker_engine import DockerError, attempt, docker, label, remove
from ..processes.database import NAME, OWNER, database_facts
from ..settings import AppSettings
from .server_images import SERVER_IMAGES, ServerImage

_HOST = "database"
_SERVER_USER = 999  # the user ID in Docker Hub's Debian-based images of PostgreSQL, MySQL and MariaDB
_FOLDER, _CA_FOLDER = "/preflight", "/preflight-ca"
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
    server = SERVER_IMAGES[PRODUCTS[settings.database_engine]]
    image = f"{server.image}:{profile.major(settings.database_version)}"
    if attempt("image", "inspect", image).returncode:
        docker("pull", "--quiet", image, seconds=_PULL_SECONDS)
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
        *("--env", f"{server.password_variable}={secrets.token_urlsafe(16)}"),
        *("--mount", f"type=volume,destination={_FOLDER}"),
        *("--mount", f"type=volume,source={volume},destination={_CA_FOLDER}"),
        *(image, *(word.format(folder=_FOLDER) for word in server.command)),
    )


def _copy(server: ServerImage, name: str) -> None:
    """Copy the files with `docker cp`, which also works if the engine is on another machine."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        certificate, key = authority.issue([_HOST])
        signer = authority.certificate_path.read_bytes()
    server_files = {"server.crt": certificate, "server.key": key, **server.files}
    docker("cp", "--archive", "-", f"{name}:{_FOLDER}", stdin=archive(server_files, 0o600))
    docker("cp", "-", f"{name}:{_CA_FOLDER}", stdin=archive({CA_PATH.rpartition("/")[2]: signer}, 0o644))


def archive(files: Mapping[str, bytes], mode: int) -> bytes:
    """A tar archive of files that belong to the database's user."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.uid, member.gid = len(content), mode, _SERVER_USER, _SERVER_USER
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _wait(server: ServerImage, name: str, title: str) -> None:
    """Wait until it accepts connections over the network, which the server that initializes the data does not."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if not attempt("exec", name, *server.ready).returncode:
            return
        time.sleep(0.2)
    logs = attempt("logs", name)
    raise DockerError(f"{title} did not start: {(logs.stdout + logs.stderr).decode(errors='replace')[-500:]}")

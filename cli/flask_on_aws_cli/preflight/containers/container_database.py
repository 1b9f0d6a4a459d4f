"""A PostgreSQL container in an isolated network, and a volume with the CA certificate that signs its own."""

import io
import secrets
import tarfile
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flask_on_aws.runtime_contract.contract import CA_PATH, PASSWORD_SPECIAL, DatabaseFacts

from ...shared.certificate_authority import Authority
from ...shared.docker_engine import DockerError, attempt, docker, label, remove
from ..processes.database import NAME, OWNER, database_facts
from ..settings import AppSettings

_HOST = "database"
_POSTGRES_USER = 999  # the user ID in Docker Hub's Debian-based `postgres` images
_FOLDER, _CA_FOLDER = "/preflight", "/preflight-ca"
_START_SECONDS, _PULL_SECONDS = 60.0, 300.0
_ACCESS = "local all all trust\nhostssl all all all scram-sha-256\n"


@contextmanager
def private_network() -> Generator[str]:
    """A network whose containers can reach only each other, until the block ends."""
    name = f"preflight-{secrets.token_hex(6)}"
    docker("network", "create", "--internal", "--label", label(), name)
    try:
        yield name
    finally:
        remove(("network", "rm", name))


@contextmanager
def container_database(settings: AppSettings, network: str) -> Generator[tuple[DatabaseFacts, str, str]]:
    """A database until the block ends: its address, its password, and the volume with the certificates.

    Raises:
        DockerError: if its image is missing and cannot be pulled, or it does not start.
    """
    image = f"postgres:{settings.database_major}"
    if attempt("image", "inspect", image).returncode:
        docker("pull", "--quiet", image, seconds=_PULL_SECONDS)
    name = volume = f"preflight-{secrets.token_hex(6)}"
    password = secrets.token_urlsafe(16) + PASSWORD_SPECIAL
    try:
        docker("volume", "create", "--label", label(), volume)
        _create(name, image, network, volume)
        _copy(name)
        docker("start", name)
        _wait(name)
        for statement in (
            f"CREATE ROLE {OWNER} LOGIN CREATEROLE CREATEDB PASSWORD '{password}'",
            f"CREATE DATABASE {NAME} OWNER {OWNER}",
        ):
            docker("exec", name, "psql", "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c", statement)
        yield database_facts(settings, _HOST, 5432), password, volume
    finally:
        remove(("rm", "--force", "--volumes", name), ("volume", "rm", "--force", volume))


def _create(name: str, image: str, network: str, volume: str) -> None:
    parameters = {
        "ssl": "on",
        "ssl_cert_file": f"{_FOLDER}/server.crt",
        "ssl_key_file": f"{_FOLDER}/server.key",
        "hba_file": f"{_FOLDER}/pg_hba.conf",
        "fsync": "off",  # its data is needed only for a minute
    }
    docker(
        *("create", "--name", name, "--label", label(), "--network", network, "--network-alias", _HOST),
        *("--env", f"POSTGRES_PASSWORD={secrets.token_urlsafe(16)}"),
        *("--mount", f"type=volume,destination={_FOLDER}"),
        *("--mount", f"type=volume,source={volume},destination={_CA_FOLDER}"),
        *(image, "postgres", *(word for key, value in parameters.items() for word in ("-c", f"{key}={value}"))),
    )


def _copy(name: str) -> None:
    """Copy the files with `docker cp`, which also works if the engine is on another machine."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        certificate, key = authority.issue([_HOST])
        signer = authority.certificate_path.read_bytes()
    server_files = {"server.crt": certificate, "server.key": key, "pg_hba.conf": _ACCESS.encode()}
    docker("cp", "--archive", "-", f"{name}:{_FOLDER}", stdin=archive(server_files, 0o600))
    docker("cp", "-", f"{name}:{_CA_FOLDER}", stdin=archive({CA_PATH.rpartition("/")[2]: signer}, 0o644))


def archive(files: Mapping[str, bytes], mode: int) -> bytes:
    """A tar archive of files that belong to the database's user."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.uid, member.gid = len(content), mode, _POSTGRES_USER, _POSTGRES_USER
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _wait(name: str) -> None:
    """Wait until it accepts connections over the network, which the server that initializes the data does not."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if not attempt("exec", name, "pg_isready", "-h", _HOST).returncode:
            return
        time.sleep(0.2)
    logs = attempt("logs", name)
    raise DockerError(f"PostgreSQL did not start: {(logs.stdout + logs.stderr).decode(errors='replace')[-500:]}")

"""Finds a project's local AWS, or creates it; its ports are chosen once, so that its addresses stay the same."""

import json
from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from filelock import FileLock
from flask_on_aws.aws_session import ProviderSettings

from ..shared.atomic_files import write_atomically
from .access_keys import AccessKey, AccessKeyError
from .chosen_app import home
from .location import RUNTIMES, Location, RuntimeName
from .ports import is_free

FOLDER = ".local-aws"
# Files that the projects of a user share: downloaded programs, and the list of projects with their ports.
CACHE = Path.home() / ".cache" / "flask-on-aws"
STATUS_HOST = "status.localhost"
"""Host of the status page; browsers resolve every name below localhost to this machine: https://www.rfc-editor.org/rfc/rfc6761#section-6.3"""
# Path of the daemon's status.
STATUS = "/.local/status"
EXEC = "/.local/beside/"
"""Prefix of the daemon's route that describes a process in a task, whose id follows; the query has the command."""
DEVELOPMENT = "/.local/development"
"""Path of the daemon's route for `dev`: POST with the code's folder as `folder`; without it, the deployed code runs."""
_FILE = "place.json"
# The AWS services that the commands call.
_SERVICES = ("cloudwatch", "ecr", "ecs", "elbv2", "logs", "scheduler", "secretsmanager", "ssm")
# LocalStack's port, which tools for emulated AWS use by default; a second project gets the next free one.
_ENDPOINT_PORTS = range(4566, 4666)
# 8443 instead of 443, which only root can bind; as many as for endpoints. The next port is for the HTTP listener.
_HTTPS_PORTS = range(8443, 8643, 2)


class LocalAwsError(Exception):
    """A local AWS that cannot be used; the message is a sentence with the fix."""


@dataclass(frozen=True)
class LocalAws:
    """The location of a local AWS, the port of its load balancer and the runtime of its tasks."""

    location: Location
    https_port: int
    """Port of its load balancer."""
    runtime: RuntimeName = "process"
    """How its tasks run."""

    @property
    def url(self) -> str:
        """URL of the app."""
        return f"https://localhost:{self.https_port}"

    @property
    def status_url(self) -> str:
        """URL of the status page."""
        return f"https://{STATUS_HOST}:{self.https_port}"


def find_local_aws(project: Path) -> LocalAws | None:
    """The local AWS of a project's current app; None if it has none yet.

    Raises:
        LocalAwsError: if its file or its access key cannot be read.
    """
    local_aws = _read(home(project))
    if local_aws is not None:
        try:
            _ = local_aws.location.access_key
        except AccessKeyError as error:
            raise LocalAwsError(str(error)) from error
    return local_aws


def _read(project: Path) -> LocalAws | None:
    """The local AWS that the project's file describes."""
    file = project / FOLDER / _FILE
    if not file.is_file():
        return None
    try:
        settings = json.loads(file.read_text())
        location = Location(file.parent.resolve(), int(settings["port"]), str(settings["region"]))
        runtime: RuntimeName = settings.get("runtime", RUNTIMES[0])
        return LocalAws(location, int(settings["https_port"]), runtime)
    except (ValueError, KeyError, TypeError) as error:
        raise LocalAwsError(f"{file} cannot be read ({error}); delete it to have new ports chosen.") from error


def open_local_aws(project: Path, region: str, runtime: RuntimeName | None = None) -> LocalAws:
    """The local AWS of a project's current app, created with free ports if it has none yet.

    Args:
        project: folder of the project.
        region: region of a new local AWS.
        runtime: how its tasks run from now on. Default: as before; as processes in a new local AWS.

    Raises:
        LocalAwsError: if its file cannot be read, or no port is free.
    """
    existing = find_local_aws(project)
    if existing and runtime in (None, existing.runtime):
        return existing
    if existing:
        file = existing.location.folder / _FILE
        file.write_text(json.dumps({**json.loads(file.read_text()), "runtime": runtime}))
        return open_local_aws(project, region)
    folder = home(project) / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)  # it contains secrets
    folder.chmod(0o700)
    (folder / ".gitignore").write_text("*\n")
    with _registered_projects() as others:
        reserved = {port for other in others for port in _ports(Path(other))}
        ports = {"port": _free_port(_ENDPOINT_PORTS, reserved), "https_port": _free_port(_HTTPS_PORTS, reserved)}
        settings = {**ports, "region": region, "runtime": runtime or RUNTIMES[0]}
        (folder / _FILE).write_text(json.dumps(settings))
        others[:] = [other for other in others if _ports(Path(other))] + [str(folder.parent)]
    return open_local_aws(project, region)


def local_provider_settings(local_aws: LocalAws) -> ProviderSettings:
    """The provider settings with which clients reach a local AWS, independent of the environment's AWS variables."""
    location = local_aws.location
    return _provider_settings(location.endpoint, location.region, location.access_key)


@cache
def _provider_settings(endpoint: str, region: str, key: AccessKey) -> ProviderSettings:
    """Settings with one session for all clients, since each session reads botocore's list of endpoints."""
    endpoints = dict.fromkeys(_SERVICES, endpoint)
    return ProviderSettings({"region": region, "accessKey": key.id, "secretKey": key.secret, "endpoints": [endpoints]})


@contextmanager
def _registered_projects() -> Generator[list[str]]:
    """The folders of this user's projects that have a local AWS: a list that the block may change, under a lock.

    A project that is stopped keeps its ports, so that its addresses do not become those of another project.
    """
    file = CACHE / "places.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        projects: list[str] = json.loads(file.read_text()) if file.is_file() else []
        yield projects
        write_atomically(file, json.dumps(projects))


def _ports(project: Path) -> Sequence[int]:
    """The ports of a project's local AWS; empty if it has none."""
    try:
        local_aws = _read(project)
    except LocalAwsError:
        return ()
    return (local_aws.location.port, local_aws.https_port) if local_aws else ()


def _free_port(ports: range, reserved: Collection[int]) -> int:
    for port in ports:
        if port not in reserved and is_free(port):
            return port
    raise LocalAwsError(f"No port from {ports[0]} to {ports[-1]} is free; end a program that listens on one of them.")

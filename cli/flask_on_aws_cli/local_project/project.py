"""Where a project's local AWS is, and its ports: chosen once, then kept, so that its address stays the same."""

import json
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from flask_on_aws.aws_session import ProviderSettings

from ..shared.atomic_files import write_atomically
from .access_keys import AccessKeyError
from .place import RUNTIMES, Place, RuntimeName
from .ports import is_free

FOLDER = ".local-aws"
# What several projects of one user share: programs that were fetched, and who has which ports.
CACHE = Path.home() / ".cache" / "flask-on-aws"
STATUS_HOST = "status.localhost"
"""Every name below localhost is this machine's in browsers: https://www.rfc-editor.org/rfc/rfc6761#section-6.3"""
# Where a daemon answers how its parts are.
STATUS = "/.local/status"
_FILE = "place.json"
# The services that the commands ask.
_SERVICES = ("cloudwatch", "ecr", "ecs", "elbv2", "logs", "secretsmanager", "ssm")
# LocalStack's port, which clients of emulated AWS know; a second project gets the next one that is free.
_ENDPOINT_PORTS = range(4566, 4666)
# 8443 as 443 is to those who are not root; room for as many projects.
_HTTPS_PORTS = range(8443, 8543)


class PlaceError(Exception):
    """A place that cannot be used, as a sentence."""


@dataclass(frozen=True)
class LocalPlace:
    """A place and the address of its load balancer."""

    place: Place
    https_port: int
    runtime: RuntimeName = "process"
    """How its tasks run."""

    @property
    def url(self) -> str:
        """The app's address."""
        return f"https://localhost:{self.https_port}"

    @property
    def status_url(self) -> str:
        """The address of the page that shows what runs."""
        return f"https://{STATUS_HOST}:{self.https_port}"


def find_place(project: Path) -> LocalPlace | None:
    """The place of a project; None if it has none yet.

    Raises:
        PlaceError: if its file or its access key cannot be read.
    """
    found = _read_place(project)
    if found is not None:
        try:
            _ = found.place.access_key
        except AccessKeyError as error:
            raise PlaceError(str(error)) from error
    return found


def _read_place(project: Path) -> LocalPlace | None:
    """What the file says."""
    file = project / FOLDER / _FILE
    if not file.is_file():
        return None
    try:
        facts = json.loads(file.read_text())
        place = Place(file.parent.resolve(), int(facts["port"]), str(facts["region"]))
        runtime: RuntimeName = facts.get("runtime", RUNTIMES[0])
        return LocalPlace(place, int(facts["https_port"]), runtime)
    except (ValueError, KeyError, TypeError) as error:
        raise PlaceError(f"{file} cannot be read ({error}); delete it to have the ports chosen anew.") from error


def open_place(project: Path, region: str, runtime: RuntimeName | None = None) -> LocalPlace:
    """The place of a project, made with free ports if it has none yet.

    Args:
        project: its folder.
        region: the one region of a new place.
        runtime: how its tasks run from now on. Default: as before, at first as processes.

    Raises:
        PlaceError: if its file cannot be read, or no port is free.
    """
    found = find_place(project)
    if found and runtime in (None, found.runtime):
        return found
    if found:
        file = found.place.folder / _FILE
        file.write_text(json.dumps({**json.loads(file.read_text()), "runtime": runtime}))
        return open_place(project, region)
    folder = project / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)  # secrets are in it
    folder.chmod(0o700)
    (folder / ".gitignore").write_text("*\n")
    with _all_places() as others:
        taken = {port for other in others if (found := _ports(Path(other))) for port in found}
        ports = {"port": _free(_ENDPOINT_PORTS, taken), "https_port": _free(_HTTPS_PORTS, taken)}
        facts = {**ports, "region": region, "runtime": runtime or RUNTIMES[0]}
        (folder / _FILE).write_text(json.dumps(facts))
        others[:] = [other for other in others if _ports(Path(other))] + [str(project)]
    return open_place(project, region)


def place_settings(place: LocalPlace) -> ProviderSettings:
    """How clients reach a local AWS, whatever the environment says of the real one."""
    endpoints = dict.fromkeys(_SERVICES, place.place.endpoint)
    key = place.place.access_key
    given = {"region": place.place.region, "accessKey": key.id, "secretKey": key.secret, "endpoints": [endpoints]}
    return ProviderSettings(given)


@contextmanager
def _all_places() -> Generator[list[str]]:
    """The folders of this user's projects that have a place, to be changed while nobody else chooses ports.

    A project that is stopped keeps its ports, so that its address does not become another one's.
    """
    file = CACHE / "places.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        projects: list[str] = json.loads(file.read_text()) if file.is_file() else []
        yield projects
        write_atomically(file, json.dumps(projects))


def _ports(project: Path) -> tuple[int, int] | None:
    try:
        found = _read_place(project)
    except PlaceError:
        return None
    return (found.place.port, found.https_port) if found else None


def _free(ports: range, taken: Collection[int]) -> int:
    for port in ports:
        if port not in taken and is_free(port):
            return port
    raise PlaceError(f"No port from {ports[0]} to {ports[-1]} is free; end a program that listens on one of them.")

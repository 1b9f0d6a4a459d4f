"""This machine's Docker engine, through docker-py.

`shared/docker_engine.py` is not used, because it starts a `docker` process for each call: the local AWS continuously
follows the output and the state of every container, and would need such processes for each of them.
"""

import os
import subprocess
from collections.abc import Callable
from functools import cache
from typing import Any

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from . import NoEngineError

# Errors of the engine, and of the connection to it.
EngineFailure = (DockerException, RequestException)
# Size of the connection pool: each running container uses a connection for its output, and a laptop runs a few tasks.
_POOL = 50
LABEL = "flask-on-aws.local"
"""Label of everything that a local AWS creates in the engine; its value is the folder of the local AWS."""


@cache
def engine_url() -> str:
    """URL of the engine that the `docker` command uses; docker-py supports DOCKER_HOST, but not contexts."""
    if url := os.environ.get("DOCKER_HOST"):
        return url
    command = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    try:
        completed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return "unix:///var/run/docker.sock"
    return completed.stdout.strip() or "unix:///var/run/docker.sock"


def connect() -> Any:
    """A client of the engine.

    Raises:
        NoEngineError: if there is none, or if it may be on another machine.
    """
    url = engine_url()
    if not url.startswith(("unix://", "npipe://")):
        raise NoEngineError(
            f"The Docker engine is at {url}, which may be another machine, but containers of the local AWS need the "
            "files and the loopback interface of this one. Unset DOCKER_HOST, or use `--runtime process`."
        )
    try:
        client: Any = docker.DockerClient(base_url=url, max_pool_size=_POOL)
        client.ping()
    except EngineFailure as error:
        raise NoEngineError(
            f"No Docker engine answers at {url} ({error}). Start it, or use `--runtime process`, which needs none."
        ) from error
    return client


def remove_all(client: Any, label: str) -> None:
    """Remove all containers and volumes with a label, including running containers."""
    filters = {"label": label}
    for container in client.containers.list(all=True, filters=filters, ignore_removed=True):
        quietly(lambda container=container: container.remove(force=True, v=True))
    for volume in client.volumes.list(filters=filters):
        quietly(lambda volume=volume: volume.remove(force=True))


def quietly(action: Callable[[], object]) -> None:
    """Perform an action on an object of the engine that may no longer exist."""
    try:
        action()
    except EngineFailure:
        return

"""This machine's Docker engine, through docker-py.

It is not `shared/docker_engine.py`, which starts a process of the `docker` command for each call: the local AWS follows
the output and the end of every container all the time, and would keep such processes for each.
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

# What goes wrong at the engine, or on the way there.
EngineFailure = (DockerException, RequestException)
# Connections that are kept: each running container has one for its output, and a laptop runs some tasks at a time.
_POOL = 50
LABEL = "flask-on-aws.local"
"""What all that a local AWS makes at the engine is marked with: the folder of its files."""


@cache
def engine_url() -> str:
    """Where the engine of the `docker` command answers: its library knows DOCKER_HOST and nothing of contexts."""
    if url := os.environ.get("DOCKER_HOST"):
        return url
    command = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return "unix:///var/run/docker.sock"
    return told.stdout.strip() or "unix:///var/run/docker.sock"


def connect() -> Any:
    """A client of the engine.

    Raises:
        NoEngineError: if none answers, or it is another machine's.
    """
    url = engine_url()
    if not url.startswith(("unix://", "npipe://")):
        raise NoEngineError(
            f"The Docker engine is at {url}, which may be another machine; containers of the local AWS need the files "
            "and the loopback of this one. Unset DOCKER_HOST, or use the runtime process."
        )
    try:
        client: Any = docker.DockerClient(base_url=url, max_pool_size=_POOL)
        client.ping()
    except EngineFailure as error:
        raise NoEngineError(
            f"No Docker engine answers at {url} ({error}). Start it, or use the runtime process, which needs none."
        ) from error
    return client


def remove_all(client: Any, label: str) -> None:
    """End and remove the containers and volumes of a label, as far as they are there."""
    chosen = {"label": label}
    for container in client.containers.list(all=True, filters=chosen, ignore_removed=True):
        quietly(lambda one=container: one.remove(force=True, v=True))
    for volume in client.volumes.list(filters=chosen):
        quietly(lambda one=volume: one.remove(force=True))


def quietly(action: Callable[[], object]) -> None:
    """Do something to an object of the engine that may be gone."""
    try:
        action()
    except EngineFailure:
        return

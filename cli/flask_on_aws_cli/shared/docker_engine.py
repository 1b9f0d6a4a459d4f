"""The `docker` command: the engine's answer, and what a preflight makes there and takes away again.

It is not the local AWS's docker-py client, which has no BuildKit, so no build secrets and no `RUN --mount`, and does
not use the command's contexts: a preflight builds the image as `docker build` does, at the command's engine.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

# As the Docker API spells the processors of the setting `architecture`.
ENGINE_NAMES = {"x86_64": "amd64", "arm64": "arm64"}
_LABEL = "flask-on-aws.preflight"
# A command of the engine's own, without an app in it, takes less; an engine that hangs must not hang the preflight.
_SECONDS = 60.0


class DockerError(Exception):
    """A command of the engine that failed, with its last lines."""


def label() -> str:
    """What all that this process makes at the engine is marked with."""
    return f"{_LABEL}={os.getpid()}"


def docker(*arguments: str, given: str | bytes = "", seconds: float = _SECONDS) -> str:
    """Run a command; its output.

    Raises:
        DockerError: if it fails.
    """
    done = attempt(*arguments, given=given, seconds=seconds)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise DockerError(f"`docker {arguments[0]}` failed: {said[-500:]}")
    return done.stdout.decode(errors="replace").strip()


def attempt(*arguments: str, given: str | bytes = "", seconds: float = _SECONDS) -> subprocess.CompletedProcess[bytes]:
    """Run a command that may fail.

    Raises:
        DockerError: if it takes too long.
    """
    data = given.encode() if isinstance(given, str) else given
    try:
        return subprocess.run(  # noqa: S603 docker, with our own words
            ["docker", *arguments],  # noqa: S607 the user's own docker
            input=data,
            capture_output=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise DockerError(f"`docker {arguments[0]}` did not end within {seconds:.0f} s") from error


def no_engine(architecture: str) -> str:
    """Why no engine of a processor answers; empty if one does."""
    if shutil.which("docker") is None:
        return "there is no docker command here"
    try:
        told = attempt("version", "--format", "{{.Server.Arch}}", seconds=20)
    except DockerError as error:
        return str(error)
    if told.returncode:
        return "no Docker engine answers"
    found = told.stdout.decode().strip()
    if found != ENGINE_NAMES[architecture]:
        return f"the Docker engine is of {found}, and the tasks of {architecture}"
    return ""


def inspect(kind: str, name: str) -> Mapping[str, Any]:
    """What the engine knows of an object."""
    return json.loads(docker(kind, "inspect", name))[0]


def remove(*commands: Sequence[str]) -> None:
    """Take things away, as far as they are there."""
    for command in commands:
        try:
            attempt(*command)
        except DockerError:  # the others are still to go
            continue

"""Runs the `docker` command for a preflight: its builds, and the objects that it creates and removes.

It does not use docker-py as the local AWS does: docker-py has no BuildKit, so neither build secrets nor `RUN --mount`,
and ignores the contexts of the `docker` command. A preflight builds the image as `docker build` does.
"""

import io
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

# Values of the setting `architecture` → the Docker API's names for them.
ENGINE_NAMES = {"x86_64": "amd64", "arm64": "arm64"}
_LABEL = "flask-on-aws.preflight"
# Commands that do not run the app take less; the preflight must not hang when the engine does.
_SECONDS = 60.0


class DockerError(Exception):
    """A `docker` command that failed, with the end of its error output."""


def label() -> str:
    """The label, `key=value`, of every object that this process creates on the engine."""
    return f"{_LABEL}={os.getpid()}"


def docker(*arguments: str, stdin: str | bytes = "", seconds: float = _SECONDS) -> str:
    """Run a command and return its output.

    Raises:
        DockerError: if it fails.
    """
    result = attempt(*arguments, stdin=stdin, seconds=seconds)
    if result.returncode:
        errors = result.stderr.decode(errors="replace").strip()
        raise DockerError(f"`docker {arguments[0]}` failed: {errors[-500:]}")
    return result.stdout.decode(errors="replace").strip()


def attempt(*arguments: str, stdin: str | bytes = "", seconds: float = _SECONDS) -> subprocess.CompletedProcess[bytes]:
    """Run a command that may fail.

    Raises:
        DockerError: if it takes too long.
    """
    try:
        return subprocess.run(  # noqa: S603 no shell
            ["docker", *arguments],  # noqa: S607 the user's docker command
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise DockerError(f"`docker {arguments[0]}` did not end within {seconds:.0f} s") from error


def engine_problem(architecture: str) -> str:
    """Why the engine cannot run containers of an architecture; empty if it can."""
    if shutil.which("docker") is None:
        return "there is no docker command on this machine"
    try:
        version = attempt("version", "--format", "{{.Server.Arch}}", seconds=20)
    except DockerError as error:
        return str(error)
    if version.returncode:
        return "no Docker engine answers"
    engine_architecture = version.stdout.decode().strip()
    if engine_architecture != ENGINE_NAMES[architecture]:
        return f"the Docker engine runs on {engine_architecture}, but the tasks run on {architecture}"
    return ""


def inspect(kind: str, name: str) -> Mapping[str, Any]:
    """The details of an object, as `docker inspect` shows them."""
    return json.loads(docker(kind, "inspect", name))[0]


def archive(files: Mapping[str, bytes], mode: int, user: int = 999) -> bytes:
    """A tar archive of files, for `docker cp`, which also works if the engine is on another machine.

    Args:
        files: the content of each file by its name.
        mode: their permissions.
        user: their owner. Default: the server's user in Docker Hub's images of PostgreSQL, MySQL and MariaDB.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.uid, member.gid = len(content), mode, user, user
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def remove(*commands: Sequence[str]) -> None:
    """Run commands that remove objects, some of which may not exist."""
    for command in commands:
        try:
            attempt(*command)
        except DockerError:  # the others still have to be removed
            continue

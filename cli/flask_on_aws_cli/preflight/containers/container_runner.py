"""Runs an image as Fargate does: as its user, with a read-only root and scratch volumes, in its database's network."""

import secrets
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_on_aws.runtime_contract.contract import CA_PATH
from flask_on_aws.runtime_contract.shell import container_command

from ...shared.docker_engine import DockerError, attempt, docker, inspect, label, remove
from ..running import Outcome
from ..settings import AppSettings
from .container_app import NO_PYTHON, PYTHONS, ContainerApp
from .container_cache import TRUSTED_FILE

# The user for images that would run as root: the one in images built from a build plan.
_NOBODY = "10001:10001"


@dataclass(frozen=True)
class ContainerRunner:
    """A built image and its network."""

    image: str
    settings: AppSettings
    network: str
    ca_volume: str
    """The volume with the certificates that replace RDS's; empty without a database."""
    port: int
    init: bool = True
    """Whether the engine can run an init process in the container, as ECS does."""
    entry_point: Sequence[str] = ()
    """What runs commands in place of the image's ENTRYPOINT; empty where that is kept."""
    image_process: str = ""
    """What the image starts, as a command line, where its ENTRYPOINT is replaced."""
    trusted_volume: str = ""
    """The volume with the root certificates of the cache; empty without a cache."""

    def start(self, environment: Mapping[str, str]) -> ContainerApp:
        """Start the app.

        Raises:
            DockerError: if the engine does not respond.
        """
        name = f"preflight-{secrets.token_hex(6)}"
        line = self.settings.plan.start_command or (self.image_process if self.entry_point else "")
        done = attempt("run", "--detach", *self._options(name, environment), *self._words(line))
        return ContainerApp(name, self.port, self.settings, _output(done) if done.returncode else (), self.init)

    def run(self, command: str, environment: Mapping[str, str], seconds: float) -> Outcome:
        """Run another command of the app."""
        return self._run(self._words(command), environment, seconds)

    def run_script(self, script: str, environment: Mapping[str, str], seconds: float) -> Outcome:
        """Run a Python script with the image's Python."""
        outcome = Outcome(1, ())
        for python in PYTHONS:
            outcome = self._run(["--entrypoint", python, self.image, "-c", script], environment, seconds)
            if outcome.code not in NO_PYTHON:
                break
        return outcome

    def _words(self, line: str) -> list[str]:
        """The last words of `docker run`: image and command, with the entry point of the stack's task definition."""
        command = container_command(line, self.entry_point) if line else []
        if not self.entry_point:
            return [self.image, *command]
        first, *others = self.entry_point
        return ["--entrypoint", first, self.image, *others, *command]

    def _run(self, words: Sequence[str], environment: Mapping[str, str], seconds: float) -> Outcome:
        name = f"preflight-{secrets.token_hex(6)}"
        try:
            done = attempt("run", *self._options(name, environment), *words, seconds=seconds)
            return Outcome(done.returncode, _output(done))
        except DockerError as error:
            return Outcome(137, (str(error),))
        finally:
            remove(("rm", "--force", "--volumes", name))

    def user(self) -> str:
        """The image's user; empty for root."""
        name = str(self._config().get("User") or "")
        return "" if name.partition(":")[0] in ("", "0", "root") else name

    def _config(self) -> Mapping[str, Any]:
        return inspect("image", self.image)["Config"]

    def _options(self, name: str, environment: Mapping[str, str]) -> list[str]:
        settings, volumes = self.settings, list[str](self._config().get("Volumes") or ())
        options = [
            *("--name", name, "--label", label(), "--network", self.network),
            *(["--init"] if self.init else []),
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("--memory", f"{settings.memory}m", "--memory-swap", f"{settings.memory}m"),
            *("--cpus", f"{settings.cpu / 1024}"),
            *(["--read-only"] if settings.read_only_root else []),
            *([] if self.user() else ["--user", _NOBODY]),
        ]
        for path in settings.writable_paths:
            # Volumes on Fargate are owned by root, unless the image declares the folder as a VOLUME of its user.
            declared = path.rstrip("/") in {volume.rstrip("/") for volume in volumes}
            options += ["--mount", f"type=volume,destination={path}{'' if declared else ',volume-nocopy'}"]
        if self.ca_volume:
            folder = CA_PATH.rpartition("/")[0]
            options += ["--mount", f"type=volume,source={self.ca_volume},destination={folder},readonly"]
        if self.trusted_volume:
            folder = TRUSTED_FILE.rpartition("/")[0]
            options += ["--mount", f"type=volume,source={self.trusted_volume},destination={folder},readonly"]
        return options + [f"--env={key}={value}" for key, value in environment.items()]


def _output(done: subprocess.CompletedProcess[bytes]) -> tuple[str, ...]:
    return tuple((done.stdout + done.stderr).decode(errors="replace").splitlines())


def engine_has_init(image: str) -> bool:
    """Whether the engine has its init process, which Debian ships in a separate package."""
    result = attempt("run", "--rm", "--init", "--network", "none", "--entrypoint", "/no-such-program", image)
    return b"docker-init" not in result.stderr


def image_has(image: str, path: str) -> bool:
    """Whether an image contains a file."""
    name = docker("create", "--label", label(), image, "true")
    try:
        return not attempt("cp", f"{name}:{path}", "-").returncode
    finally:
        remove(("rm", "--force", "--volumes", name))

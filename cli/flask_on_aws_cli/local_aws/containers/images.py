"""Images at this machine's Docker engine: built from what the program says, named after the place."""

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docker.errors import ImageNotFound

from ...build.run import BuildError
from ...task_model.environment_images import ImageBuild
from .docker_client import engine_url, quietly

# Releases that are kept for tasks that still run and for a way back; ECS keeps two at a time.
_KEPT = 5
_LAST_LINES = 30  # of a failed build: enough to hold its cause


class ContainerImages:
    """The images of one place."""

    def __init__(self, client: Any, folder: Path) -> None:
        """Keep images under a name of the place's.

        Args:
            client: the engine.
            folder: the place's.
        """
        self._client = client
        self._name = f"flask-on-aws-local/{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"

    def build(self, wanted: ImageBuild) -> str | None:
        """Build as the image resource says, but for pushing it."""
        if self.has(wanted.digest):
            self._use(wanted.digest)
            return None
        arguments, variables, text = build_command(wanted.recipe, wanted.root)
        command = ["docker", "--host", engine_url(), "build", "--load", "--tag", self._reference(wanted.digest)]
        try:
            done = subprocess.run(  # noqa: S603 no shell
                [*command, *arguments],
                input=text,
                env={**os.environ, **variables},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except FileNotFoundError as missing:
            raise BuildError("there is no docker command here, which builds images; install it.") from missing
        if done.returncode:
            last = "\n".join(done.stdout.splitlines()[-_LAST_LINES:])
            raise BuildError(f"docker build ended with {done.returncode}; its last lines are:\n{last}")
        self._forget_old()
        return ""

    def has(self, digest: str) -> bool:
        """Whether the engine has the image of a digest."""
        try:
            self._client.images.get(self._reference(digest))
        except ImageNotFound:
            return False
        return True

    def clear(self) -> None:
        """Remove all images of the place."""
        for tag in self._tags():
            quietly(lambda name=tag: self._client.images.remove(name))

    def here(self, uri: str) -> str:
        """What the engine knows an image of a task definition as."""
        digest = uri.partition("@")[2]
        if not digest or not self.has(digest):
            return uri
        self._use(digest)
        return self._reference(digest)

    def _reference(self, digest: str) -> str:
        return f"{self._name}:{_tag(digest)}"

    def _use(self, digest: str) -> None:
        """A release that was gone back to is in use, however old its image: the engine keeps the time of a tag."""
        image = self._client.images.get(self._reference(digest))
        image.tag(self._name, _tag(digest))

    def _forget_old(self) -> None:
        """Those of running tasks stay: the engine does not remove them."""
        used = {tag: self._client.images.get(tag).attrs["Metadata"]["LastTagTime"] for tag in self._tags()}
        for tag in sorted(used, key=lambda tag: used[tag], reverse=True)[_KEPT:]:
            quietly(lambda name=tag: self._client.images.remove(name))

    def _tags(self) -> list[str]:
        found = [tag for image in self._client.images.list(self._name) for tag in image.tags]
        return [tag for tag in found if tag.startswith(f"{self._name}:")]


def _tag(digest: str) -> str:
    return digest.rpartition(":")[2][:16]  # 64 bits: a place never has two with the same


def build_command(recipe: Mapping[str, Any], root: Path) -> tuple[list[str], dict[str, str], str]:
    """The arguments of `docker build`, variables with the build's secrets, and the Dockerfile if it is in the recipe.

    Args:
        recipe: inputs of docker-build's Image, or of docker's.
        root: folder where relative paths begin.
    """
    given: Mapping[str, Any] = recipe.get("build") or recipe
    context: Any = given["context"]
    folder = context if isinstance(context, str) else context["location"]
    named: Mapping[str, Any] = {} if isinstance(context, str) else context.get("named") or {}
    dockerfile: Any = given.get("dockerfile") or f"{folder}/Dockerfile"
    inline = None if isinstance(dockerfile, str) else dockerfile.get("inline")
    location = dockerfile if isinstance(dockerfile, str) else dockerfile.get("location", f"{folder}/Dockerfile")
    secrets: Mapping[str, str] = given.get("secrets") or {}
    platforms = given.get("platforms") or ([given["platform"]] if given.get("platform") else [])
    arguments = ["--file", "-" if inline is not None else str(root / location)]
    for platform in platforms:
        arguments += ["--platform", str(platform)]
    build_args: Mapping[str, str] = given.get("buildArgs") or given.get("args") or {}
    for name, value in build_args.items():
        arguments += ["--build-arg", f"{name}={value}"]
    for name, one in named.items():
        arguments += ["--build-context", f"{name}={root / one['location']}"]
    for name in secrets:
        arguments += ["--secret", f"id={name},env={name}"]
    return [*arguments, str(root / folder)], dict(secrets), inline or ""

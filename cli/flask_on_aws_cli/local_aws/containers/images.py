"""Images in this machine's Docker engine, built from the program's image resources."""

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

# Images that are kept for running tasks and for rollbacks; ECS uses two at a time.
_KEPT_IMAGES = 5
_LAST_LINES = 30  # of a failed build's output: enough to contain the cause


class ContainerImages:
    """The images of one local AWS."""

    def __init__(self, client: Any, folder: Path) -> None:
        """Keep images under a repository name that is derived from the folder.

        Args:
            client: a client of the engine.
            folder: the folder of the local AWS.
        """
        self._client = client
        self._repository = f"flask-on-aws-local/{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"

    def build(self, wanted: ImageBuild) -> str | None:
        """Build an image as its resource specifies, but do not push it."""
        if self.has(wanted.digest):
            self._mark_used(wanted.digest)
            return None
        arguments, variables, text = build_command(wanted.recipe, wanted.root)
        command = ["docker", "--host", engine_url(), "build", "--load", "--tag", self._reference(wanted.digest)]
        try:
            completed = subprocess.run(  # noqa: S603 no shell
                [*command, *arguments],
                input=text,
                env={**os.environ, **variables},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except FileNotFoundError as error:
            raise BuildError("images are built with the docker command, which was not found; install it.") from error
        if completed.returncode:
            last_lines = "\n".join(completed.stdout.splitlines()[-_LAST_LINES:])
            raise BuildError(
                f"docker build failed with exit code {completed.returncode}; its last lines are:\n{last_lines}"
            )
        self._remove_old()
        return ""

    def has(self, digest: str) -> bool:
        """Whether the engine has the image with a digest."""
        try:
            self._client.images.get(self._reference(digest))
        except ImageNotFound:
            return False
        return True

    def clear(self) -> None:
        """Remove all images of the local AWS."""
        for tag in self._tags():
            quietly(lambda tag=tag: self._client.images.remove(tag))

    def local_reference(self, uri: str) -> str:
        """The engine's reference to an image of a task definition; the URI itself if the image was not built here."""
        digest = uri.partition("@")[2]
        if not digest or not self.has(digest):
            return uri
        self._mark_used(digest)
        return self._reference(digest)

    def _reference(self, digest: str) -> str:
        return f"{self._repository}:{_tag(digest)}"

    def _mark_used(self, digest: str) -> None:
        """Tag the image again, since images are removed by the time of their tag: a rollback uses an old image."""
        image = self._client.images.get(self._reference(digest))
        image.tag(self._repository, _tag(digest))

    def _remove_old(self) -> None:
        """Remove old images, except those of running tasks, which the engine refuses to remove."""
        tagged_at = {tag: self._client.images.get(tag).attrs["Metadata"]["LastTagTime"] for tag in self._tags()}
        for tag in sorted(tagged_at, key=lambda tag: tagged_at[tag], reverse=True)[_KEPT_IMAGES:]:
            quietly(lambda tag=tag: self._client.images.remove(tag))

    def _tags(self) -> list[str]:
        tags = [tag for image in self._client.images.list(self._repository) for tag in image.tags]
        return [tag for tag in tags if tag.startswith(f"{self._repository}:")]


def _tag(digest: str) -> str:
    return digest.rpartition(":")[2][:16]  # 64 bits: no two images of a local AWS have the same


def build_command(recipe: Mapping[str, Any], root: Path) -> tuple[list[str], dict[str, str], str]:
    """The arguments of `docker build`, its environment variables with secrets, and the text of an inline Dockerfile.

    Args:
        recipe: inputs of an Image resource of Pulumi's docker-build or docker provider.
        root: folder to which relative paths refer.
    """
    inputs: Mapping[str, Any] = recipe.get("build") or recipe
    context: Any = inputs["context"]
    folder = context if isinstance(context, str) else context["location"]
    named_contexts: Mapping[str, Any] = {} if isinstance(context, str) else context.get("named") or {}
    dockerfile: Any = inputs.get("dockerfile") or f"{folder}/Dockerfile"
    inline = None if isinstance(dockerfile, str) else dockerfile.get("inline")
    location = dockerfile if isinstance(dockerfile, str) else dockerfile.get("location", f"{folder}/Dockerfile")
    secrets: Mapping[str, str] = inputs.get("secrets") or {}
    platforms = inputs.get("platforms") or ([inputs["platform"]] if inputs.get("platform") else [])
    arguments = ["--file", "-" if inline is not None else str(root / location)]
    for platform in platforms:
        arguments += ["--platform", str(platform)]
    if target := inputs.get("target"):
        arguments += ["--target", str(target)]
    build_args: Mapping[str, str] = inputs.get("buildArgs") or inputs.get("args") or {}
    for name, value in build_args.items():
        arguments += ["--build-arg", f"{name}={value}"]
    for name, named_context in named_contexts.items():
        arguments += ["--build-context", f"{name}={root / named_context['location']}"]
    for name in secrets:
        arguments += ["--secret", f"id={name},env={name}"]
    return [*arguments, str(root / folder)], dict(secrets), inline or ""

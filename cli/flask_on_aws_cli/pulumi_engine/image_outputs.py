"""Outputs of images that the program builds, from their build contexts: nothing is built."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask_on_aws.image.build_context import ContextError, content_hash

from .model.errors import EngineError
from .model.graph import Resource
from .model.values import plain


def image_outputs(resource: Resource, root: Path) -> dict[str, Any]:
    """The digest and the references of an image that the program builds; empty for other types.

    Raises:
        EngineError: if the build context cannot be read.
    """
    planned = _IMAGE_OUTPUTS.get(resource.type)
    return planned(resource, root) if planned else {}


def _built_image(resource: Resource, root: Path) -> dict[str, Any]:
    """docker-build's Image: the digest is computed from the build context, and nothing is built."""
    inputs = plain(resource.inputs)
    location, dockerfile = inputs.get("context", {}).get("location", "."), inputs.get("dockerfile", {})
    path = dockerfile.get("location", f"{location}/Dockerfile")
    settings = {key: inputs.get(key) for key in ("buildArgs", "platforms", "target", "noCache", "tags")}
    digest = _digest(resource, root, location, path, settings | {"inline": dockerfile.get("inline")})
    tags: list[str] = inputs.get("tags") or []
    reference = {"ref": f"{tags[0]}@{digest}"} if tags else {}
    return {"id": digest, "digest": digest, "contextHash": digest.partition(":")[2], **reference}


def _docker_image(resource: Resource, root: Path) -> dict[str, Any]:
    """docker's Image, in the same way."""
    inputs = plain(resource.inputs)
    build: dict[str, Any] = inputs.get("build") or {}
    name = inputs["imageName"]
    location = build.get("context", ".")
    dockerfile = build.get("dockerfile", f"{location}/Dockerfile")
    settings = {key: build.get(key) for key in ("args", "platform", "target")}
    digest = _digest(resource, root, location, dockerfile, settings)
    repository = name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name
    return {"id": digest, "baseImageName": name, "imageName": name, "repoDigest": f"{repository}@{digest}"}


def _digest(resource: Resource, root: Path, location: str, dockerfile: str, settings: Mapping[str, Any]) -> str:
    context, path = root / location, root / dockerfile
    if settings.get("inline") is not None:
        # The settings include the Dockerfile's text, so any file of the context can take the place of its file.
        path = next((file for file in sorted(context.iterdir()) if file.is_file()), path)
    try:
        return f"sha256:{content_hash(str(context), _relative(path, context), settings)}"
    except ContextError as error:
        raise EngineError(f"{resource.label} could not be planned: {error}") from error


def _relative(path: Path, folder: Path) -> str:
    resolved, base = path.resolve(), folder.resolve()
    return str(resolved.relative_to(base)) if resolved.is_relative_to(base) else str(resolved)


_IMAGE_OUTPUTS: Mapping[str, Callable[[Resource, Path], dict[str, Any]]] = {
    "docker-build:index:Image": _built_image,
    "docker:index/image:Image": _docker_image,
}

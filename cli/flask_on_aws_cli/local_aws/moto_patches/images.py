"""ECR's DescribeImages for images that are environments on this machine and were never pushed to a registry."""

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.exceptions import ImageNotFoundException
from moto.ecr.models import ECRBackend
from moto.ecr.responses import ECRResponse

from ._patch import patch

ImageExists = Callable[[str], bool]
"""Digest → whether the image exists on this machine."""


def set_image_lookup(exists: ImageExists) -> None:
    """Set the function that looks images up; as a class attribute, it is not saved with the records."""
    ECRBackend.local_images = staticmethod(exists)  # type: ignore[attr-defined]


def _describe_images(original: Any, self: Any) -> Any:
    """Digests are looked up on this machine, whose images are environments that moto's registry does not have."""
    exists: ImageExists | None = getattr(ECRBackend, "local_images", None)
    requested: list[dict[str, str]] = self._get_param("imageIds") or []
    if exists is None or not requested or any("imageDigest" not in image for image in requested):
        return original(self)
    repository, registry = self._get_param("repositoryName"), self._get_param("registryId") or self.current_account
    for image in requested:
        if not exists(image["imageDigest"]):
            raise ImageNotFoundException(f"{{imageDigest:'{image['imageDigest']}'}}", repository, registry)
    details = [
        {"registryId": registry, "repositoryName": repository, "imageDigest": image["imageDigest"]}
        for image in requested
    ]
    return ActionResult({"imageDetails": details})


def patch_images() -> None:
    """Apply these patches."""
    patch(ECRResponse, "describe_images")(_describe_images)

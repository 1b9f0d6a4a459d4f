"""ECR's DescribeImages, of images that are environments on this machine and were never pushed to a registry."""

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.exceptions import ImageNotFoundException
from moto.ecr.models import ECRBackend
from moto.ecr.responses import ECRResponse

from ._patch import patch

Exists = Callable[[str], bool]
"""Whether an image is here, by its digest."""


def know_images(exists: Exists) -> None:
    """Say from now on which images are here; a class's attribute is in no snapshot of the records."""
    ECRBackend.local_images = staticmethod(exists)  # type: ignore[attr-defined]


def _describe_images(original: Any, self: Any) -> Any:
    """Digests are looked up on this machine, where images are environments that moto's registry does not have."""
    exists: Exists | None = getattr(ECRBackend, "local_images", None)
    asked: list[dict[str, str]] = self._get_param("imageIds") or []
    if exists is None or not asked or any("imageDigest" not in one for one in asked):
        return original(self)
    repository, registry = self._get_param("repositoryName"), self._get_param("registryId") or self.current_account
    for one in asked:
        if not exists(one["imageDigest"]):
            raise ImageNotFoundException(f"{{imageDigest:'{one['imageDigest']}'}}", repository, registry)
    told = [{"registryId": registry, "repositoryName": repository, "imageDigest": one["imageDigest"]} for one in asked]
    return ActionResult({"imageDetails": told})


def patch_images() -> None:
    """Apply these patches."""
    patch(ECRResponse, "describe_images")(_describe_images)

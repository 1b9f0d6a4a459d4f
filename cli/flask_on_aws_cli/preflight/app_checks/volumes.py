"""Advice on writable folders for the image of an app's own Dockerfile, where the stack cannot make them the user's."""

from collections.abc import Sequence
from dataclasses import replace

from flask_on_aws.build_plan.own_image.dockerfile_stage import Stage

from ..check import Cause, Check


def with_volume_advice(check: Check, stage: Stage | None, writable_paths: Sequence[str]) -> Check:
    """A failed write with what the Dockerfile must say; any other check as it is. Pure.

    A scratch volume belongs to root, unless the image declares its folder as a VOLUME, owned by its user:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html

    Args:
        check: the check.
        stage: the image of the app's own Dockerfile; None for a planned image.
        writable_paths: the setting writablePaths.
    """
    if stage is None or check.cause is not Cause.WRITES_TO_DISK:
        return check
    user = stage.user or "its user"
    named = [path for path in writable_paths if path.rstrip("/") not in {one.rstrip("/") for one in stage.volumes}]
    folder = next((path for path in named if path.rstrip("/") in check.message), "")
    where = folder or "the folder"
    setting = f"{folder} is in writablePaths, but the volume there is root's" if folder else ""
    steps = f"in the Dockerfile, before the last USER: RUN mkdir -p {where} && chown {user} {where}, and VOLUME {where}"
    add = "" if folder else "add it to the setting writablePaths; "
    fix = f"{setting}: {steps}" if setting else f"{add}{steps}"
    kept = "keep uploads in the bucket (MEDIA_BUCKET) and data in the database. For scratch files: "
    return replace(check, fix=f"{kept}{fix}; or set readOnlyRoot to false, and writablePaths without it")

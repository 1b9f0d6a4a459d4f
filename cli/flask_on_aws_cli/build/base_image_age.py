"""How old the base image of an image in this machine's Docker engine is."""

import json
import subprocess
from datetime import UTC, datetime

from flask_on_aws.build_plan.plan import BuildPlan
from flask_on_aws.image.base_image import MAX_AGE_DAYS, base_image, base_image_days
from flask_on_aws.image.dockerfile import render_dockerfile


def old_base_image(image: str, plan: BuildPlan) -> tuple[str, str]:
    """The name of the image's base image with its age, and the fix; both empty if it is new or its age is not known.

    That of an app's own Dockerfile is not known, since its history does not show where the base image ends.
    """
    if plan.dockerfile:
        return "", ""
    command = ["docker", "history", "--no-trunc", "--human=false", "--format", "{{json .}}", image]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 no shell
    history = [json.loads(line) for line in result.stdout.splitlines()]
    now = datetime.now(UTC)
    days = base_image_days(history, plan, now)
    if days is None or days <= MAX_AGE_DAYS:
        return "", ""
    name = base_image(render_dockerfile(plan))
    fix = f"docker pull {name}; for an image that is deployed: pulumi config set rebuild {now:%Y-%m-%d}"
    return f"{name} is {days} days old, and newer ones have fixes for Python and Debian", fix

"""The age of a planned image's base image. Pure functions.

A build resolves the tag of the base image, such as `python:3.13-slim-trixie`, and what is deployed stays the same until the
app, its plan or `rebuild` changes: an update of the stack alone changes no running image. So an old one is reported.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ..build_plan.plan import BuildPlan
from .dockerfile import CREATE_USER

# Python publishes a bugfix release every two months (https://peps.python.org/pep-0602/), and Docker's official images are
# built for each and more often for Debian's fixes: an image of two months and more lacks at least one.
MAX_AGE_DAYS = 60
_SECONDS_PER_DAY = 86_400


def base_image(dockerfile: str) -> str:
    """The base image of a planned image: that of the last stage of its Dockerfile."""
    return [line for line in dockerfile.splitlines() if line.startswith("FROM ")][-1].split()[1]


def base_image_days(history: Sequence[Mapping[str, str]], plan: BuildPlan, now: datetime) -> int | None:
    """The age of an image's base image in days; None if the history does not show it.

    Args:
        history: the image's history, the newest entry first: `CreatedBy` and `CreatedAt` of `docker history`.
        plan: the plan that the image was built from.
        now: the current time.
    """
    is_older, packages = False, " ".join(plan.run_packages)
    for entry in history:
        command = entry.get("CreatedBy", "")
        if is_older and not (packages and packages in command):
            return _days(entry.get("CreatedAt", ""), now)
        is_older |= CREATE_USER in command
    return None


def _days(created: str, now: datetime) -> int | None:
    try:
        return days_since(datetime.fromisoformat(created).timestamp(), now)
    except ValueError:
        return None  # an engine that writes no date, or one in another format


def days_since(timestamp: float, now: datetime) -> int:
    """Whole days since a time in seconds since 1970 in UTC."""
    return int((now.astimezone(UTC).timestamp() - timestamp) // _SECONDS_PER_DAY)

"""Determines which release runs and which one a rollback returns to: pure functions on the records."""

from collections.abc import Sequence

from flask_on_aws.releases.release_record import Release

from .errors import OperationError


def running_release(history: Sequence[Release], task_definition: str) -> Release | None:
    """The newest release with a task definition; None if there is none.

    Args:
        history: the releases of a service, newest first.
        task_definition: ARN of the running task definition.
    """
    return next((release for release in history if release.task_definition == task_definition), None)


def find_release(history: Sequence[Release], number: int) -> Release:
    """The release with a number.

    Raises:
        OperationError: if there is none.
    """
    match = next((release for release in history if release.number == number), None)
    if match is None:
        numbers = f"{history[-1].number} to {history[0].number}" if history else "none"
        raise OperationError(
            f"There is no release {number}; the recorded releases are {numbers}: flask-on-aws releases"
        )
    return match


def release_before(history: Sequence[Release], running: Release) -> Release:
    """The release before the running one; if that is a rollback, the release before the one that it returned to.

    Repeated rollbacks therefore go further back each time, and never return to a release that was rolled back.

    Raises:
        OperationError: if there is none.
    """
    first = original(history, running)
    for release in history:
        if release.number < first.number and release.task_definition != first.task_definition:
            return release
    raise OperationError(f"There is no release before {first.number} to roll back to; see: flask-on-aws releases")


def original(history: Sequence[Release], release: Release) -> Release:
    """The release itself or, if it is a rollback, the deployed release that it returned to."""
    by_number = {recorded.number: recorded for recorded in history}
    while release.rolled_back_to in by_number:
        release = by_number[release.rolled_back_to]
    return release


def matching_release(history: Sequence[Release], web: Release) -> Release | None:
    """The release of another service with the image of a release of the web service, the closest one in time."""
    same_image = [release for release in history if release.image == web.image]
    return min(same_image, key=lambda release: _seconds_apart(release, web), default=None)


def _seconds_apart(first: Release, second: Release) -> float:
    return abs((first.time - second.time).total_seconds()) if first.time and second.time else 0

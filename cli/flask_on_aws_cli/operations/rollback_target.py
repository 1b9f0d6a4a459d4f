"""Which release runs, and to which an operator goes back: pure functions on the records."""

from collections.abc import Sequence

from flask_on_aws.releases.release_record import Release

from .errors import OperationError


def running_release(history: Sequence[Release], task_definition: str) -> Release | None:
    """The newest record of a task definition; None for one that no release is known of.

    Args:
        history: a service's releases, the newest first.
        task_definition: ARN of what runs.
    """
    return next((one for one in history if one.task_definition == task_definition), None)


def numbered(history: Sequence[Release], number: int) -> Release:
    """The release with a number.

    Raises:
        OperationError: if there is none.
    """
    found = next((one for one in history if one.number == number), None)
    if found is None:
        known = f"{history[-1].number} to {history[0].number}" if history else "none"
        raise OperationError(f"There is no release {number}; known are {known}: flask-on-aws releases")
    return found


def release_before(history: Sequence[Release], running: Release) -> Release:
    """The release that ran before the running one, or before the one that this repeats.

    So each further step goes further back, and never to a release that was left by going back.

    Raises:
        OperationError: if there is none.
    """
    first = original(history, running)
    for one in history:
        if one.number < first.number and one.task_definition != first.task_definition:
            return one
    raise OperationError(f"There is no release before {first.number} to go back to; see: flask-on-aws releases")


def original(history: Sequence[Release], release: Release) -> Release:
    """What an update made: the release itself, or the one that it repeats."""
    known = {one.number: one for one in history}
    while release.rolled_back_to in known:
        release = known[release.rolled_back_to]
    return release


def companion(history: Sequence[Release], web: Release) -> Release | None:
    """Another service's release that ran beside one of the web service: of the same image, the nearest in time."""
    same = [one for one in history if one.image == web.image]
    return min(same, key=lambda one: _seconds_apart(one, web), default=None)


def _seconds_apart(one: Release, other: Release) -> float:
    return abs((one.time - other.time).total_seconds()) if one.time and other.time else 0

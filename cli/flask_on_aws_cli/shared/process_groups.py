"""Ends the process groups of processes that were started as session leaders."""

import os
import signal


def kill_group(leader: int) -> None:
    """Send SIGKILL to every process of a group, which may have ended already.

    Args:
        leader: id of the process that was started with `start_new_session`.
    """
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS raises the latter for a group of ended processes
        return

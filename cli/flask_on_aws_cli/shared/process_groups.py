"""Processes that were started as the leaders of a session, and all that belong to their group."""

import os
import signal


def kill_group(leader: int) -> None:
    """Send SIGKILL to every process of a group; a group that has ended is no error.

    Args:
        leader: id of the process that was started with `start_new_session`.
    """
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS raises the latter for a group of ended processes
        return

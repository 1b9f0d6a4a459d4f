"""Ends servers that were left running by a daemon that was killed."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

# Enough for a clean shutdown, which writes the small cache to the disk.
_STOP_SECONDS = 10


def end_orphaned_server(
    data: Path,
    pid_file: str = "postmaster.pid",
    signals: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGQUIT),
) -> None:
    """End a server with this data folder that is still running, and remove the PID file of one that is not.

    The signals are sent one after another, until the server has ended.
    """
    file = data / pid_file
    try:
        process_id = int(file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return
    if not _is_server(process_id, data):
        # PostgreSQL does not start if another process has this ID by now.
        file.unlink(missing_ok=True)
        return
    for signal_number in signals:
        os.kill(process_id, signal_number)
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline:
            if not _is_server(process_id, data):
                return
            time.sleep(0.05)


def _is_server(process_id: int, data: Path) -> bool:
    """Whether a process is a running server with this data folder."""
    result = subprocess.run(  # noqa: S603 a system program
        ["/bin/ps", "-ww", "-o", "stat=", "-o", "command=", "-p", str(process_id)],
        check=False,
        capture_output=True,
        text=True,
    )
    return str(data) in result.stdout and not result.stdout.lstrip().startswith("Z")

"""What an earlier daemon may have left: servers without a daemon."""

import os
import signal
import subprocess
import time
from pathlib import Path

# A clean shutdown writes all of a small cache to the disk.
_STOP_SECONDS = 10


def end_stray(data: Path) -> None:
    """End a server on this data that another daemon has left, and remove what a dead one has left."""
    file = data / "postmaster.pid"
    try:
        number = int(file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return
    if not _serves(number, data):
        file.unlink(missing_ok=True)  # PostgreSQL takes any process that now has the number for itself
        return
    for kind in (signal.SIGINT, signal.SIGQUIT):
        os.kill(number, kind)
        end = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < end:
            if not _serves(number, data):
                return
            time.sleep(0.05)


def _serves(number: int, data: Path) -> bool:
    """Whether a process is a server with this data."""
    told = subprocess.run(  # noqa: S603 - of the system
        ["/bin/ps", "-ww", "-o", "stat=", "-o", "command=", "-p", str(number)],
        check=False,
        capture_output=True,
        text=True,
    )
    return str(data) in told.stdout and not told.stdout.lstrip().startswith("Z")

"""Ends the processes listed in a folder: when a daemon starts, and in a separate process after a daemon was killed.

`python process_reaper.py FOLDER` waits until its standard input ends. A parent death signal (prctl) would work only on
Linux, and it is sent when the thread that started the process ends.
"""

import contextlib
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

# Processes that a killed daemon left behind get no more requests, since its load balancer has ended too. Two seconds
# are enough for a server to close its files.
_GRACE = 2.0


def end_all(folder: Path) -> None:
    """Send SIGTERM, and SIGKILL after two seconds, to each process listed in the folder and to its child processes."""
    # Imported only when needed, so that a waiting reaper uses little memory.
    import psutil

    from flask_on_aws_cli.shared.process_start import process_start

    processes: list[psutil.Process] = []
    for path in folder.glob("*.pid"):
        with contextlib.suppress(OSError, ValueError, KeyError, psutil.Error):
            record = json.loads(path.read_text())
            process = psutil.Process(record["pid"])
            if process_start(process.pid) == record["started"]:  # otherwise the id was reused
                processes += [process, *process.children(recursive=True)]
        path.unlink(missing_ok=True)
    for process in processes:
        quietly(process.terminate)
    _, alive = psutil.wait_procs(processes, timeout=_GRACE)
    for process in alive:
        quietly(process.kill)
    psutil.wait_procs(alive, timeout=_GRACE)


def quietly(action: Callable[[], object]) -> None:
    """Perform an action on a process that may have ended."""
    import psutil

    with contextlib.suppress(psutil.Error):
        action()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the daemon, which stops its tasks gracefully
    sys.stdin.buffer.read()
    end_all(Path(sys.argv[1]))

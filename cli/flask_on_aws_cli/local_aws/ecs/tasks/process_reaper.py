"""Ends the processes named in a folder: at the start of a daemon, and in a process of its own when a daemon is killed.

`python process_reaper.py FOLDER` waits until its standard input ends. A death signal of the parent (prctl) would do on
Linux alone, and only as long as the thread that started the process lives.
"""

import contextlib
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

# Processes that a daemon left behind serve nobody, since the balancer before them is gone as well. Two seconds are
# enough for a server to close its files.
_GRACE = 2.0


def end_all(folder: Path) -> None:
    """SIGTERM, and SIGKILL after two seconds, to each process named in the folder and to its children."""
    import psutil  # not before it is needed: a waiting reaper is small

    found: list[psutil.Process] = []
    for path in folder.glob("*.pid"):
        with contextlib.suppress(OSError, ValueError, KeyError, psutil.Error):
            known = json.loads(path.read_text())
            process = psutil.Process(known["pid"])
            if abs(process.create_time() - known["created"]) < 1:  # seconds; else the number is another process's now
                found += [process, *process.children(recursive=True)]
        path.unlink(missing_ok=True)
    for process in found:
        quietly(process.terminate)
    _, alive = psutil.wait_procs(found, timeout=_GRACE)
    for process in alive:
        quietly(process.kill)
    psutil.wait_procs(alive, timeout=_GRACE)


def quietly(action: Callable[[], object]) -> None:
    """Do something to a process that may have ended."""
    import psutil

    with contextlib.suppress(psutil.Error):
        action()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the daemon, which ends its tasks in order
    sys.stdin.buffer.read()
    end_all(Path(sys.argv[1]))

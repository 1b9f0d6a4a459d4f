"""When a process started: with its id, this identifies it, since another process may have that id later."""

import os
import sys
from pathlib import Path


def process_start(process_id: int) -> float:
    """Seconds at which a process started, the same whenever it is asked for.

    On Linux they count from the machine's start. psutil adds the time of that, which it derives from the clock, so that
    its result changes with every correction of the clock.

    Raises:
        OSError: if there is no such process.
        psutil.Error: the same elsewhere than on Linux.
    """
    if sys.platform != "linux":
        import psutil  # imported only when needed, so that a waiting reaper uses little memory

        return psutil.Process(process_id).create_time()
    text = Path(f"/proc/{process_id}/stat").read_text()
    fields = text[text.rindex(")") + 2 :].split()  # the name may contain anything
    return int(fields[19]) / os.sysconf(
        "SC_CLK_TCK"
    )  # starttime: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html

"""Restarts a project's daemon after it was killed; runs as a separate process, which the daemon supervises.

`python -m flask_on_aws_cli.local_aws.daemon.daemon_restarter PROJECT` waits until its standard input ends. The input
has data if the daemon was stopped, and is empty if it was killed.
"""

import signal
import sys
import time
from pathlib import Path

# Seconds between attempts, an hour in total. The attempts also end if a user starts or stops the local AWS.
_PAUSES = (1, 2, 4, 8, 16, 32, *[60] * 59)


def _revive(project: Path) -> None:
    # Imported only when needed, so that a waiting restarter uses little memory.
    from ...local_project import daemon_control
    from ...local_project.project import find_local_aws

    last_error = ""
    for pause in _PAUSES:
        try:
            local = find_local_aws(project)
            if local is not None and daemon_control.revive(local):
                print("The local AWS had ended unexpectedly, and was restarted.", file=sys.stderr)
            return
        except Exception as error:  # such as a port that is in use, or a full disk: the next attempt may succeed
            if str(error) != last_error:
                last_error = str(error)
                print(f"The local AWS had ended unexpectedly, and could not be restarted: {error}", file=sys.stderr)
        time.sleep(pause)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the daemon, which stops its parts in order
    if not sys.stdin.buffer.read():
        _revive(Path(sys.argv[1]))

"""Starts a project's daemon again when it was killed, in a process of its own; the daemon looks after this one.

`python -m flask_on_aws_cli.local_aws.daemon.daemon_restarter PROJECT` waits until its standard input ends: with a word
if the daemon ends as it was asked to, without one if it was killed.
"""

import signal
import sys
import time
from pathlib import Path

# Seconds between tries, an hour in all. Whoever starts or ends the local AWS meanwhile ends them too.
_PAUSES = (1, 2, 4, 8, 16, 32, *[60] * 59)


def _revive(project: Path) -> None:
    from ...local_project import daemon_control  # not before it is needed: a waiting restarter is small
    from ...local_project.project import find_local_aws

    said = ""
    for pause in _PAUSES:
        try:
            local = find_local_aws(project)
            if local is not None and daemon_control.revive(local):
                print("The local AWS had ended without being asked to, and was started again.", file=sys.stderr)
            return
        except Exception as error:  # a port that somebody has for a moment, a full disk: it may be over soon
            if str(error) != said:
                said = str(error)
                print(f"The local AWS had ended and could not be started again: {error}", file=sys.stderr)
        time.sleep(pause)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the daemon, which ends its parts in order
    if not sys.stdin.buffer.read():
        _revive(Path(sys.argv[1]))

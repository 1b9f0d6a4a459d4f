"""Starts a project's daemon again when it was killed, in a process of its own; the daemon looks after this one.

`python -m flask_on_aws_cli.local.keeper PROJECT` waits until its standard input ends: with a word if the daemon ends as
it was asked to, without one if it was killed.
"""

import signal
import sys
from pathlib import Path


def _revive(project: Path) -> None:
    from . import control  # not before it is needed: a waiting keeper is small
    from .places import find_place

    local = find_place(project)
    if local is not None and control.revive(local):
        print("The local AWS had ended without being asked to, and was started again.", file=sys.stderr)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the daemon, which ends its parts in order
    if not sys.stdin.buffer.read():
        _revive(Path(sys.argv[1]))

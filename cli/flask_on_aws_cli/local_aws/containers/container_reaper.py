"""Removes the containers of a daemon that was killed, in a process of its own.

`python -m flask_on_aws_cli.local_aws.containers.container_reaper LABEL` waits until its standard input ends.
"""

import signal
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the daemon, which ends its tasks in order
    sys.stdin.buffer.read()
    from .docker_client import connect, remove_all  # not before it is needed: a waiting reaper is small

    remove_all(connect(), sys.argv[1])

"""Removes the containers of a daemon that was killed; runs as a separate process.

`python -m flask_on_aws_cli.local_aws.containers.container_reaper LABEL` waits until its standard input ends.
"""

import signal
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the daemon, which stops its tasks gracefully
    sys.stdin.buffer.read()
    # Imported only when needed, so that a waiting reaper uses little memory.
    from .docker_client import connect, remove_all

    remove_all(connect(), sys.argv[1])

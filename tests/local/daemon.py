"""A local AWS in a process of its own, so that a test can kill it: daemon.py FOLDER PORT [RUNTIME]."""

import signal
import sys
import threading
from pathlib import Path

from flask_on_aws_cli.local_aws.api.endpoint import Endpoint
from flask_on_aws_cli.local_project.location import Location


def main() -> None:
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    place = Location(Path(sys.argv[1]), int(sys.argv[2]), "eu-central-1")
    if sys.argv[3:]:
        from tests.local.cloud import Cloud

        parts: Cloud | Endpoint = Cloud(place, sys.argv[3])
    else:
        parts = Endpoint(place)
        parts.start()
    print("ready", flush=True)
    done.wait()
    parts.stop()


if __name__ == "__main__":
    main()

"""Runs a local AWS in a separate process, which a test can kill: daemon.py FOLDER PORT [RUNTIME]."""

import signal
import sys
import threading
from pathlib import Path

from flask_on_aws_cli.local_aws.api.endpoint import Endpoint
from flask_on_aws_cli.local_project.location import Location


def main() -> None:
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    location = Location(Path(sys.argv[1]), int(sys.argv[2]), "eu-central-1")
    if sys.argv[3:]:
        from tests.local.cloud import Cloud

        local_aws: Cloud | Endpoint = Cloud(location, sys.argv[3])
    else:
        local_aws = Endpoint(location)
        local_aws.start()
    print("ready", flush=True)
    stopped.wait()
    local_aws.stop()


if __name__ == "__main__":
    main()

"""The endpoint in a process of its own, so that a test can kill it: daemon.py FOLDER PORT."""

import signal
import sys
from pathlib import Path

from cli.local.endpoint import Endpoint
from cli.local.parts import Place


def main() -> None:
    place = Place(Path(sys.argv[1]), int(sys.argv[2]), "eu-central-1")
    endpoint = Endpoint(place)
    endpoint.start()
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM})
    endpoint.stop()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main()

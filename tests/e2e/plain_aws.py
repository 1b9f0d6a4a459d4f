"""The local endpoint before moto as it is, which pretends that services run: plain_aws.py FOLDER PORT REGION."""

import os
import signal
import sys
import threading
from pathlib import Path

# Before moto is imported: of every service run as many tasks as any of them wants.
os.environ["MOTO_ECS_SERVICE_RUNNING"] = "2"

from cli.local import endpoint
from cli.local.mends.lists import mend_lists
from cli.local.parts import Place


def main() -> None:
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    endpoint.mend = mend_lists  # those that are not about what really runs
    serving = endpoint.Endpoint(Place(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
    serving.start()
    done.wait()
    serving.stop()


if __name__ == "__main__":
    main()

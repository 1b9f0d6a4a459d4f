"""The local endpoint with unmodified moto, which only pretends to run services: plain_aws.py FOLDER PORT REGION."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

# Set before moto is imported: the number of running tasks that it reports for every service.
os.environ["MOTO_ECS_SERVICE_RUNNING"] = "2"

from flask_on_aws_cli.local_aws.api import endpoint
from flask_on_aws_cli.local_aws.moto_patches.bundled_data import patch_bundled_data
from flask_on_aws_cli.local_aws.moto_patches.cloudfront import patch_cloudfront
from flask_on_aws_cli.local_aws.moto_patches.log_keys import patch_log_keys
from flask_on_aws_cli.local_project.location import Location
from moto.moto_api._internal import moto_api_backend

from tests.e2e.engine_key import RESET, keep_key


def apply_patches() -> None:
    patch_bundled_data()
    patch_log_keys()
    patch_cloudfront()


def main() -> None:
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    endpoint.apply_patches = apply_patches  # only those that do not depend on running tasks
    keep_key(Path(sys.argv[1]))
    server = endpoint.Endpoint(Location(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))

    def reset(path: str, environ: dict[str, Any]) -> tuple[str, str, bytes]:
        with server.records.lock:  # otherwise records would change while they are being saved
            moto_api_backend.reset()
        return "200 OK", "text/plain", b""

    server.serve(RESET, reset)
    server.start()
    stopped.wait()
    server.stop()


if __name__ == "__main__":
    main()

"""The local endpoint before moto as it is, which pretends that services run: plain_aws.py FOLDER PORT REGION."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

# Before moto is imported: of every service run as many tasks as any of them wants.
os.environ["MOTO_ECS_SERVICE_RUNNING"] = "2"

from flask_on_aws_cli.local_aws.api import endpoint
from flask_on_aws_cli.local_aws.moto_patches.cloudfront import patch_cloudfront
from flask_on_aws_cli.local_aws.moto_patches.lists import patch_lists
from flask_on_aws_cli.local_aws.moto_patches.log_keys import patch_log_keys
from flask_on_aws_cli.local_project.location import Location
from moto.moto_api._internal import moto_api_backend

from tests.e2e.engine_key import RESET, keep_key


def apply_patches() -> None:
    patch_lists()
    patch_log_keys()
    patch_cloudfront()


def main() -> None:
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    endpoint.apply_patches = apply_patches  # those that are not about what really runs
    keep_key(Path(sys.argv[1]))
    serving = endpoint.Endpoint(Location(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))

    def reset(path: str, environ: dict[str, Any]) -> tuple[str, str, bytes]:
        with serving.records.lock:  # or the records that are being saved change under way
            moto_api_backend.reset()
        return "200 OK", "text/plain", b""

    serving.serve(RESET, reset)
    serving.start()
    done.wait()
    serving.stop()


if __name__ == "__main__":
    main()

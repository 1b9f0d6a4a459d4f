"""The web server: granian, with what it needs behind a load balancer.

    python drain.py python serve.py [MODULE:FACTORY]

Each GRANIAN_* variable of the environment overrides what is here.
"""

import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from board.settings import Settings, SettingsError
from granian.cli import entrypoint

if TYPE_CHECKING:
    from flask import Flask

environment = os.environ
FACTORY = "SERVED_FACTORY"
"""The variable that names to workers what creates their app."""
DEFAULTS = {
    "INTERFACE": "wsgi",
    "FACTORY": "true",
    "HTTP": "1",  # load balancers speak nothing else to an app
    "WEBSOCKETS": "false",
    "HOST": "0.0.0.0",  # noqa: S104 a container's only address
    "PORT": environment.get("PORT", "8080"),
    # A Fargate task sees the CPUs of its host, so they are not counted.
    "WORKERS": environment.get("WEB_CONCURRENCY", "1"),
    "BLOCKING_THREADS": "4",
    "BLOCKING_THREADS_IDLE_TIMEOUT": "600",  # seconds, its longest: a thread that ends leaves its connection unused
    # Milliseconds, its longest: how long an idle connection is kept. The load balancer must be the first to let go of
    # it, or it sends requests into connections that are just being closed.
    "HTTP1_HEADER_READ_TIMEOUT": "60000",
    "HTTP1_BUFFER_SIZE": "65536",  # bytes of a request's headers; the load balancer passes on up to 64 KB
    "RESPAWN_FAILED_WORKERS": "true",
    "WORKERS_KILL_TIMEOUT": "30",  # seconds to finish requests after SIGTERM
    "LOG_LEVEL": "warning",
}


def main() -> None:
    """Refuse wrong settings once and in one sentence, before workers are started and fail one by one."""
    try:
        Settings.from_environment()
    except SettingsError as error:
        sys.exit(error.message)
    for name, value in DEFAULTS.items():
        if not environment.get(f"GRANIAN_{name}"):
            environment[f"GRANIAN_{name}"] = value
    # The pool has a connection for each thread.
    environment.setdefault("DATABASE_THREADS", environment["GRANIAN_BLOCKING_THREADS"])
    environment[FACTORY] = (sys.argv[1:] or ["board:create_app"])[0]
    sys.argv = ["granian", "serve:create_app"]
    entrypoint()


def create_app() -> "Flask":
    """A worker's app. Connects to nothing yet."""
    # A worker inherits granian's handler, which forgets what comes before the app is there: 30 s until it is killed.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    module, factory = environment[FACTORY].split(":")
    return getattr(import_module(module), factory)()


if __name__ == "__main__":
    main()

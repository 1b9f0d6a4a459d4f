"""Starts the web server, granian, with the options that it needs behind a load balancer.

    python drain.py python serve.py [MODULE:FACTORY]

Each GRANIAN_* environment variable overrides the default below.
"""

import multiprocessing
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
"""The environment variable with which the workers receive the app factory's name."""
DEFAULTS = {
    "INTERFACE": "wsgi",
    "FACTORY": "true",
    "HTTP": "1",  # load balancers speak HTTP/1.1 to apps
    "WEBSOCKETS": "false",
    "HOST": "0.0.0.0",  # noqa: S104 a container's only address
    "PORT": environment.get("PORT", "8080"),
    # Not the number of CPUs: a Fargate task sees those of its host.
    "WORKERS": environment.get("WEB_CONCURRENCY", "1"),
    "BLOCKING_THREADS": "4",
    "BLOCKING_THREADS_IDLE_TIMEOUT": "600",  # seconds, the maximum: the connection of a thread that ends stays unused
    # Milliseconds, the maximum, after which an idle connection is closed. The load balancer's idle timeout must be
    # shorter, or it sends requests on connections that are just being closed.
    "HTTP1_HEADER_READ_TIMEOUT": "60000",
    "HTTP1_BUFFER_SIZE": "65536",  # bytes for a request's headers; the load balancer forwards up to 64 KB
    "RESPAWN_FAILED_WORKERS": "true",
    "WORKERS_KILL_TIMEOUT": "30",  # seconds to finish requests after SIGTERM
    "LOG_LEVEL": "warning",
}


def main() -> None:
    """Start the server; exits with one sentence if a setting is invalid, before each worker fails on it."""
    try:
        Settings.from_environment()
    except SettingsError as error:
        sys.exit(error.message)
    for name, value in DEFAULTS.items():
        if not environment.get(f"GRANIAN_{name}"):
            environment[f"GRANIAN_{name}"] = value
    # The connection pool has one connection per thread.
    environment.setdefault("DATABASE_THREADS", environment["GRANIAN_BLOCKING_THREADS"])
    environment[FACTORY] = (sys.argv[1:] or ["board:create_app"])[0]
    if environment.get("GRANIAN_METRICS_ENABLED"):
        # Granian then has threads when it starts its workers. A process forked beside threads may inherit a lock that
        # nothing releases: a worker that answered nothing and ignored SIGTERM was seen once.
        multiprocessing.set_start_method("spawn")
    sys.argv = ["granian", "serve:create_app"]
    entrypoint()


def create_app() -> "Flask":
    """The app of a worker. Opens no connections."""
    # A worker inherits granian's handler, which ignores SIGTERM until the app is loaded: the worker would only end when
    # it is killed after 30 s.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    module, factory = environment[FACTORY].split(":")
    return getattr(import_module(module), factory)()


if __name__ == "__main__":
    main()

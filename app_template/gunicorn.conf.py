"""Options of gunicorn, for those who use it instead of serve.py; GUNICORN_CMD_ARGS overrides them."""

import os
import sys
from typing import Any

bind = os.environ.get("GUNICORN_BIND") or f"0.0.0.0:{os.environ.get('PORT', '8080')}"
workers = int(os.environ.get("GUNICORN_PROCESSES") or os.environ.get("WEB_CONCURRENCY") or 1)
worker_class = "gthread"  # sync workers close every connection, which the load balancer could reuse
threads = int(os.environ.get("GUNICORN_THREADS") or 4)
keepalive = 75  # seconds; above the load balancer's idle timeout, or it sends requests on closed connections
timeout = 45  # seconds; below the load balancer's idle timeout, so that the log says why a request ended
graceful_timeout = 30
control_socket_disable = True  # it would be in the home directory, which may be read-only
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - a heartbeat must not wait for a disk


def on_starting(server: Any) -> None:
    """Exit with one sentence if a setting is invalid, before each worker fails on it."""
    from board.settings import Settings, SettingsError

    try:
        Settings.from_environment()
    except SettingsError as error:
        sys.exit(error.message)

"""What gunicorn needs behind a load balancer; GUNICORN_CMD_ARGS in the environment overrides any of it."""

import os
import sys
from typing import Any

# The number of workers is WEB_CONCURRENCY, which gunicorn reads itself.
worker_class = "gthread"  # sync workers close every connection, which the load balancer would like to keep
threads = 4
keepalive = 75  # seconds; above the load balancer's idle timeout, or it sends requests into closed connections
timeout = 45  # seconds; below the load balancer's idle timeout, so that the log says why a request ended
graceful_timeout = 30
control_socket_disable = True  # it would be written to the home directory, and the root may be read-only
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - a heartbeat must not wait for a disk


def on_starting(server: Any) -> None:
    """Refuse wrong settings once and in one sentence, before workers are started and fail one by one."""
    from board.settings import Settings, SettingsError

    try:
        Settings.from_environment()
    except SettingsError as error:
        sys.exit(error.message)

"""Logs one JSON object per line to standard error, which platforms collect; standard output is for commands."""

import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

logger = logging.getLogger("board")
identity: ContextVar[Mapping[str, str]] = ContextVar("identity", default={})  # noqa: B039 it is never modified
"""Fields of every log line of the current request."""


class JsonLines(JsonFormatter):
    """Formats a record with its `extra` and the request's identity as one line."""

    def __init__(self) -> None:
        names = {"levelname": "level", "exc_info": "exception"}
        super().__init__(["levelname", "message"], timestamp="time", rename_fields=names)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Add the request's identity, and write the level in lower case as in LOG_LEVEL."""
        return {**log_data, "level": log_data["level"].lower(), **identity.get()}


def configure(level: str) -> None:
    """Log to standard error from this level on; libraries at least from info on."""
    # No line contains its thread, process or task, so they need not be determined:
    # https://docs.python.org/3/howto/logging.html#optimization
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = logging.logAsyncioTasks = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=max(logging.INFO, logging.getLevelName(level)), handlers=[handler], force=True)
    logger.setLevel(level)
    # The development server would log each request a second time; boto3 and Alembic log internals.
    for name in ("werkzeug", "botocore", "alembic.runtime.plugins"):
        logging.getLogger(name).setLevel(logging.WARNING)

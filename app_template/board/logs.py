"""Logs as one JSON object a line on standard error: platforms collect it, and commands keep their output clean."""

import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

logger = logging.getLogger("board")
identity: ContextVar[Mapping[str, str]] = ContextVar("identity", default={})  # noqa: B039 nobody changes it
"""What the lines of one request have in common."""


class JsonLines(JsonFormatter):
    """A record with its `extra` and the request's identity as one line."""

    def __init__(self) -> None:
        names = {"levelname": "level", "exc_info": "exception"}
        super().__init__(["levelname", "message"], timestamp="time", rename_fields=names)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Levels in lower case, as in LOG_LEVEL."""
        return {**log_data, "level": log_data["level"].lower(), **identity.get()}


def configure(level: str) -> None:
    """Send everything from this level on to standard error; libraries speak up from info on."""
    # No line names its thread, process or task, so they need not be found out:
    # https://docs.python.org/3/howto/logging.html#optimization
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = logging.logAsyncioTasks = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=max(logging.INFO, logging.getLevelName(level)), handlers=[handler], force=True)
    logger.setLevel(level)
    # The development server's own line for each request would be a second one; boto3 and Alembic tell how they work.
    for name in ("werkzeug", "botocore", "alembic.runtime.plugins"):
        logging.getLogger(name).setLevel(logging.WARNING)

"""Logs as one JSON object a line on standard error: platforms collect it, and commands keep their output clean."""

import json
import logging
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime

logger = logging.getLogger("board")
identity: ContextVar[Mapping[str, str]] = ContextVar("identity", default={})  # noqa: B039 nobody changes it
"""What the lines of one request have in common."""


class JsonLines(logging.Formatter):
    """A record with its `extra={"fields": …}` as one line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **identity.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


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

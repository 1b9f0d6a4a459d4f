"""The lines of CloudWatch's log groups, from a time on and, if wanted, as they come."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ..shared.output_format import moment

# An account may ask FilterLogEvents five times a second, in all:
# https://repost.aws/knowledge-center/cloudwatch-logs-throttling. Who follows takes a tenth of that.
FOLLOW_SECONDS = 2.0
# CloudWatch shows lines some seconds after they were written, and not in order; so long the same are looked for again.
_LATE_SECONDS = 15.0
_TASK_SHOWN = 8  # characters, as ECS's console shows them


class LogSource(NamedTuple):
    """A log group, or the streams of it whose names begin so."""

    group: str
    prefix: str = ""


class LogLines:
    """Lines of several sources, each once."""

    def __init__(self, logs: Any, sources: Sequence[LogSource], since: float, text: str = "") -> None:
        """Lines since a time, in seconds of the epoch, that contain a text."""
        self._logs, self._sources, self._since = logs, sources, since
        self._pattern = {"filterPattern": _quoted(text)} if text else {}
        self._seen: dict[str, float] = {}

    def new(self) -> list[str]:
        """The lines since the last call, ordered by their times."""
        asked = time.time()
        found = {event["eventId"]: event for source in self._sources for event in self._events(source)}
        fresh = sorted((one for key, one in found.items() if key not in self._seen), key=lambda one: one["timestamp"])
        self._since = max(self._since, asked - _LATE_SECONDS)
        # Only what the next call can find again has to be known.
        known = {**self._seen, **{key: one["timestamp"] / 1000 for key, one in found.items()}}
        self._seen = {key: at for key, at in known.items() if at >= self._since}
        return [_line(event) for event in fresh]

    def _events(self, source: LogSource) -> Iterator[Mapping[str, Any]]:
        prefix = {"logStreamNamePrefix": source.prefix} if source.prefix else {}
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=source.group, startTime=int(self._since * 1000), **prefix, **self._pattern
        )
        for page in pages:
            yield from page["events"]


def show(lines: LogLines, follow: bool, say: Callable[[str], None]) -> None:
    """Say all lines, and go on until Ctrl-C if wanted."""
    try:
        while True:
            for line in lines.new():
                say(line)
            if not follow:
                return
            time.sleep(FOLLOW_SECONDS)
    except KeyboardInterrupt:
        return


def _line(event: Mapping[str, Any]) -> str:
    container, _, rest = event["logStreamName"].partition("/")
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return f"{moment(at)} {container} {rest.rpartition('/')[2][:_TASK_SHOWN]} {event['message']}"


def _quoted(text: str) -> str:
    """A pattern that finds the text as it is.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

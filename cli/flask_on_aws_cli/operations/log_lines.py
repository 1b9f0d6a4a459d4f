"""Reads the lines of CloudWatch log groups since a time, and follows new ones."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ..shared.output_format import format_time

# An account may call FilterLogEvents five times a second in total:
# https://repost.aws/knowledge-center/cloudwatch-logs-throttling. Following a log uses a tenth of that.
FOLLOW_SECONDS = 2.0
# CloudWatch returns lines some seconds after they were written and out of order, so this period is read again.
_LATE_SECONDS = 15.0
_TASK_ID_LENGTH = 8  # characters, as in the ECS console


class LogSource(NamedTuple):
    """A log group, or those of its streams whose names start with a prefix."""

    group: str
    prefix: str = ""


class LogLines:
    """The lines of several sources, each returned once."""

    def __init__(self, logs: Any, sources: Sequence[LogSource], since: float, text: str = "") -> None:
        """Read lines since a Unix time in seconds, only those that contain the text unless it is empty."""
        self._logs, self._sources, self._since = logs, sources, since
        self._pattern = {"filterPattern": _quoted(text)} if text else {}
        self._seen: dict[str, float] = {}

    def new(self) -> list[str]:
        """The lines that earlier calls have not returned, ordered by time."""
        called_at = time.time()
        events = {event["eventId"]: event for source in self._sources for event in self._events(source)}
        new_events = [event for event_id, event in events.items() if event_id not in self._seen]
        self._since = max(self._since, called_at - _LATE_SECONDS)
        # Only the events that the next call can return again have to be remembered.
        seen = {**self._seen, **{event_id: event["timestamp"] / 1000 for event_id, event in events.items()}}
        self._seen = {event_id: written_at for event_id, written_at in seen.items() if written_at >= self._since}
        return [_line(event) for event in sorted(new_events, key=lambda event: event["timestamp"])]

    def _events(self, source: LogSource) -> Iterator[Mapping[str, Any]]:
        prefix = {"logStreamNamePrefix": source.prefix} if source.prefix else {}
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=source.group, startTime=int(self._since * 1000), **prefix, **self._pattern
        )
        for page in pages:
            yield from page["events"]


def show(lines: LogLines, follow: bool, say: Callable[[str], None]) -> None:
    """Print all lines by `say`, and with `follow` also new ones until Ctrl-C."""
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
    container, _, stream = event["logStreamName"].partition("/")
    written_at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    return f"{format_time(written_at)} {container} {stream.rpartition('/')[2][:_TASK_ID_LENGTH]} {event['message']}"


def _quoted(text: str) -> str:
    """The filter pattern that matches the text literally.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

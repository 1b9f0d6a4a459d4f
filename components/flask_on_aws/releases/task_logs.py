"""What a task's containers wrote to CloudWatch Logs."""

from collections.abc import Mapping, Sequence
from typing import Any


class LogStream:
    """One container's lines, in order."""

    def __init__(self, logs: Any, group: str, stream: str) -> None:
        self._logs, self._group, self._stream = logs, group, stream
        self._token: str | None = None

    def new_lines(self) -> list[str]:
        """The lines since the last call; none until the stream exists."""
        lines: list[str] = []
        while True:
            position = {"nextToken": self._token} if self._token else {}
            try:
                page = self._logs.get_log_events(
                    logGroupName=self._group, logStreamName=self._stream, startFromHead=True, **position
                )
            except self._logs.exceptions.ResourceNotFoundException:
                return lines
            lines += [event["message"] for event in page["events"]]
            ended = page["nextForwardToken"] == self._token  # CloudWatch's sign that there are no more
            self._token = page["nextForwardToken"]
            if ended or not page["events"]:
                return lines

    def last_lines(self, count: int) -> list[str]:
        """The newest lines; none where there is no stream."""
        try:
            page = self._logs.get_log_events(
                logGroupName=self._group, logStreamName=self._stream, startFromHead=False, limit=count
            )
        except self._logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in page["events"]]


def log_stream(logs: Any, definitions: Sequence[Mapping[str, Any]], container: str, task_arn: str) -> LogStream | None:
    """The stream of a task's container, by the task definition's `containerDefinitions`; None without awslogs.

    Its name is `prefix/container/task`: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
    """
    definition = next((item for item in definitions if item["name"] == container), None)
    options: Mapping[str, str] = (definition or {}).get("logConfiguration", {}).get("options", {})
    if "awslogs-group" not in options:
        return None
    task = task_arn.rsplit("/", 1)[-1]
    return LogStream(logs, options["awslogs-group"], f"{options.get('awslogs-stream-prefix', '')}/{container}/{task}")

"""The format of times, images, tables and JSON in the output of every command."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

_DIGEST_SHOWN = 12  # hexadecimal characters, as Docker shows them


def format_time(time: datetime | None) -> str:
    """A time in UTC, to the second; empty if there is none."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if time else ""


def short_digest(image: str) -> str:
    """The start of an image's digest; the name of an image that has none."""
    name, _, digest = image.partition("@")
    return digest.partition(":")[2][:_DIGEST_SHOWN] or name.rpartition("/")[2]


def caller_name(arn: str) -> str:
    """The user name, or the role and session name, in the ARN of a caller."""
    return arn.rpartition(":")[2].removeprefix("assumed-role/").removeprefix("user/")


def task_counts(service: Mapping[str, Any]) -> str:
    """How many tasks of a service run, from its description by DescribeServices."""
    starting = f", {service['pendingCount']} start" if service["pendingCount"] else ""
    return f"{service['runningCount']} of {service['desiredCount']} tasks run{starting}"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with aligned columns; the first row is the heading."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)
    return [line.rstrip() for line in lines]


def as_json(value: Any) -> str:
    """Indented JSON with times in ISO 8601."""
    return json.dumps(value, indent=2, default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

"""Durations of other platforms in seconds, and how long an app may take to start."""

import math
import re

from ..reading.source import Value
from .draft import Draft

_LEAST_STARTUP, _MOST_STARTUP = 5, 240
_UNITS = {"": 1.0, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(value: Value) -> int:
    """A duration of Go, such as 1m30s, rounded up to whole seconds; a number alone is one of seconds."""
    text = value.text()
    parts = re.findall(r"(\d{1,6}(?:\.\d{1,3})?)(us|ms|[smh]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise value.error("must be a duration, like 60s or 2m")
    return math.ceil(sum(float(number) * _UNITS[unit] for number, unit in parts))


def put_startup(draft: Draft, value: Value) -> None:
    """Set how long the app may take to start."""
    duration = seconds(value)
    nearest = min(max(duration, _LEAST_STARTUP), _MOST_STARTUP)
    note = "" if nearest == duration else f"the nearest possible value; the source has {duration}"
    draft.put("startupSeconds", nearest, value.place, note)

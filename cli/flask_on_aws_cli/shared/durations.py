"""Durations on the command line."""

import re
from typing import Any

import click

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(click.ParamType[int]):
    """A duration such as 90, 90s, 10m, 2h or 1d, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse a duration into seconds."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+)([smhd]?)", str(value))
        if not match or not int(match[1]):
            self.fail(f"{value!r} is not a valid duration; use one such as 90s, 10m, 2h or 1d.", param, ctx)
        return int(match[1]) * _SECONDS[match[2]]

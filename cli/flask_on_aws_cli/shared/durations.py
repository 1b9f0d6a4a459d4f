"""Times on the command line."""

import re
from typing import Any

import click

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(click.ParamType[int]):
    """Like 90, 90s, 10m, 2h or 1d, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The seconds."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+)([smhd]?)", str(value))
        if not found or not int(found[1]):
            self.fail(f"{value!r} is no time; give one like 90s, 10m, 2h or 1d.", param, ctx)
        return int(found[1]) * _SECONDS[found[2]]

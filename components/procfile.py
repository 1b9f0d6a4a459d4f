"""The Procfile: process types and their commands, as Heroku defines them.

https://devcenter.heroku.com/articles/procfile
"""

import re
from pathlib import Path

_LINE = re.compile(r"([A-Za-z0-9_-]+)\s*:\s*(\S.*)")


class ProcfileError(ValueError):
    """A line that is no process, with its file and number."""


def read_procfile(path: Path) -> dict[str, str]:
    """Process types with their commands, in the file's order.

    Raises:
        ProcfileError: for a line that is not `name: command`, or a name that comes twice.
    """
    processes: dict[str, str] = {}
    for number, raw in enumerate(path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if not match:
            raise ProcfileError(f"{path}, line {number}: {line!r} must be a name, a colon and a command.")
        if match[1] in processes:
            raise ProcfileError(f"{path}, line {number}: {match[1]!r} is there twice; keep one of the lines.")
        processes[match[1]] = match[2].strip()
    return processes

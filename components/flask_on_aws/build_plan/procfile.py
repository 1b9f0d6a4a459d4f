"""The Procfile: process types and their commands, as Heroku defines them.

https://devcenter.heroku.com/articles/procfile
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_LINE = re.compile(r"([A-Za-z0-9_-]+)\s*:\s*(\S.*)")


class ProcfileError(ValueError):
    """A line that is not a process, with its file and number."""


@dataclass(frozen=True)
class Processes:
    """The processes of a Procfile."""

    web: str = ""
    """Command of the web process; empty if none is named."""
    release: str = ""
    """Command to run once for each release; empty if none is named."""
    workers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Every other process, by name."""


def read_processes(folder: Path) -> Processes:
    """The processes of a folder's Procfile; none if there is no such file.

    Raises:
        ProcfileError: as `read_procfile` does.
    """
    path = folder / "Procfile"
    commands = read_procfile(path) if path.is_file() else {}
    workers = {name: command for name, command in commands.items() if name not in ("web", "release")}
    return Processes(commands.get("web", ""), commands.get("release", ""), workers)


def read_procfile(path: Path) -> dict[str, str]:
    """Process types with their commands, in the file's order.

    Raises:
        ProcfileError: for a line that is not `name: command`, a repeated name, or a file that cannot be read.
    """
    processes: dict[str, str] = {}
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise ProcfileError(f"{path}, line 1: cannot be read ({error.strerror}); make it readable.") from error
    for number, raw in enumerate(text.splitlines(), start=1):
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

"""The Procfile: process types and their commands, as Heroku defines them.

https://devcenter.heroku.com/articles/procfile
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .process_types import LONGEST_SERVICE_NAME, one_off_reason, service_name

_LINE = re.compile(r"([A-Za-z0-9_-]+)\s*:\s*(\S.*)")
NAME = "Procfile"


class ProcfileError(ValueError):
    """A line that is not a process, with its file and number."""


class OneOff(NamedTuple):
    """A process type that is not a service."""

    command: str
    reason: str


@dataclass(frozen=True)
class Processes:
    """The processes of a Procfile."""

    web: str = ""
    """Command of the web process; empty if none is named."""
    release: str = ""
    """Command to run once for each release; empty if none is named."""
    workers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Commands of the other services, by their names."""
    process_types: Mapping[str, str] = field(default_factory=dict[str, str])
    """The process type of each of these services."""
    one_off: Mapping[str, OneOff] = field(default_factory=dict[str, OneOff])
    """Process types that run once, and are not services."""
    lines: Mapping[str, int] = field(default_factory=dict[str, int])
    """The line of each process type, `web` and `release` included."""


def read_processes(folder: Path) -> Processes:
    """The processes of a folder's Procfile; none if there is no such file.

    Raises:
        ProcfileError: as `read_procfile` does, and for process types that cannot be names of services.
    """
    path = folder / NAME
    if not path.is_file():
        return Processes()
    lines, one_off, workers, types = _lines(path), dict[str, OneOff](), dict[str, str](), dict[str, str]()
    for process_type, (number, command) in lines.items():
        if process_type in ("web", "release"):
            continue
        if reason := one_off_reason(process_type, command):
            one_off[process_type] = OneOff(command, reason)
            continue
        name = service_name(process_type)
        if problem := _name_problem(process_type, name, types):
            raise ProcfileError(f"{path}, line {number}: {problem}")
        workers[name], types[name] = command, process_type
    commands = {process_type: command for process_type, (_, command) in lines.items()}
    numbers = {process_type: number for process_type, (number, _) in lines.items()}
    return Processes(commands.get("web", ""), commands.get("release", ""), workers, types, one_off, numbers)


def read_procfile(path: Path) -> dict[str, str]:
    """Process types with their commands, in the file's order.

    Raises:
        ProcfileError: for a line that is not `name: command`, a repeated name, or a file that cannot be read.
    """
    return {process_type: command for process_type, (_, command) in _lines(path).items()}


def _lines(path: Path) -> dict[str, tuple[int, str]]:
    """The line and the command of each process type."""
    processes: dict[str, tuple[int, str]] = {}
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
        processes[match[1]] = (number, match[2].strip())
    return processes


def _name_problem(process_type: str, name: str, types: Mapping[str, str]) -> str:
    """Why a process type cannot be the name of a service; empty if it can."""
    if not name:
        return f"{process_type!r} has no letters or digits, so it is not a name for a service; rename it."
    if name in ("web", "release"):
        return f"{process_type!r} is the service {name!r} in lower case; write `{name}:`, or rename it."
    if name in types:
        return f"{process_type!r} and {types[name]!r} are both the service {name!r}; rename one of them."
    if len(name) > LONGEST_SERVICE_NAME:
        return f"the service {name!r} has {len(name)} characters; use at most {LONGEST_SERVICE_NAME}."
    return ""

"""The health check path on which each app of this user last answered, so that a later command can set it in a stack."""

import contextlib
import json
from pathlib import Path

from .atomic_files import write_atomically

# Next to the other files that a user's projects share (local_project/project.py).
RECORD = Path.home() / ".cache" / "flask-on-aws" / "health-paths.json"


def record_health_path(folder: Path, path: str) -> None:
    """Record the path on which the app in a folder answers; does nothing if the file cannot be written."""
    with contextlib.suppress(OSError):
        RECORD.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(RECORD, json.dumps({**_read(), str(folder.resolve()): path}, indent=1))


def recorded_health_path(folder: Path) -> str:
    """The path on which the app in a folder last answered; empty if no preflight and no `up` has found one."""
    return _read().get(str(folder.resolve()), "")


def _read() -> dict[str, str]:
    try:
        paths: dict[str, str] = json.loads(RECORD.read_text(encoding="utf-8"))
        return dict(paths)
    except (OSError, ValueError, TypeError):
        return {}

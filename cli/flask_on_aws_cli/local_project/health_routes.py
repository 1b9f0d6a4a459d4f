"""The health paths in the apps' code, which `up` writes and the load balancer reads for its search."""

import json
from pathlib import Path

from ..shared.atomic_files import write_atomically

_FILE = "health-routes.json"


def write_health_routes(folder: Path, routes: tuple[str, ...] | None) -> None:
    """Write the routes into the folder of a local AWS; None: the stack sets a health path, so there is no search."""
    write_atomically(folder / _FILE, json.dumps(routes))


def read_health_routes(folder: Path) -> tuple[str, ...] | None:
    """The routes; None if there is no search, as before the first `up`."""
    try:
        routes: list[str] | None = json.loads((folder / _FILE).read_text())
    except (OSError, ValueError):
        return None
    return None if routes is None else tuple(routes)

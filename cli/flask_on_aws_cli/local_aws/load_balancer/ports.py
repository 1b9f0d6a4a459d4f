"""The ports on this machine for the listeners of load balancers."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from ...shared.atomic_files import write_atomically
from .configuration import Configuration

ListenerKey = tuple[str, int]
"""A load balancer's ARN and a listener's port in the records."""

# The order in which listeners get ports: first those that people open in a browser.
_ORDER = {443: 0, 80: 1}


def assign_ports(
    configuration: Configuration, first: int, previous: Mapping[ListenerKey, int], is_free: Callable[[int], bool]
) -> dict[ListenerKey, int]:
    """A port for each listener; a listener keeps its previous port.

    The first load balancer's HTTPS listener, or the one behind a CDN, gets the port `first`, even if it is in use: a
    project's address must not change unnoticed. All others get the next free ports; a plain one never gets `first`,
    since it may be created before the HTTPS listener. A listener that is behind a CDN moves to `first` if no other has
    it: the CDN is created after it, or the listener that had the port is deleted, while the CDN's address stays.
    """
    listeners = [
        (balancer, listener)
        for balancer in configuration.load_balancers
        for listener in sorted(
            balancer.listeners,
            key=lambda listener: (listener.edge_headers is None, _ORDER.get(listener.port, 2), listener.port),
        )
    ]
    keys = [(balancer.arn, listener.port) for balancer, listener in listeners]
    behind_cdn = [
        (balancer.arn, listener.port) for balancer, listener in listeners if listener.edge_headers is not None
    ]
    https = [(balancer.arn, listener.port) for balancer, listener in listeners if listener.protocol == "HTTPS"]
    assigned = {key: previous[key] for key in keys if key in previous}
    if behind_cdn and first not in assigned.values():
        assigned[behind_cdn[0]] = first
    for key in keys:
        if key in assigned:
            continue
        taken = set(assigned.values())
        port = first if key in https or key in behind_cdn else first + 1
        while port in taken or (port != first and not is_free(port)):
            port += 1
        assigned[key] = port
    return assigned


class PortFile:
    """Stores the ports in a file, so that addresses stay the same after a restart."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[ListenerKey, int]:
        """The stored ports; none if the file is missing or cannot be read."""
        try:
            rows = json.loads(self._path.read_text())
            return {(row["load_balancer"], row["port"]): row["here"] for row in rows}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def write(self, ports: Mapping[ListenerKey, int]) -> None:
        """Store the ports."""
        rows = [{"load_balancer": arn, "port": port, "here": here} for (arn, port), here in ports.items()]
        write_atomically(self._path, json.dumps(rows, indent=1))

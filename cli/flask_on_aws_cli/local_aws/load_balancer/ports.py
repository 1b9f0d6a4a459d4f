"""Which port of this machine stands for which listener."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from ...shared.atomic_files import write_atomically
from .configuration import Configuration

Key = tuple[str, int]
"""ARN of a load balancer, and a listener's port in the records."""

# The order in which listeners take ports: what people open first.
_FIRST = {443: 0, 80: 1}


def assign_ports(
    configuration: Configuration, first: int, known: Mapping[Key, int], is_free: Callable[[int], bool]
) -> dict[Key, int]:
    """A port for each listener; one that has its port keeps it.

    The first load balancer's HTTPS listener, or the one behind a content delivery network, has `first` itself, even if
    it is busy: a project's address is not to change unnoticed. All others have the next that are free. Where that
    listener is gone, the next one behind a content delivery network takes its port, as the network's name goes on.
    """
    keys = [
        (balancer.arn, listener.port)
        for balancer in configuration.load_balancers
        for listener in sorted(
            balancer.listeners,
            key=lambda one: (one.edge_headers is None, _FIRST.get(one.port, 2), one.port),
        )
    ]
    assigned = {key: known[key] for key in keys if key in known}
    behind = [
        (balancer.arn, listener.port)
        for balancer in configuration.load_balancers
        for listener in balancer.listeners
        if listener.edge_headers is not None
    ]
    if behind and first in set(known.values()) - set(assigned.values()):
        assigned[behind[0]] = first
    for key in keys:
        if key in assigned:
            continue
        taken = set(assigned.values())
        port = first
        while port in taken or (port != first and not is_free(port)):
            port += 1
        assigned[key] = port
    return assigned


class PortBook:
    """Keeps the ports from one time to the next, so that addresses stay."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[Key, int]:
        """The ports of the last time; none where there was no such time."""
        try:
            rows = json.loads(self._path.read_text())
            return {(row["load_balancer"], row["port"]): row["here"] for row in rows}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def write(self, ports: Mapping[Key, int]) -> None:
        """Keep these."""
        rows = [{"load_balancer": arn, "port": port, "here": here} for (arn, port), here in ports.items()]
        write_atomically(self._path, json.dumps(rows, indent=1))

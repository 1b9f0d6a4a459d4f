"""The operations that calls to RDS's API request of the database servers."""

from queue import SimpleQueue
from typing import Any, NamedTuple

CLUSTER_ENGINES = ("aurora-postgresql", "aurora-mysql", "docdb")
"""RDS's names of the engines whose clusters have a server; their instances share it."""


class Operation(NamedTuple):
    """An operation that an API call requests of the database servers."""

    action: str
    """`create`, `restore`, `modify`, `reboot`, `snapshot`, `delete` or `delete-snapshot`."""
    identifier: str
    """The identifier of the instance or cluster; the snapshot's for `delete-snapshot`."""
    snapshot: str = ""
    """The identifier of the snapshot to restore from or to create."""


operations: SimpleQueue[Operation] = SimpleQueue()


def is_clustered(instance: Any) -> bool:
    """Whether one of moto's instances shares the server of a cluster."""
    return bool(instance.db_cluster_identifier) and instance.engine in CLUSTER_ENGINES

"""Which connections security groups would block on AWS: pure.

Nothing filters a process's connections on this machine, so blocked connections are found by evaluating the rules for
the connections that a task is known to need. The addresses that AWS would assign are unknown: a rule with a CIDR range
or a prefix list is assumed to include the other end, so that only connections that certainly fail are reported.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

HTTPS = 443
_ALL_PROTOCOLS = "-1"


@dataclass(frozen=True)
class Rule:
    """A rule of a security group."""

    protocol: str
    """`tcp`, `udp`, `icmp`, or `-1` for all."""
    first: int | None
    last: int | None
    """The ports are those from `first` to `last`; None for all."""
    group: str | None
    """The security group at the other end; None for a CIDR range or a prefix list."""

    def allows(self, port: int, peer_groups: Collection[str] | None) -> bool:
        """Whether TCP on a port may pass to or from a member of these groups; None: to or from any address."""
        in_range = self.first is None or self.last is None or self.first <= port <= self.last
        if self.protocol != _ALL_PROTOCOLS and not (self.protocol == "tcp" and in_range):
            return False
        return self.group is None or peer_groups is None or self.group in peer_groups


@dataclass(frozen=True)
class Group:
    """A security group."""

    id: str
    inbound: Sequence[Rule] = ()
    outbound: Sequence[Rule] = ()


def aws_obstacle(tasks: Sequence[Group]) -> str:
    """Why a task in these groups cannot reach AWS's services; empty if it may, or if the groups are unknown."""
    if not tasks or any(rule.allows(HTTPS, None) for group in tasks for rule in group.outbound):
        return ""
    return f"no outbound rule of {_names(tasks)} allows port {HTTPS}"


def database_obstacle(tasks: Sequence[Group], database: Sequence[Group], ports: Collection[int]) -> str:
    """Why a task in these groups cannot reach a database on any of these ports; empty if it may."""
    if not tasks or not database:
        return ""
    task_ids, database_ids, reported_port = {group.id for group in tasks}, {group.id for group in database}, min(ports)
    if not any(rule.allows(port, database_ids) for port in ports for group in tasks for rule in group.outbound):
        return f"no outbound rule of {_names(tasks)} allows port {reported_port} to {_names(database)}"
    if not any(rule.allows(port, task_ids) for port in ports for group in database for rule in group.inbound):
        return f"no inbound rule of {_names(database)} allows port {reported_port} from {_names(tasks)}"
    return ""


def _names(groups: Sequence[Group]) -> str:
    return "security group " + ", ".join(group.id for group in groups)

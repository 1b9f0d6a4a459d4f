"""Which connections security groups would prevent on AWS. Pure.

Nothing filters a process's connections on this machine, so what AWS would drop is found by reading the rules, for the
connections that are known before they are made. Which addresses AWS would assign is not known here: a rule with a
range or a prefix list counts as if it named the other end, so that only what certainly fails is reported.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

HTTPS = 443
_ALL = "-1"


@dataclass(frozen=True)
class Rule:
    """A rule of a security group."""

    protocol: str
    """tcp, udp, icmp, or -1 for all."""
    first: int | None
    last: int | None
    """The ports from `first` to `last`; None for all."""
    group: str | None
    """The group at the other end; None where it is a range or a prefix list."""

    def admits(self, port: int, others: Collection[str] | None) -> bool:
        """Whether TCP on a port may pass to or from a member of these groups; None: to or from anybody."""
        in_range = self.first is None or self.last is None or self.first <= port <= self.last
        if self.protocol != _ALL and not (self.protocol == "tcp" and in_range):
            return False
        return self.group is None or others is None or self.group in others


@dataclass(frozen=True)
class Group:
    """A security group."""

    id: str
    inbound: Sequence[Rule] = ()
    outbound: Sequence[Rule] = ()


def aws_obstacle(tasks: Sequence[Group]) -> str:
    """Why a task in these groups reaches no service of AWS; empty if it may, or if the groups are not known."""
    if not tasks or any(rule.admits(HTTPS, None) for group in tasks for rule in group.outbound):
        return ""
    return f"no outbound rule of {_names(tasks)} allows port {HTTPS}"


def database_obstacle(tasks: Sequence[Group], database: Sequence[Group], ports: Collection[int]) -> str:
    """Why a task in these groups does not reach a database on any of these ports; empty if it may."""
    if not tasks or not database:
        return ""
    ids, theirs, number = {group.id for group in tasks}, {group.id for group in database}, min(ports)
    if not any(rule.admits(port, theirs) for port in ports for group in tasks for rule in group.outbound):
        return f"no outbound rule of {_names(tasks)} allows port {number} to {_names(database)}"
    if not any(rule.admits(port, ids) for port in ports for group in database for rule in group.inbound):
        return f"no inbound rule of {_names(database)} allows port {number} from {_names(tasks)}"
    return ""


def _names(groups: Sequence[Group]) -> str:
    return "security group " + ", ".join(group.id for group in groups)

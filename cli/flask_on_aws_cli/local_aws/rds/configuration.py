"""The desired configuration and the status of a DB instance or an Aurora cluster, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Instance:
    """A DB instance, or an Aurora cluster, which has one server whatever instances it has."""

    identifier: str
    engine_version: str
    """As in the records, such as `17` or `17.5`; only the major version matters."""
    username: str
    """The master user, who may create roles and databases, but is not a superuser."""
    password: str = field(repr=False)
    database: str | None = None
    """A database that is created with the instance; None for none."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameters of the parameter group, by name; those that this machine's server does not have are ignored."""
    engine: str = "postgres"
    """RDS's name of the engine."""


@dataclass(frozen=True)
class Status:
    """The status of an instance, in AWS's terms.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
    """

    state: str
    """creating, available, backing-up, modifying, rebooting, starting, stopped, deleting, deleted or failed."""
    host: str | None = None
    """Host name of the endpoint, for which its certificate is issued; None until there is an endpoint."""
    port: int | None = None
    note: str | None = None
    """A sentence that AWS would not report: that the major version differs from the records, or why it failed."""

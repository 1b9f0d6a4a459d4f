"""What a database instance is told to be, and what is told of it: plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Instance:
    """A PostgreSQL database instance."""

    identifier: str
    engine_version: str
    """As in the records, like `17` or `17.5`; only its major version matters."""
    username: str
    """The master user: it may create roles and databases, and is no superuser."""
    password: str = field(repr=False)
    database: str | None = None
    """A database that is there from the beginning; None for `postgres` alone."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the parameter group, by name; those that this machine's PostgreSQL does not know have no effect."""

    @property
    def major(self) -> int:
        """The major version."""
        return int(self.engine_version.partition(".")[0])

    @property
    def forces_tls(self) -> bool:
        """Whether connections without TLS are refused, which is RDS's default from PostgreSQL 15 on."""
        default = "1" if self.major >= 15 else "0"
        return self.parameters.get("rds.force_ssl", default) in ("1", "on", "true")


@dataclass(frozen=True)
class Status:
    """How an instance is, in AWS's words.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
    """

    state: str
    """creating, available, backing-up, modifying, rebooting, starting, stopped, deleting, deleted or failed."""
    host: str | None = None
    """Name of the endpoint, which its certificate has; None until there is one."""
    port: int | None = None
    note: str | None = None
    """What AWS would not say, a sentence: another major version than the records', or why it failed."""

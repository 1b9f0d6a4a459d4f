"""What RDS and the program need to know of an engine: the fields of the tables in `engines`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .sqlserver_editions import Edition

_NONE = re.compile(r"(?!)")


@dataclass(frozen=True, kw_only=True)
class EngineProfile:
    """What RDS and the program need to know of an engine. The URL's side of it is in `runtime_contract.database_url`."""

    title: str
    """What messages call it."""
    engine: str
    """RDS's name of it."""
    port: int
    versions: Sequence[str]
    """The major versions in standard support, the oldest first: RDS bills Extended Support for older ones."""
    default_version: str
    example_version: str
    """A version that is fixed, for a message."""
    version: re.Pattern[str]
    """A major version, in the first group, or a full one."""
    log_exports: Sequence[str]
    """The logs that CloudWatch gets: audit and general logs contain every statement, with personal data."""
    parameters: Callable[[Mapping[str, Any]], dict[str, str]]
    """The entries of the parameter group, from the database's arguments."""
    longest_database_name: int
    longest_username: int
    reserved: re.Pattern[str]
    """Names that neither a database nor its owner can have."""
    without: Sequence[str] = ()
    """Arguments of the database that the engine has nothing for."""
    family_format: str = "{engine}{major}"
    """The name of the parameter group's family."""
    upgrades_itself: bool = True
    """Whether AWS upgrades to newer minor versions of a major one."""
    checks_passwords: bool = False
    """Whether a password must have lower-case and upper-case letters, digits and symbols."""

    def major(self, version: str) -> str:
        """The major version of a valid version, such as `17` of `17.6` and `8.4` of `8.4.7`."""
        match = self.version.fullmatch(version)
        return match[1] if match else version

    def is_pinned(self, version: str) -> bool:
        """Whether a valid version is a full one, which AWS does not upgrade."""
        return version != self.major(version)

    def family(self, version: str) -> str:
        """The family of the parameter group."""
        return self.family_format.format(engine=self.engine, major=self.major(version))

    @property
    def major_parts(self) -> int:
        """How many numbers a major version has."""
        return self.default_version.count(".") + 1


@dataclass(frozen=True, kw_only=True)
class InstanceProfile(EngineProfile):
    """An engine of DB instances."""

    bytes_per_connection: int | None
    """RDS's default of max_connections is the instance's memory divided by this; None if memory does not limit it:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html"""
    most_connections: int
    """The most that RDS allows by default."""
    without_insights: re.Pattern[str] = _NONE
    """Instance classes without Performance Insights."""
    default_class: str = "db.t4g.micro"
    default_username: str = "app"
    most_storage_gib: int = 65_536
    """gp3: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html"""
    has_iam_authentication: bool = True
    license_model: str | None = None
    """None for RDS's own of the engine."""
    creates_database: bool = True
    """Whether RDS creates a database with the instance."""
    editions: Mapping[str, Edition] = field(default_factory=dict[str, Edition])
    """The editions of the engine, each of which RDS has under another name; empty for an engine without."""

    def of_edition(self, edition: str) -> "InstanceProfile":
        """The profile of an edition; its own of an engine without."""
        if edition not in self.editions:
            return self
        chosen = self.editions[edition]
        return replace(self, title=chosen.title, engine=chosen.engine, default_class=chosen.default_class)


@dataclass(frozen=True, kw_only=True)
class ClusterProfile(EngineProfile):
    """An engine of Aurora clusters."""

    pauses_from: Mapping[str, str]
    """By major version: the first version whose clusters can pause, which is the major version if all can."""
    connections: Mapping[int, int]
    """By maximum capacity: the default of max_connections."""
    most_connections_at_low_minimum: int | None = None
    """The most connections of a cluster with a minimum capacity of 0 or 0.5; None for no such limit."""

    def can_pause(self, version: str) -> bool:
        """Whether a cluster of a valid version can pause. Of a major version, AWS chooses a minor version that can."""
        first = self.pauses_from[self.major(version)]
        return not self.is_pinned(version) or version_numbers(version) >= version_numbers(first)


@dataclass(frozen=True, kw_only=True)
class DocumentProfile(EngineProfile):
    """An engine of DocumentDB clusters."""

    default_class: str
    """The least expensive instance class."""
    sizes: Mapping[str, Sequence[str]]
    """The sizes of its instance classes by family."""


def version_numbers(version: str) -> list[int]:
    """The numbers of a version, such as 8, 0, 3, 8 and 0 of `8.0.mysql_aurora.3.08.0`."""
    return [int(number) for number in re.findall(r"\d+", version)]

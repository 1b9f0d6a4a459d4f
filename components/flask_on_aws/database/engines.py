"""The engines of RDS, in two tables, those of DB instances and those of Aurora clusters: a new one is a new row.

Lengths and reserved names: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html,
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .mysql_words import RESERVED as _MYSQL_WORDS
from .parameters import DEFAULTS as _LIMITS
from .parameters import (
    aurora_mysql_parameters,
    mariadb_parameters,
    mysql_parameters,
    postgres_parameters,
    sqlserver_parameters,
)
from .sqlserver_editions import DEFAULT_EDITION, EDITIONS, RESERVED_NAMES, Edition

# Names that RDS reserves, and the words that PostgreSQL reserves:
# https://www.postgresql.org/docs/17/sql-keywords-appendix.html
_POSTGRES_RESERVED = re.compile(
    r"admin|template[01]|(?:pg_|rds).*|"
    r"all|analyse|analyze|and|any|array|as|asc|asymmetric|authorization|binary|both|case|cast|"
    r"check|collate|collation|column|concurrently|constraint|create|cross|current_catalog|"
    r"current_date|current_role|current_schema|current_time|current_timestamp|current_user|default|"
    r"deferrable|desc|distinct|do|else|end|except|false|fetch|for|foreign|freeze|from|full|"
    r"grant|group|having|ilike|in|initially|inner|intersect|into|is|isnull|join|lateral|leading|"
    r"left|like|limit|localtime|localtimestamp|natural|not|notnull|null|offset|on|only|or|order|"
    r"outer|overlaps|placing|primary|references|returning|right|select|session_user|similar|some|"
    r"symmetric|system_user|table|tablesample|then|to|trailing|true|union|unique|user|using|"
    r"variadic|verbose|when|where|window|with"
)
# Their own databases and accounts, those of RDS, and reserved words. `admin` is a usual name of the master user.
_MYSQL_RESERVED = re.compile(
    r"mysql|information_schema|performance_schema|sys|innodb|root|mariadb_sys|rds.*|"
    + "|".join(sorted(_MYSQL_WORDS - {"admin"}))
)
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DatabaseInsights.Engines.html
_WITHOUT_INSIGHTS = re.compile(r"db\.t(?:2|3|4g)\.(?:micro|small)")
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


def version_numbers(version: str) -> list[int]:
    """The numbers of a version, such as 8, 0, 3, 8 and 0 of `8.0.mysql_aurora.3.08.0`."""
    return [int(number) for number in re.findall(r"\d+", version)]


ENGINES: Mapping[str, InstanceProfile] = {
    "postgres": InstanceProfile(
        title="PostgreSQL",
        engine="postgres",
        port=5432,
        # https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html: 14 is
        # out of standard support in February 2027.
        versions=("14", "15", "16", "17", "18"),
        default_version="17",
        example_version="17.6",
        version=re.compile(r"(\d+)(?:\.\d+)?"),
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.PostgreSQL.html
        log_exports=("postgresql", "upgrade"),
        parameters=postgres_parameters,
        longest_database_name=63,  # PostgreSQL's NAMEDATALEN, and RDS's limit for both names
        longest_username=63,
        reserved=_POSTGRES_RESERVED,
        bytes_per_connection=9531392,
        most_connections=5000,
    ),
    "mysql": InstanceProfile(
        title="MySQL",
        engine="mysql",
        port=3306,
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/MySQL.Concepts.VersionMgmt.html: 8.0 is out of
        # standard support since July 2026.
        versions=("8.4",),
        default_version="8.4",
        example_version="8.4.7",
        version=re.compile(r"(\d+\.\d+)(?:\.\d+)?"),
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.MySQLDB.PublishtoCloudWatchLogs.html
        log_exports=("error", "slowquery"),
        parameters=mysql_parameters,
        longest_database_name=64,
        longest_username=16,
        reserved=_MYSQL_RESERVED,
        bytes_per_connection=12582880,
        most_connections=100_000,
        without_insights=_WITHOUT_INSIGHTS,
        without=("idle_transaction_seconds",),
    ),
    "mariadb": InstanceProfile(
        title="MariaDB",
        engine="mariadb",
        port=3306,
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/MariaDB.Concepts.VersionMgmt.html: the versions with
        # long-term support; 11.4 has it longer than 11.8, until 2029.
        versions=("10.11", "11.4", "11.8"),
        default_version="11.4",
        example_version="11.4.8",
        version=re.compile(r"(\d+\.\d+)(?:\.\d+)?"),
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.MariaDB.PublishtoCloudWatchLogs.html
        log_exports=("error", "slowquery"),
        parameters=mariadb_parameters,
        longest_database_name=64,
        longest_username=16,
        reserved=_MYSQL_RESERVED,
        bytes_per_connection=25165760,
        most_connections=12000,
        without_insights=_WITHOUT_INSIGHTS,
    ),
    "sqlserver": InstanceProfile(
        title="SQL Server",
        engine=EDITIONS[DEFAULT_EDITION].engine,
        port=1433,
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/SQLServer.Concepts.General.VersionSupport.html: 2019 and
        # 2022; Microsoft no longer develops older ones.
        versions=("15.00", "16.00"),
        default_version="16.00",
        example_version="16.00.4236.2.v1",
        version=re.compile(r"(\d\d\.00)(?:\.\d{4}\.\d+\.v\d+)?"),
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.SQLServer.html
        log_exports=("agent", "error"),
        parameters=sqlserver_parameters,
        longest_database_name=123,  # of 128, since SQL Server appends _log to the name of its log file
        longest_username=16,  # of the master user
        reserved=RESERVED_NAMES,
        without=("database_name", *_LIMITS),
        family_format="{engine}-{major:.4}",  # 16.0 of 16.00
        bytes_per_connection=None,
        most_connections=32_767,  # `user connections` of 0
        default_class=EDITIONS[DEFAULT_EDITION].default_class,
        default_username="admin",
        most_storage_gib=16_384,
        has_iam_authentication=False,
        license_model="license-included",
        checks_passwords=True,
        creates_database=False,
        editions=EDITIONS,
    ),
}
"""The engines of DB instances, by the setting `database` and the argument `engine`."""
# The cluster's default of max_connections:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html#aurora-serverless-v2.max-connections
_POSTGRES_CONNECTIONS = {1: 189, 4: 823, 8: 1669, 16: 3360, 32: 5000}
_MYSQL_CONNECTIONS = {1: 90, 4: 135, 8: 1000, 16: 2000, 32: 3000, 64: 4000, 128: 5000, 192: 6000}
# Where a minimum capacity of 0 is available:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.how-it-works.html#aurora-serverless-v2.how-it-works.capacity
CLUSTER_ENGINES: Mapping[str, ClusterProfile] = {
    "aurora-postgres": ClusterProfile(
        title="Aurora PostgreSQL",
        engine="aurora-postgresql",
        port=5432,
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/aurorapostgresql-release-calendar.html
        versions=("14", "15", "16", "17"),
        default_version="17",
        example_version="17.5",
        version=re.compile(r"(\d+)(?:\.\d+)?"),
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.CloudWatch.html
        log_exports=("postgresql",),
        parameters=postgres_parameters,
        longest_database_name=63,
        longest_username=63,
        reserved=_POSTGRES_RESERVED,
        pauses_from={"14": "14.12", "15": "15.7", "16": "16.3", "17": "17"},
        connections=_POSTGRES_CONNECTIONS,
        most_connections_at_low_minimum=2000,
    ),
    "aurora-mysql": ClusterProfile(
        title="Aurora MySQL",
        engine="aurora-mysql",
        port=3306,
        # Aurora MySQL 3, in standard support until April 2028:
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraMySQLReleaseNotes/AuroraMySQL.release-calendars.html
        versions=("8.0",),
        default_version="8.0",
        example_version="8.0.mysql_aurora.3.10.0",
        version=re.compile(r"(\d+\.\d+)(?:\.mysql_aurora\.\d+\.\d+\.\d+)?"),
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Integrating.CloudWatch.html
        log_exports=("error", "slowquery"),
        parameters=aurora_mysql_parameters,
        longest_database_name=64,
        longest_username=16,
        reserved=_MYSQL_RESERVED,
        pauses_from={"8.0": "8.0.mysql_aurora.3.08.0"},
        connections=_MYSQL_CONNECTIONS,
        without=("idle_transaction_seconds",),
    ),
}
"""The engines of Aurora clusters, by the setting `database` and the argument `engine`."""
ALL_ENGINES: Mapping[str, EngineProfile] = {**ENGINES, **CLUSTER_ENGINES}
"""By the setting `database`."""
PROFILES_BY_NAME: Mapping[str, EngineProfile] = {
    **{profile.engine: profile for profile in ALL_ENGINES.values()},
    **{edition.engine: ENGINES["sqlserver"] for edition in EDITIONS.values()},
}
"""By RDS's name of the engine, which each edition of SQL Server has one of."""
DEFAULT = "postgres"

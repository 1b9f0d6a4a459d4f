"""The engines of RDS and DocumentDB, in a table for each kind of server: a new one is a new row.

Lengths and reserved names: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html,
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
"""

import re
from collections.abc import Mapping

from .engine_profiles import ClusterProfile as ClusterProfile
from .engine_profiles import DocumentProfile as DocumentProfile
from .engine_profiles import EngineProfile as EngineProfile
from .engine_profiles import InstanceProfile as InstanceProfile
from .engine_profiles import version_numbers as version_numbers
from .mysql_words import RESERVED as _MYSQL_WORDS
from .parameters import DEFAULTS as _LIMITS
from .parameters import (
    aurora_mysql_parameters,
    documentdb_parameters,
    mariadb_parameters,
    mysql_parameters,
    postgres_parameters,
    sqlserver_parameters,
)
from .sqlserver_editions import DEFAULT_EDITION, EDITIONS, RESERVED_NAMES

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
_SIZES_TO_16 = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
DOCUMENT_ENGINES: Mapping[str, DocumentProfile] = {
    "documentdb": DocumentProfile(
        title="DocumentDB",
        engine="docdb",
        port=27017,
        # 3.6 is out of standard support since March 2026; upgrades in place lead from 4.0 to 5.0, and from there to 8.0:
        # https://docs.aws.amazon.com/documentdb/latest/developerguide/docdb-mvu.html
        versions=("4.0", "5.0", "8.0"),
        default_version="5.0",
        example_version="5.0.0",
        upgrades_itself=False,
        version=re.compile(r"(\d+\.\d+)(?:\.\d+)?"),
        # https://docs.aws.amazon.com/documentdb/latest/developerguide/event-auditing.html and profiling.html
        log_exports=("audit", "profiler"),
        parameters=documentdb_parameters,
        # https://docs.aws.amazon.com/documentdb/latest/developerguide/limits.html
        longest_database_name=63,
        longest_username=63,
        # Its own databases, and the users of AWS.
        reserved=re.compile(r"admin|local|config|rdsadmin|serviceadmin"),
        default_class="db.t4g.medium",
        # https://docs.aws.amazon.com/documentdb/latest/developerguide/db-instance-classes.html
        sizes={
            "t3": ("medium",),
            "t4g": ("medium",),
            "r5": (*_SIZES_TO_16, "24xlarge"),
            "r6g": _SIZES_TO_16,
            "r6gd": _SIZES_TO_16[1:],
            "r8g": _SIZES_TO_16,
        },
    ),
}
"""The engines of DocumentDB clusters, by the setting `database`."""
ALL_ENGINES: Mapping[str, EngineProfile] = {**ENGINES, **CLUSTER_ENGINES, **DOCUMENT_ENGINES}
"""By the setting `database`."""
PROFILES_BY_NAME: Mapping[str, EngineProfile] = {
    **{profile.engine: profile for profile in ALL_ENGINES.values()},
    **{edition.engine: ENGINES["sqlserver"] for edition in EDITIONS.values()},
}
"""By RDS's name of the engine, which each edition of SQL Server has one of."""
DEFAULT = "postgres"

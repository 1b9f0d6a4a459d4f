"""The engines' configuration: the entries of a database's parameter group.

All but SQL Server's and DocumentDB's TLS are dynamic: RDS applies them at once, to new connections.
"""

from collections.abc import Mapping
from typing import Any

DEFAULTS: Mapping[str, int] = {
    "slow_query_ms": 1000,
    # An idle transaction holds its locks and blocks vacuuming; a minute is longer than any request.
    "idle_transaction_seconds": 60,
    # A migration that waits for a lock blocks every query behind it; it fails before a request times out (45 s).
    "lock_timeout_seconds": 30,
    # An abandoned statement still uses the instance's CPU credits; a quarter of an hour is enough for reports.
    "statement_timeout_seconds": 900,
}
"""The database's arguments that its parameters are made from."""
LEAST_PROFILED_MS = 50
"""The least duration, in milliseconds, from which DocumentDB logs an operation."""
_SQLSERVER = {"rds.force_ssl": "1"}
_MILLISECONDS = 1000
# The longest that the engine accepts, in seconds, where 0 would not mean forever.
_LONGEST_ROW_LOCK_WAIT, _LONGEST_TABLE_LOCK_WAIT = 1_073_741_824, 31_536_000


def postgres_parameters(args: Mapping[str, Any]) -> dict[str, str]:
    """Parameters of PostgreSQL by name."""
    return {
        "rds.force_ssl": "1",
        "log_min_duration_statement": str(args["slow_query_ms"]),
        # Logs which session waits for which; by default after a second (deadlock_timeout).
        "log_lock_waits": "1",
        "idle_in_transaction_session_timeout": str(args["idle_transaction_seconds"] * _MILLISECONDS),
        "lock_timeout": str(args["lock_timeout_seconds"] * _MILLISECONDS),
        "statement_timeout": str(args["statement_timeout_seconds"] * _MILLISECONDS),
    }


def mysql_parameters(args: Mapping[str, Any]) -> dict[str, str]:
    """Parameters of MySQL by name. It has no timeout of idle transactions, and limits the time of SELECTs alone."""
    return {
        **_common_parameters(args),
        "collation_server": "utf8mb4_0900_ai_ci",
        "sql_mode": "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
        "NO_ENGINE_SUBSTITUTION",
        "max_execution_time": str(args["statement_timeout_seconds"] * _MILLISECONDS),
    }


def aurora_mysql_parameters(args: Mapping[str, Any]) -> dict[str, str]:
    """Parameters of Aurora MySQL by name. Where MySQL takes 1, it takes ON:
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Reference.ParameterGroups.html
    """
    return {**mysql_parameters(args), "require_secure_transport": "ON"}


def mariadb_parameters(args: Mapping[str, Any]) -> dict[str, str]:
    """Parameters of MariaDB by name."""
    return {
        **_common_parameters(args),
        # Not the newer utf8mb4_uca1400_ai_ci, whose number drivers that know MySQL alone take for an unknown one.
        "collation_server": "utf8mb4_unicode_ci",
        "sql_mode": "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
        "max_statement_time": str(args["statement_timeout_seconds"]),
        "idle_transaction_timeout": str(args["idle_transaction_seconds"]),
    }


def sqlserver_parameters(args: Mapping[str, Any]) -> dict[str, str]:
    """Parameters of SQL Server by name. Limits of statements and locks are options of its sessions."""
    return dict(_SQLSERVER)


def documentdb_parameters(args: Mapping[str, Any]) -> dict[str, str]:
    """Parameters of DocumentDB by name.

    Audit logs contain logins, and changes of collections, indexes and users; the profiler's contain slow operations.
    https://docs.aws.amazon.com/documentdb/latest/developerguide/cluster_parameter_groups-list_of_parameters.html
    """
    slow_ms = args["slow_query_ms"]
    return {
        # Connections without TLS, and with older versions of it, are rejected: Security Hub's control DocumentDB.6.
        "tls": "tls1.2+",
        "audit_logs": "enabled",
        "profiler": "disabled" if slow_ms < 0 else "enabled",
        "profiler_threshold_ms": str(max(slow_ms, LEAST_PROFILED_MS)),
    }


def parameter_entries(parameters: Mapping[str, str]) -> list[dict[str, str]]:
    """The parameter group's entries. SQL Server's parameter is static: a new instance starts with it, others restart first.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/SQLServer.Concepts.General.SSL.Using.html
    """
    static = {"apply_method": "pending-reboot"} if parameters == _SQLSERVER else {}
    return [{"name": name, "value": value, **static} for name, value in parameters.items()]


def documentdb_entries(parameters: Mapping[str, str]) -> list[dict[str, str]]:
    """The entries of a cluster's parameter group, in which the provider takes each for static by default."""
    methods = {"tls": "pending-reboot"}
    return [
        {"name": name, "value": value, "apply_method": methods.get(name, "immediate")}
        for name, value in parameters.items()
    ]


def _common_parameters(args: Mapping[str, Any]) -> dict[str, str]:
    """Those of both. Strict modes are their own defaults: a value that does not fit is an error, not cut off."""
    slow_ms, lock_seconds = args["slow_query_ms"], args["lock_timeout_seconds"]
    return {
        "require_secure_transport": "1",
        "character_set_server": "utf8mb4",
        # To files, which CloudWatch gets, instead of tables.
        "log_output": "FILE",
        "slow_query_log": "0" if slow_ms < 0 else "1",
        "long_query_time": f"{max(slow_ms, 0) / _MILLISECONDS:g}",
        "innodb_lock_wait_timeout": str(lock_seconds or _LONGEST_ROW_LOCK_WAIT),
        "lock_wait_timeout": str(lock_seconds or _LONGEST_TABLE_LOCK_WAIT),
    }

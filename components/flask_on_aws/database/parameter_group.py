"""PostgreSQL's configuration: the entries of the database's parameter group."""

from .database_args import DatabaseArgs

_MILLISECONDS = 1000


def parameters(args: DatabaseArgs) -> dict[str, str]:
    """Parameters of PostgreSQL by name. All are dynamic: RDS applies them at once, to new connections."""
    return {
        "rds.force_ssl": "1",
        "log_min_duration_statement": str(args["slow_query_ms"]),
        # Logs which session waits for which; by default after a second (deadlock_timeout).
        "log_lock_waits": "1",
        "idle_in_transaction_session_timeout": str(args["idle_transaction_seconds"] * _MILLISECONDS),
        "lock_timeout": str(args["lock_timeout_seconds"] * _MILLISECONDS),
        "statement_timeout": str(args["statement_timeout_seconds"] * _MILLISECONDS),
    }

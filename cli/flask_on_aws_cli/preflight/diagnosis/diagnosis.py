"""Finds the cause of a failure from an app's output and exit code. Pure functions; a new rule is added to `_RULES`."""

from ..check import Finding
from ..output import Output, Rule
from . import bind_rules, database_rules, import_rules, mongodb_rules, mysql_rules, sqlserver_rules, system_rules
from .environment_rule import unknown_environment
from .interface_rule import other_interface
from .variable_rule import missing_variable

# From the most to the least specific.
_RULES: tuple[Rule, ...] = (
    system_rules.architecture,
    system_rules.tls,
    other_interface,
    system_rules.sqlite,
    database_rules.interpolation,
    sqlserver_rules.url_scheme,
    sqlserver_rules.odbc_driver,
    database_rules.url_scheme,
    database_rules.url_query,
    mysql_rules.url_query,
    mysql_rules.cryptography,
    mongodb_rules.retryable_writes,
    mongodb_rules.not_supported,
    missing_variable,
    bind_rules.shell_syntax,
    bind_rules.unexpanded_port,
    bind_rules.port_as_text,
    system_rules.root,
    system_rules.disk,
    unknown_environment,
    mysql_rules.other_database,
    mysql_rules.collation,
    sqlserver_rules.other_database,
    database_rules.driver_not_installed,
    mysql_rules.driver_not_installed,
    sqlserver_rules.driver_not_installed,
    import_rules.not_installed,
    import_rules.command,
    import_rules.import_error,
    system_rules.address_in_use,
    bind_rules.wrong_address,
    database_rules.no_migrations,
    database_rules.schema,
    mysql_rules.login,
    mysql_rules.socket,
    sqlserver_rules.login,
    mongodb_rules.login,
    mongodb_rules.connection,
    database_rules.connection,
)


def diagnose(output: Output) -> Finding | None:
    """The most specific cause that the output shows; None if it shows none."""
    return next((finding for rule in _RULES if (finding := rule(output))), None)


def diagnose_disk(output: Output) -> Finding | None:
    """The finding if the output shows that a file could not be written, whether or not the app failed by it."""
    return system_rules.refused_write(output)


def diagnose_sqlite(output: Output) -> Finding | None:
    """The finding if the output shows that SQLite could not write to the disk, whether or not the app failed by it."""
    return system_rules.refused_sqlite(output)

"""The roles of an RDS server, made by SQL."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

ADMIN = "rdsadmin"  # RDS's own superuser, which nobody else can be
_CONNECT_SECONDS = 3


@contextmanager
def administration(port: int, password: str, database: str = "postgres") -> Generator[psycopg.Connection[Any]]:
    """A connection as superuser, each statement a transaction of its own."""
    with psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=ADMIN,
        password=password,
        dbname=database,
        sslmode="require",
        connect_timeout=_CONNECT_SECONDS,
        autocommit=True,
    ) as connection:
        yield connection


def prepare(connection: psycopg.Connection[Any], username: str, database: str | None) -> None:
    """Make the master user and its database, as far as they are missing.

    The user is what RDS makes of it: no superuser, but with CREATEROLE and CREATEDB and a member of rds_superuser.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.MasterAccounts.html
    """
    for role in ("rds_superuser", "rds_iam"):
        if not _exists(connection, "pg_roles", "rolname", role):
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
    if not _exists(connection, "pg_roles", "rolname", username):
        master = sql.Identifier(username)
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB").format(master))
        connection.execute("GRANT pg_monitor, pg_signal_backend, rds_iam TO rds_superuser WITH ADMIN OPTION")
        connection.execute(sql.SQL("GRANT rds_superuser TO {} WITH ADMIN OPTION").format(master))
    if database is not None and not _exists(connection, "pg_database", "datname", database):
        names = sql.Identifier(database), sql.Identifier(username)
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))


def set_password(connection: psycopg.Connection[Any], username: str, password: str) -> None:
    """Give the role a password; open connections stay."""
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(username), sql.Literal(password))
    connection.execute("SET log_statement = 'none'")  # the text would be in the log
    connection.execute("SET log_min_duration_statement = -1")
    connection.execute(statement)


def _exists(connection: psycopg.Connection[Any], table: str, column: str, name: str) -> bool:
    query = sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(sql.Identifier(table), sql.Identifier(column))
    return connection.execute(query, [name]).fetchone() is not None

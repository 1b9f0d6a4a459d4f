"""Creates the roles of an RDS server with SQL."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

ADMIN = "rdsadmin"  # the superuser on RDS, which is reserved for AWS
_CONNECT_SECONDS = 3


@contextmanager
def admin_connection(port: int, password: str, database: str = "postgres") -> Generator[psycopg.Connection[Any]]:
    """A connection as superuser, in autocommit mode."""
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


def create_missing_roles(connection: psycopg.Connection[Any], username: str, database: str | None) -> None:
    """Create the master user, the roles that RDS creates, and the database, unless they exist.

    As on RDS, the master user is not a superuser, but has CREATEROLE and CREATEDB and is a member of rds_superuser.
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
    """Change the password of a role; open connections are not closed."""
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(username), sql.Literal(password))
    connection.execute("SET log_statement = 'none'")  # otherwise the password would be logged
    connection.execute("SET log_min_duration_statement = -1")
    connection.execute(statement)


def _exists(connection: psycopg.Connection[Any], table: str, column: str, name: str) -> bool:
    query = sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(sql.Identifier(table), sql.Identifier(column))
    return connection.execute(query, [name]).fetchone() is not None

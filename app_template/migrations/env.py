"""Runs the migrations with the app's engine, in one process at a time, and without blocking the app's queries."""

import time

from alembic import context
from alembic.runtime.migration import MigrationContext
from click import ClickException, echo
from flask import current_app
from sqlalchemy import Connection, text

migrate = current_app.extensions["migrate"]
database = migrate.db

# The key of an advisory lock: any number that nothing else in this database locks.
MIGRATION_LOCK = 20240117
# A platform that starts several releases waits for the slowest, but one that hangs must not block the next for ever.
MAX_WAIT_SECONDS = 600
# While a migration waits for a lock, all later queries of the table wait too. So it gives up soon, and `flask release`
# tries again.
LOCK_TIMEOUT = "2s"


def run() -> None:
    # The lock has its own connection: it outlasts commits within migrations, and is released when this process ends.
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as lock_connection:
        lock_connection.detach()  # so that it is closed, and does not return to the pool with the lock
        acquire_lock(lock_connection)
        with database.engine.connect() as connection:
            connection.detach()  # nor this one with these settings
            connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
            # The app's limits are for requests; a migration that fills a column may take longer.
            connection.execute(text("set statement_timeout = 0"))
            connection.execute(text("set idle_in_transaction_session_timeout = 0"))
            connection.commit()
            run_migrations(connection)


def acquire_lock(lock_connection: Connection) -> None:
    end = time.monotonic() + MAX_WAIT_SECONDS
    waited = False
    while not lock_connection.scalar(text("select pg_try_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK}):
        if time.monotonic() > end:
            raise ClickException(
                f"Another release has been migrating for {MAX_WAIT_SECONDS} s: find out why before you try again."
            )
        if not waited:
            echo("Another release is migrating: waiting for it.", err=True)
        waited = True
        time.sleep(0.2)


def run_migrations(connection: Connection) -> None:
    before = MigrationContext.configure(connection).get_current_heads()
    connection.rollback()
    context.configure(connection=connection, target_metadata=database.metadata, **migrate.configure_args)
    with context.begin_transaction():
        context.run_migrations()
    after = MigrationContext.configure(connection).get_current_heads()
    echo(f"Migrated to {', '.join(after) or 'nothing'}." if after != before else "Nothing was left to do.", err=True)


def print_sql() -> None:
    context.configure(url="postgresql://", target_metadata=database.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


print_sql() if context.is_offline_mode() else run()

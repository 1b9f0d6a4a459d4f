"""How Alembic runs this app's migrations: with the app's own engine, one runner at a time, giving way to the app."""

import time

from alembic import context
from alembic.runtime.migration import MigrationContext
from click import ClickException, echo
from flask import current_app
from sqlalchemy import Connection, text

migrate = current_app.extensions["migrate"]
database = migrate.db

# Any number will do, as long as nothing else in this database locks it.
ONE_RUNNER = 20240117
# A platform that starts several releases waits for the slowest; one that hangs should not hold the next for ever.
LONGEST_WAIT_SECONDS = 600
# A change that waits for a lock makes every query behind it wait: better to give way, and be run again by `release`.
LOCK_TIMEOUT = "2s"


def run() -> None:
    # The lock is on a connection of its own: it holds while a migration commits midway, and ends with this process.
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
        guard.detach()  # closed at the end, not back to the pool with the lock
        wait_for_turn(guard)
        with database.engine.connect() as connection:
            connection.detach()  # nor with these limits
            connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
            # The app's limits are for requests: filling a column may take longer.
            connection.execute(text("set statement_timeout = 0"))
            connection.execute(text("set idle_in_transaction_session_timeout = 0"))
            connection.commit()
            migrate_all(connection)


def wait_for_turn(guard: Connection) -> None:
    end = time.monotonic() + LONGEST_WAIT_SECONDS
    waited = False
    while not guard.scalar(text("select pg_try_advisory_lock(:lock)"), {"lock": ONE_RUNNER}):
        if time.monotonic() > end:
            raise ClickException(f"Another release has been migrating for {LONGEST_WAIT_SECONDS} s: look at it first.")
        if not waited:
            echo("Another release is migrating: waiting for it.", err=True)
        waited = True
        time.sleep(0.2)


def migrate_all(connection: Connection) -> None:
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

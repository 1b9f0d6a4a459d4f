"""How Alembic runs this app's migrations: with the app's own engine, one runner at a time."""

from alembic import context
from flask import current_app
from sqlalchemy import text

migrate = current_app.extensions["migrate"]
database = migrate.db

# Any number will do, as long as nothing else in this database locks it.
ONE_RUNNER = 20240117


def run() -> None:
    with database.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=database.metadata, **migrate.configure_args)
        with context.begin_transaction():
            # Two releases at once: the second waits here, and then finds nothing left to do.
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": ONE_RUNNER})
            # A change that waits for a lock makes every query behind it wait: better to fail, and be run again.
            connection.execute(text("set local lock_timeout = '5s'"))
            context.run_migrations()


def print_sql() -> None:
    context.configure(url="postgresql://", target_metadata=database.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


print_sql() if context.is_offline_mode() else run()

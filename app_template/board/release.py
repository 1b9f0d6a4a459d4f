"""`flask release`: migrates the database for this release, once even if several tasks run it at the same time."""

import time
from typing import Any

import click
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from sqlalchemy.exc import DBAPIError, OperationalError

from .models import database

_ATTEMPTS = 20  # 100 s in total: longer than a report that someone runs by hand
# Between two attempts, so that the requests that waited for the migration are answered first.
_PAUSE_SECONDS = 3
# PostgreSQL's error codes for a migration that was blocked: lock_not_available, deadlock_detected.
_BLOCKED = ("55P03", "40P01")


@click.command("release")
@click.option("--plan", is_flag=True, help="Show the migrations without running them.")
@with_appcontext
def release(plan: bool) -> None:
    """Migrate the database; only one process at a time, and without blocking the app's queries."""
    try:
        pending = _pending_migrations()
    except OperationalError as error:
        raise click.ClickException(f"The database is unavailable: {_first_line(error)}") from error
    if not pending:
        click.echo("The database is up to date: nothing to do.")
        return
    click.echo("To run:" if plan else "Running, unless another release does:")
    for migration in pending:
        click.echo(f"  {migration.revision}  {migration.doc}")
    if not plan:
        _migrate()


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).split("\n", 1)[0]


def _config() -> Config:
    migrate: Any = current_app.extensions["migrate"]
    return migrate.migrate.get_config()


def _pending_migrations() -> list[Any]:
    """The migrations that have not been applied, the next one first."""
    scripts = ScriptDirectory.from_config(_config())
    with database.engine.connect() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    return list(reversed([*scripts.iterate_revisions("heads", heads or "base")]))


def _migrate() -> None:
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            upgrade()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _BLOCKED or not attempts_left:
                raise click.ClickException(f"The migration failed and was rolled back: {_first_line(error)}") from error
            click.echo(f"Other queries hold what the migration needs: again in {_PAUSE_SECONDS} s.", err=True)
            time.sleep(_PAUSE_SECONDS)
        else:
            return

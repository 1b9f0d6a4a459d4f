"""Tests of simultaneous release commands, and of one that a long query blocks."""

import shutil
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from tests.waiting import HANG_SECONDS

from .processes import TEMPLATE, App, Clients, Postgres

_SIMULTANEOUS = 8
_LOCK_TIMEOUT = 2.0  # seconds, as in migrations/env.py
_TOLERANCE = 1.0  # seconds for a request on a busy machine

MIGRATION = '''
revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None
from alembic import op
import sqlalchemy as sa
def upgrade():
    """add author"""
    op.add_column("post", sa.Column("author", sa.Text()))
'''


def _start_together(app: App, postgres: Postgres) -> list[str]:
    environment = app.environment | {"DATABASE_URL": postgres.new_database()}
    started = [
        subprocess.Popen(
            app.release, cwd=app.home, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(_SIMULTANEOUS)
    ]
    outputs = [process.communicate(timeout=HANG_SECONDS)[0] for process in started]
    assert [process.returncode for process in started] == [0] * _SIMULTANEOUS, outputs
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        assert connection.execute("select version_num from alembic_version").fetchall() == [("0001",)]
    return outputs


def _check_that_one_migrates(outputs: list[str]) -> None:
    assert sum("Migrated to 0001." in output for output in outputs) == 1, outputs
    others = ("Nothing was left to do.", "The database is up to date: nothing to do.")
    assert sum(any(text in output for text in others) for output in outputs) == _SIMULTANEOUS - 1, outputs


def test_of_eight_simultaneous_releases_exactly_one_migrates(app: App, postgres: Postgres) -> None:
    outputs = _start_together(app, postgres)
    _check_that_one_migrates(outputs)


@pytest.mark.slow
def test_of_eight_simultaneous_releases_exactly_one_migrates_100_times(app: App, postgres: Postgres) -> None:
    with_waiting = 0
    for _ in range(100):
        outputs = _start_together(app, postgres)
        _check_that_one_migrates(outputs)
        with_waiting += any("Another release is migrating" in output for output in outputs)
    assert with_waiting  # otherwise no releases ran at the same time
    print(f"a release waited for another in {with_waiting} of 100")


@pytest.fixture
def next_release(app: App, app_bin: Path, tmp_path: Path) -> App:
    """The template with another migration, which needs an exclusive lock of the table."""
    home = tmp_path / "next"
    shutil.copytree(TEMPLATE, home, ignore=shutil.ignore_patterns("__pycache__", ".*", "tests"))
    (home / "migrations" / "versions" / "0002_add_author.py").write_text(MIGRATION)
    return App(app_bin, tmp_path, home, **app.environment)


def _block(app: App, next_release: App, seconds: float) -> Clients:
    """Run the next release during a long query of the table, while clients use the app."""
    with app.serving() as instance, psycopg.connect(app.database_url) as reader:
        with Clients(instance.port, 2, one_post_in=3, pause=0.02) as clients:
            time.sleep(0.5)
            reader.execute("select count(*) from post")
            release = subprocess.Popen(
                next_release.release,
                cwd=next_release.home,
                env=next_release.environment,
                stderr=subprocess.PIPE,
                text=True,
                stdout=subprocess.DEVNULL,
            )
            time.sleep(seconds)
            assert release.poll() is None
            reader.rollback()
            errors = release.communicate(timeout=HANG_SECONDS)[1]
        assert release.returncode == 0, errors
        assert "Other queries hold what the migration needs" in errors
        assert "Migrated to 0002." in errors
    return clients


def _check_clients(clients: Clients) -> None:
    assert clients.failures() == {}
    # The migration delayed requests, otherwise this test proves nothing, but never by more than its lock timeout.
    assert 0.5 * _LOCK_TIMEOUT < clients.slowest < _LOCK_TIMEOUT + _TOLERANCE


def test_a_blocked_migration_delays_requests_by_at_most_its_lock_timeout(app: App, next_release: App) -> None:
    _check_clients(_block(app, next_release, 6))


@pytest.mark.slow
def test_a_migration_that_is_blocked_for_a_minute_delays_requests_by_at_most_its_lock_timeout(
    app: App, next_release: App
) -> None:
    _check_clients(_block(app, next_release, 60))

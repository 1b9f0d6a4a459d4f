"""Release commands that start together, and one that meets a long query."""

import shutil
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from .processes import TEMPLATE, App, Clients, Postgres

_AT_ONCE = 8
_LOCK_TIMEOUT = 2.0  # seconds: migrations/env.py
_SLACK = 1.0  # a request of a busy machine

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
        for _ in range(_AT_ONCE)
    ]
    outputs = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0] * _AT_ONCE, outputs
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        assert connection.execute("select version_num from alembic_version").fetchall() == [("0001",)]
    return outputs


def _exactly_one_migrates(outputs: list[str]) -> None:
    assert sum("Migrated to 0001." in output for output in outputs) == 1, outputs
    others = ("Nothing was left to do.", "The database is up to date: nothing to do.")
    assert sum(any(text in output for text in others) for output in outputs) == _AT_ONCE - 1, outputs


def test_of_eight_releases_at_once_exactly_one_migrates(app: App, postgres: Postgres) -> None:
    outputs = _start_together(app, postgres)
    _exactly_one_migrates(outputs)


@pytest.mark.slow
def test_of_eight_releases_at_once_exactly_one_migrates_100_times(app: App, postgres: Postgres) -> None:
    met = 0
    for _ in range(100):
        outputs = _start_together(app, postgres)
        _exactly_one_migrates(outputs)
        met += any("Another release is migrating" in output for output in outputs)
    assert met  # they did meet
    print(f"met in {met} of 100")


@pytest.fixture
def next_release(app: App, app_bin: Path, tmp_path: Path) -> App:
    """The template with a migration more, which needs the table for itself alone."""
    home = tmp_path / "next"
    shutil.copytree(TEMPLATE, home, ignore=shutil.ignore_patterns("__pycache__", ".*", "tests"))
    (home / "migrations" / "versions" / "0002_add_author.py").write_text(MIGRATION)
    return App(app_bin, tmp_path, home, **app.environment)


def _block(app: App, next_release: App, seconds: float) -> Clients:
    """A long query holds the table while the next release migrates and the old one serves."""
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
            errors = release.communicate(timeout=60)[1]
        assert release.returncode == 0, errors
        assert "Other queries hold what the migration needs" in errors
        assert "Migrated to 0002." in errors
    return clients


def _the_app_goes_on(clients: Clients) -> None:
    assert clients.lost() == {}
    # It was in the way, or this test would show nothing; but never for longer than its lock timeout.
    assert 0.5 * _LOCK_TIMEOUT < clients.slowest < _LOCK_TIMEOUT + _SLACK


def test_a_blocked_migration_stalls_the_app_no_longer_than_its_lock_timeout(app: App, next_release: App) -> None:
    _the_app_goes_on(_block(app, next_release, 6))


@pytest.mark.slow
def test_a_migration_blocked_for_a_minute(app: App, next_release: App) -> None:
    _the_app_goes_on(_block(app, next_release, 60))

"""Tests of `flask release`: its output, its migrations, and what it does while queries block it."""

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from board import create_app
from board.settings import Settings
from conftest import KEY
from flask import Flask
from sqlalchemy import make_url


@pytest.fixture
def app(empty_database: str) -> Flask:
    return create_app(Settings.from_environment({"SECRET_KEY": KEY, "DATABASE_URL": empty_database}))


@pytest.fixture
def run(app: Flask) -> Callable[..., str]:
    def run(*arguments: str, code: int = 0) -> str:
        result = app.test_cli_runner().invoke(args=["release", *arguments])
        assert result.exit_code == code, result.output
        return result.output

    return run


def _tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute("select tablename from pg_tables where schemaname = 'public'")}


def test_plan_shows_the_pending_migrations_without_running_them(run: Callable[..., str], empty_database: str) -> None:
    assert run("--plan") == "To run:\n  0001  create post\n"
    assert _tables(empty_database) == set()


def test_the_second_release_has_nothing_to_do(run: Callable[..., str], empty_database: str) -> None:
    output = run()
    assert "Running, unless another release does:\n  0001  create post\n" in output
    assert "Migrated to 0001." in output
    assert _tables(empty_database) == {"post", "alembic_version"}
    assert run() == run("--plan") == "The database is up to date: nothing to do.\n"


def test_the_apps_connections_do_not_have_the_settings_of_a_migration(app: Flask, run: Callable[..., str]) -> None:
    run()
    assert app.test_client().get("/up/databases").status_code == 200
    with app.app_context():
        engine = app.extensions["migrate"].db.engine
        with engine.connect() as connection:
            assert connection.exec_driver_sql("show lock_timeout").scalar() == "0"
            assert connection.exec_driver_sql("show statement_timeout").scalar() == "30s"
            assert connection.exec_driver_sql("select count(*) from pg_locks where locktype = 'advisory'").scalar() == 0


@pytest.fixture
def blocking_connection(empty_database: str) -> Iterator[psycopg.Connection]:
    """A long query of the app, which locks a table that the migration writes."""
    with psycopg.connect(empty_database) as connection:
        connection.execute("create table alembic_version (version_num varchar(32) primary key)")
        connection.commit()
        connection.execute("lock table alembic_version in share mode")
        yield connection


def test_a_blocked_migration_stops_and_is_tried_again(
    run: Callable[..., str], blocking_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("board.release._PAUSE_SECONDS", 0.5)
    unblock = threading.Timer(3, blocking_connection.rollback)  # during the second attempt: an attempt lasts 2 s
    unblock.start()
    began = time.monotonic()
    output = run()
    unblock.join()
    assert 2.5 < time.monotonic() - began < 6
    assert output.count("Other queries hold what the migration needs: again in 0.5 s.") == 1
    assert "Migrated to 0001." in output


def test_a_migration_that_stays_blocked_fails_with_one_sentence_and_changes_nothing(
    run: Callable[..., str],
    blocking_connection: psycopg.Connection,
    empty_database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("board.release._PAUSE_SECONDS", 0)
    monkeypatch.setattr("board.release._ATTEMPTS", 2)
    output = run(code=1)
    assert output.splitlines()[-1].startswith("Error: The migration failed and was rolled back: canceling statement")
    assert _tables(empty_database) == {"alembic_version"}


def test_an_unavailable_database_is_reported_in_one_sentence(empty_database: str) -> None:
    url = make_url(empty_database).update_query_dict({"host": "/nowhere"}).render_as_string(hide_password=False)
    app = create_app(Settings.from_environment({"SECRET_KEY": KEY, "DATABASE_URL": url}))
    result = app.test_cli_runner().invoke(args=["release"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: The database is unavailable")
    assert "Traceback" not in result.output

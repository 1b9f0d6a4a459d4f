"""Tests of requests while the database restarts, fails over or gets a new password."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import psycopg
import pytest
from board.database import OUTAGE_SECONDS, login, read
from board.models import Post, database
from conftest import REGION, Postgres
from flask import Flask
from flask.testing import FlaskClient
from pages import submit
from sqlalchemy import event, select, text

MakeApp = Callable[..., Flask]
CallLater = Callable[..., None]


@pytest.fixture
def call_later() -> Iterator[CallLater]:
    """Calls a function after some seconds; the test ends after the call."""
    timers: list[threading.Timer] = []

    def call_later(seconds: float, function: Callable[..., None], *arguments: str) -> None:
        timers.append(threading.Timer(seconds, function, arguments))
        timers[-1].start()

    yield call_later
    for timer in timers:
        timer.join()


@pytest.fixture
def stoppable_postgres(postgres: Postgres) -> Iterator[Postgres]:
    """PostgreSQL for tests that stop it; it is started again after the test."""
    yield postgres
    if not postgres.is_running():
        postgres.start()


def _timed_get(client: FlaskClient, path: str = "/up/databases") -> tuple[int, float]:
    began = time.monotonic()
    return client.get(path).status_code, time.monotonic() - began


def test_a_request_waits_while_the_database_restarts(
    make_app: MakeApp, stoppable_postgres: Postgres, call_later: CallLater
) -> None:
    client = make_app().test_client()
    assert _timed_get(client)[0] == 200
    ready: list[float] = []

    def start() -> None:
        stoppable_postgres.start()
        ready.append(time.monotonic())

    stoppable_postgres.stop()
    call_later(2, start)
    status, seconds = _timed_get(client)
    assert status == 200
    assert seconds > 1.5
    # Two seconds after the database is there, however long its start takes on a busy machine.
    assert not ready or time.monotonic() < ready[0] + 2


def test_requests_fail_at_once_during_a_long_outage_and_succeed_at_once_after_it(
    make_app: MakeApp, stoppable_postgres: Postgres
) -> None:
    client = make_app().test_client()
    stoppable_postgres.stop()
    status, seconds = _timed_get(client)
    assert status == 503
    assert OUTAGE_SECONDS - 0.5 < seconds < OUTAGE_SECONDS + 2
    for _ in range(3):
        status, seconds = _timed_get(client)
        assert status == 503
        assert seconds < 0.5
    stoppable_postgres.start()
    assert _timed_get(client)[0] == 200


def test_requests_wait_again_in_a_later_outage(
    make_app: MakeApp, stoppable_postgres: Postgres, call_later: CallLater, monkeypatch: Any
) -> None:
    monkeypatch.setattr("board.database._FORGET_SECONDS", 0.5)
    client = make_app().test_client()
    stoppable_postgres.stop()
    assert _timed_get(client)[0] == 503
    time.sleep(1)
    call_later(1, stoppable_postgres.start)
    assert _timed_get(client)[0] == 200  # it waited for the restart


def _terminate_connection(postgres: Postgres, connection: Any) -> None:
    process_id = connection.connection.driver_connection.info.backend_pid
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(%s)", [process_id])


def test_an_interrupted_transaction_is_503_and_stores_nothing(make_app: MakeApp, postgres: Postgres) -> None:
    app = make_app()

    @app.get("/broken")
    def broken() -> str:
        database.session.add(Post(body="interrupted"))
        database.session.flush()
        _terminate_connection(postgres, database.session.connection())
        database.session.commit()
        return "unreachable"

    response = app.test_client().get("/broken")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "interrupted" not in app.test_client().get("/").text


def test_an_interrupted_read_is_repeated(make_app: MakeApp, postgres: Postgres) -> None:
    app = make_app()
    terminated: list[Any] = []
    with app.app_context():

        @event.listens_for(app.extensions["board.reader"], "before_cursor_execute")
        def terminate_once(connection: Any, *_: Any) -> None:
            if not terminated:
                terminated.append(connection)
                _terminate_connection(postgres, connection)

        assert read(select(Post.id)) == []
    assert terminated


def test_an_invalid_query_is_an_error_of_the_app(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/wrong", view_func=lambda: str(database.session.execute(text("select no_such_column"))))
    assert app.test_client().get("/wrong").status_code == 500


def test_a_write_that_fails_on_a_replica_closes_the_connection(
    make_app: MakeApp, postgres: Postgres, call_later: CallLater
) -> None:
    """After a failover, a pooled connection may lead to the former primary, which is now read-only."""
    client = make_app().test_client()
    assert submit(client, "before").status_code == 303

    def set_read_only(value: str) -> None:
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(f"alter system set default_transaction_read_only = {value}")
            connection.execute("select pg_reload_conf()")

    try:
        set_read_only("on")
        time.sleep(0.3)
        assert submit(client, "meanwhile").status_code == 503
        call_later(1, set_read_only, "off")
        assert submit(client, "after").status_code == 303  # it waited for a server that accepts writes
    finally:
        set_read_only("off")
    page = client.get("/").text
    assert "after" in page
    assert "meanwhile" not in page


def test_the_pool_has_one_connection_per_thread_with_time_limits(make_app: MakeApp) -> None:
    app = make_app(DATABASE_THREADS="7")
    with app.app_context():
        assert database.engine.pool.size() == 7
        for name, value in {"statement_timeout": "30s", "idle_in_transaction_session_timeout": "30s"}.items():
            assert database.session.scalar(text(f"show {name}")) == value


@pytest.mark.parametrize("stage", ["AWSCURRENT", "AWSPENDING"])
def test_a_new_password_is_used_without_an_error(
    make_app: MakeApp, postgres: Postgres, database_url: str, aws: None, stage: str
) -> None:
    """The rotation is finished (AWSCURRENT), or has changed the database but not yet the secret (AWSPENDING)."""
    secrets = boto3.client("secretsmanager", region_name=REGION)
    old, new = (json.dumps({"username": "rotated", "password": password}) for password in ("old", "new"))
    arn = secrets.create_secret(Name=f"database-{stage}", SecretString=old)["ARN"]
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute("drop role if exists rotated")
        admin.execute("create role rotated superuser login password 'old'")
        url = database_url.replace("board@", "rotated:old@")
        client = make_app(DATABASE_URL=url, DATABASE_SECRET_ARN=arn).test_client()
        assert submit(client, "with the old password").status_code == 303

        admin.execute("alter role rotated password 'new'")
        secrets.put_secret_value(SecretId=arn, SecretString=new, VersionStages=[stage])
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'rotated'")
        assert submit(client, "with the new password").status_code == 303
        assert _timed_get(client)[0] == 200


def test_a_wrong_password_without_a_secret_is_503(make_app: MakeApp, postgres: Postgres, database_url: str) -> None:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute("drop role if exists rotated")
        admin.execute("create role rotated login password 'right'")
    client = make_app(DATABASE_URL=database_url.replace("board@", "rotated:wrong@")).test_client()
    assert _timed_get(client)[0] == 503


@pytest.mark.parametrize(
    ("secret", "parameters"),
    [
        ('{"username": "u", "password": "p", "host": "h"}', {"user": "u", "password": "p"}),
        ('{"PGUSER": "u", "PGPASSWORD": "p"}', {"user": "u", "password": "p"}),
        ('{"DATABASE_URL": "postgresql://u:p%40@h/d"}', {"user": "u", "password": "p@"}),
        ("postgresql://u:p%40@h/d", {"user": "u", "password": "p@"}),
        ('{"PGPASSWORD": "p"}', {"password": "p"}),
        ("p", {"password": "p"}),
        ("123", {"password": "123"}),
        ("{}", {}),
    ],
)
def test_every_format_of_a_secret_is_read(secret: str, parameters: dict[str, str]) -> None:
    assert login(secret) == parameters

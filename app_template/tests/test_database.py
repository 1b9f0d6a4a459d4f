"""What requests see when the database restarts, fails over or gets a new password."""

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
from pages import send
from sqlalchemy import event, select, text

MakeApp = Callable[..., Flask]
Later = Callable[..., None]


@pytest.fixture
def later() -> Iterator[Later]:
    """Does something after some seconds, and has done it when the test ends."""
    timers: list[threading.Timer] = []

    def later(seconds: float, function: Callable[..., None], *arguments: str) -> None:
        timers.append(threading.Timer(seconds, function, arguments))
        timers[-1].start()

    yield later
    for timer in timers:
        timer.join()


@pytest.fixture
def running(postgres: Postgres) -> Iterator[Postgres]:
    """PostgreSQL, which a test may leave stopped."""
    yield postgres
    if not postgres.running():
        postgres.start()


def _get(client: FlaskClient, path: str = "/up/databases") -> tuple[int, float]:
    began = time.monotonic()
    return client.get(path).status_code, time.monotonic() - began


def test_a_request_waits_for_a_database_that_restarts(make_app: MakeApp, running: Postgres, later: Later) -> None:
    client = make_app().test_client()
    assert _get(client)[0] == 200
    running.stop()
    later(2, running.start)
    status, seconds = _get(client)
    assert status == 200
    assert 1.5 < seconds < 4


def test_a_long_outage_is_answered_at_once_and_its_end_is_noticed_at_once(make_app: MakeApp, running: Postgres) -> None:
    client = make_app().test_client()
    running.stop()
    status, seconds = _get(client)
    assert status == 503
    assert OUTAGE_SECONDS - 0.5 < seconds < OUTAGE_SECONDS + 2
    for _ in range(3):
        status, seconds = _get(client)
        assert status == 503
        assert seconds < 0.5
    running.start()
    assert _get(client)[0] == 200


def test_an_outage_of_long_ago_does_not_count(
    make_app: MakeApp, running: Postgres, later: Later, monkeypatch: Any
) -> None:
    monkeypatch.setattr("board.database._FORGET_SECONDS", 0.5)
    client = make_app().test_client()
    running.stop()
    assert _get(client)[0] == 503
    time.sleep(1)
    later(1, running.start)
    assert _get(client)[0] == 200  # waited for again


def _end_own_connection(postgres: Postgres, connection: Any) -> None:
    number = connection.connection.driver_connection.info.backend_pid
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s)", [number])


def test_a_transaction_that_breaks_is_503_and_stores_nothing(make_app: MakeApp, postgres: Postgres) -> None:
    app = make_app()

    @app.get("/broken")
    def broken() -> str:
        database.session.add(Post(body="half"))
        database.session.flush()
        _end_own_connection(postgres, database.session.connection())
        database.session.commit()
        return "unreachable"

    answer = app.test_client().get("/broken")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "half" not in app.test_client().get("/").text


def test_a_query_that_breaks_is_asked_again(make_app: MakeApp, postgres: Postgres) -> None:
    app = make_app()
    broken: list[Any] = []
    with app.app_context():

        @event.listens_for(app.extensions["board.reader"], "before_cursor_execute")
        def end_once(connection: Any, *_: Any) -> None:
            if not broken:
                broken.append(connection)
                _end_own_connection(postgres, connection)

        assert read(select(Post.id)) == []
    assert broken


def test_an_error_of_the_app_stays_an_error(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/wrong", view_func=lambda: str(database.session.execute(text("select no_such_column"))))
    assert app.test_client().get("/wrong").status_code == 500


def test_a_write_that_meets_a_replica_leaves_it(make_app: MakeApp, postgres: Postgres, later: Later) -> None:
    """After a failover a kept connection may lead to what only reads now."""
    client = make_app().test_client()
    assert send(client, "before").status_code == 303

    def set_read_only(value: str) -> None:
        with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(f"alter system set default_transaction_read_only = {value}")
            connection.execute("select pg_reload_conf()")

    try:
        set_read_only("on")
        time.sleep(0.3)
        assert send(client, "meanwhile").status_code == 503
        later(1, set_read_only, "off")
        assert send(client, "after").status_code == 303  # waited for a server that takes writes
    finally:
        set_read_only("off")
    page = client.get("/").text
    assert "after" in page
    assert "meanwhile" not in page


def test_a_connection_has_its_limits(make_app: MakeApp) -> None:
    app = make_app(DATABASE_THREADS="7")
    with app.app_context():
        assert database.engine.pool.size() == 7
        for name, value in {"statement_timeout": "30s", "idle_in_transaction_session_timeout": "30s"}.items():
            assert database.session.scalar(text(f"show {name}")) == value


@pytest.mark.parametrize("stage", ["AWSCURRENT", "AWSPENDING"])
def test_a_new_password_is_taken_up_without_an_error(
    make_app: MakeApp, postgres: Postgres, database_url: str, aws: None, stage: str
) -> None:
    """Whether the rotation has finished, or has changed the database and not yet the secret."""
    secrets = boto3.client("secretsmanager", region_name=REGION)
    old, new = (json.dumps({"username": "rotated", "password": password}) for password in ("old", "new"))
    arn = secrets.create_secret(Name=f"database-{stage}", SecretString=old)["ARN"]
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute("drop role if exists rotated")
        admin.execute("create role rotated superuser login password 'old'")
        url = database_url.replace("board@", "rotated:old@")
        client = make_app(DATABASE_URL=url, DATABASE_SECRET_ARN=arn).test_client()
        assert send(client, "with the old password").status_code == 303

        admin.execute("alter role rotated password 'new'")
        secrets.put_secret_value(SecretId=arn, SecretString=new, VersionStages=[stage])
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'rotated'")
        assert send(client, "with the new password").status_code == 303
        assert _get(client)[0] == 200


def test_a_wrong_password_without_a_secret_is_503(make_app: MakeApp, postgres: Postgres, database_url: str) -> None:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute("drop role if exists rotated")
        admin.execute("create role rotated login password 'right'")
    client = make_app(DATABASE_URL=database_url.replace("board@", "rotated:wrong@")).test_client()
    assert _get(client)[0] == 503


@pytest.mark.parametrize(
    ("secret", "found"),
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
def test_the_forms_of_a_secret(secret: str, found: dict[str, str]) -> None:
    assert login(secret) == found

"""Tests of what platforms rely on: health checks, addresses, headers, logs, static files."""

import json
import re
from collections.abc import Callable

import flask_migrate
import pytest
from board import create_app
from board.settings import Settings
from conftest import KEY, Postgres
from flask import Flask
from pages import submit, token
from sqlalchemy import inspect

MakeApp = Callable[..., Flask]
NO_DATABASE = "postgresql://board@/board?host=/nowhere"


def test_the_health_check_succeeds_without_a_database(make_app: MakeApp) -> None:
    client = make_app(DATABASE_URL=NO_DATABASE).test_client()
    response = client.get("/up", headers={"Host": "10.0.0.7:8080"})
    assert (response.status_code, response.text) == (200, "up\n")


def test_pages_and_the_database_check_respond_503_without_a_database(make_app: MakeApp) -> None:
    client = make_app(DATABASE_URL=NO_DATABASE).test_client()
    for path in ("/up/databases", "/"):
        response = client.get(path)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


def test_a_database_restart_causes_no_errors(make_app: MakeApp, postgres: Postgres) -> None:
    client = make_app().test_client()
    assert client.get("/up/databases").status_code == 200
    postgres.stop()
    try:
        assert client.get("/up/databases").status_code == 503
    finally:
        postgres.start()
    assert client.get("/up/databases").status_code == 200

    postgres.stop()  # this time no request notices, and the pool's connection is broken
    postgres.start()
    assert client.get("/up/databases").status_code == 200


def test_version_returns_the_release(make_app: MakeApp) -> None:
    assert make_app(RELEASE="sha256:1234").test_client().get("/version").json == {"release": "sha256:1234"}


def test_links_and_redirects_have_the_external_url(make_app: MakeApp) -> None:
    client = make_app(EXTERNAL_URL="https://board.example", TRUST_PROXY_DEPTH="1").test_client()
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    page = client.get("/", headers=forged)
    assert '<link rel="canonical" href="https://board.example/">' in page.text

    https = "https://board.example"
    data = {"csrf_token": token(client, https), "body": "hello"}
    response = client.post(
        "/", base_url=https, data=data, headers={"Referer": f"{https}/", "X-Forwarded-Proto": "http"}
    )
    assert (response.status_code, response.location) == (303, "https://board.example/")


def test_without_an_external_url_links_have_the_host_of_the_request(make_app: MakeApp) -> None:
    client = make_app(TRUST_PROXY_DEPTH="1").test_client()
    page = client.get(
        "/", headers={"Host": "board.test", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    )
    assert '<link rel="canonical" href="https://board.test/">' in page.text


@pytest.mark.parametrize(("depth", "client"), [("0", "127.0.0.1"), ("1", "3.3.3.3"), ("2", "2.2.2.2")])
def test_the_log_has_the_client_in_front_of_the_trusted_proxies(
    make_app: MakeApp, capsys: pytest.CaptureFixture[str], depth: str, client: str
) -> None:
    app = make_app(TRUST_PROXY_DEPTH=depth)
    capsys.readouterr()
    app.test_client().get("/version", headers={"X-Forwarded-For": "1.1.1.1, 2.2.2.2, 3.3.3.3"}, buffered=True)
    assert json.loads(capsys.readouterr().err)["client"] == client


def test_sessions_and_open_forms_stay_valid_after_a_key_rotation(make_app: MakeApp) -> None:
    """A form that was opened before the rotation can be sent to a task that has the new key."""
    visitor = make_app().test_client()
    form_token = token(visitor)
    cookie = visitor.get_cookie("session")
    assert cookie

    def post_with(**keys: str) -> int:
        client = make_app(SECRET_KEY="z" + KEY, **keys).test_client()
        client.set_cookie("session", cookie.value)
        return client.post("/", data={"csrf_token": form_token, "body": "hello"}).status_code

    assert post_with(SECRET_KEY_FALLBACKS=f"another, {KEY}") == 303
    assert post_with() == 400


def test_the_session_cookie_is_secure_and_http_only(make_app: MakeApp) -> None:
    page = make_app(EXTERNAL_URL="https://board.example").test_client().get("/")
    cookie = page.headers["Set-Cookie"]
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    assert page.headers["Cache-Control"] == "no-store"


def test_every_response_has_the_security_headers(make_app: MakeApp) -> None:
    client = make_app(EXTERNAL_URL="https://board.example").test_client()
    for path in ("/", "/up", "/not-there"):
        headers = client.get(path).headers
        assert headers["Content-Security-Policy"] == (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_view_can_override_the_default_headers(make_app: MakeApp) -> None:
    app = make_app()
    overrides = {"cache-control": "max-age=60", "Content-Security-Policy": "default-src 'self'"}
    app.add_url_rule("/overrides", view_func=lambda: ("", overrides))
    headers = app.test_client().get("/overrides").headers
    assert headers.getlist("Cache-Control") == ["max-age=60"]
    assert headers.getlist("Content-Security-Policy") == ["default-src 'self'"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_responses_of_localhost_have_no_strict_transport_security(make_app: MakeApp) -> None:
    response = make_app(APP_ENV="Dev", EXTERNAL_URL="https://localhost:8443").test_client().get("/up")
    assert "Strict-Transport-Security" not in response.headers


def test_static_files_have_a_hash_in_their_name_and_are_cached_for_a_year(make_app: MakeApp) -> None:
    client = make_app(SEND_FILE_MAX_AGE_DEFAULT="31556926").test_client()
    match = re.search(r'href="(/static/style\.[0-9a-f]{12}\.css)"', client.get("/").text)
    assert match
    response = client.get(match[1], buffered=True)
    assert (response.status_code, response.mimetype) == (200, "text/css")
    assert response.headers["Cache-Control"] == "max-age=31556926, public"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/static/style.000000000000.css").status_code == 404


def test_a_request_is_logged_as_one_line_of_json_without_secrets(
    make_app: MakeApp, capsys: pytest.CaptureFixture[str]
) -> None:
    client = make_app().test_client()
    form_token = token(client)
    capsys.readouterr()
    client.post(
        "/?reset=query-secret",
        data={"csrf_token": form_token, "body": "body-secret"},
        headers={"Authorization": "Bearer header-secret", "X-Amzn-Trace-Id": "Root=1-" + "2" * 500},
        buffered=True,
    )
    output = capsys.readouterr().err
    lines = output.splitlines()
    assert len(lines) == 1, output
    line = json.loads(lines[0])
    assert {name: line[name] for name in ("message", "method", "path", "status", "level")} == {
        "message": "request",
        "method": "POST",
        "path": "/",
        "status": 303,
        "level": "info",
    }
    assert line["ms"] > 0
    assert len(line["trace"]) <= 128
    cookie = client.get_cookie("session")
    assert cookie
    for secret in ("secret", form_token, cookie.value, KEY):
        assert secret not in output


def test_static_files_and_missing_pages_are_logged_and_successful_health_checks_are_not(
    make_app: MakeApp, capsys: pytest.CaptureFixture[str]
) -> None:
    client = make_app().test_client()
    capsys.readouterr()
    for path in ("/up", "/static/style.css", "/not%0Athere"):
        client.get(path, buffered=True)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["path"], line["status"]) for line in lines] == [("/static/style.css", 200), ("/not\nthere", 404)]


def test_an_error_is_logged_with_its_traceback_and_without_the_posted_text(
    make_app: MakeApp, capsys: pytest.CaptureFixture[str]
) -> None:
    app = make_app()
    client = app.test_client()
    form_token = token(client)
    with app.app_context():
        flask_migrate.downgrade(revision="base")  # no table: the insert fails
    capsys.readouterr()
    response = client.post("/", data={"csrf_token": form_token, "body": "body-secret"}, buffered=True)
    output = capsys.readouterr().err
    lines = [json.loads(line) for line in output.splitlines()]
    assert response.status_code == 500
    assert "UndefinedTable" in lines[0]["exception"]
    assert lines[-1]["status"] == 500
    assert "body-secret" not in output


def test_a_failed_connection_is_logged_without_the_database_password(
    make_app: MakeApp, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "postgresql://board:password-secret@127.0.0.1:1/board"
    make_app(DATABASE_URL=url).test_client().get("/up/databases", buffered=True)
    output = capsys.readouterr().err
    assert "Connection refused" in output
    assert "password-secret" not in output


def test_migrations_create_the_tables_of_the_models_and_can_be_reverted(empty_database: str) -> None:
    app = create_app(Settings.from_environment({"SECRET_KEY": KEY, "DATABASE_URL": empty_database}))
    with app.app_context():
        engine = app.extensions["migrate"].db.engine
        flask_migrate.upgrade()
        assert {column["name"] for column in inspect(engine).get_columns("post")} == {
            "id",
            "body",
            "picture_key",
            "picture_description",
            "created_at",
        }
        flask_migrate.check()  # fails if the models differ from the migrated tables
        flask_migrate.upgrade()
        flask_migrate.downgrade(revision="base")
        assert not inspect(engine).has_table("post")


def test_a_request_whose_view_fails_is_logged(make_app: MakeApp, capsys: pytest.CaptureFixture[str]) -> None:
    app = make_app()
    app.add_url_rule("/broken", view_func=lambda: 1 // 0)
    capsys.readouterr()
    assert app.test_client().get("/broken", buffered=True).status_code == 500
    last = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (last["path"], last["status"]) == ("/broken", 500)


def test_a_post_is_still_there_after_the_app_restarts(make_app: MakeApp) -> None:
    submit(make_app().test_client(), "stored")
    assert "stored" in make_app().test_client().get("/").text

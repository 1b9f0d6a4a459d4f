"""Tests that the app runs on other platforms, with only their environment variables and start commands."""

import base64
import json
import re
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

import psycopg
import pytest
from conftest import KEY, Postgres, free_port
from servers import HOME, Server, start

# In a container, the platforms' commands listen on 0.0.0.0.
BIND = "127.0.0.1:$PORT"
FACTORY = '"board:create_app()"'


@pytest.fixture
def libpq_variables(postgres: Postgres, database_url: str) -> dict[str, str]:
    """The address of a migrated database as libpq's environment variables."""
    return {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(postgres.port),
        "PGUSER": "board",
        "PGDATABASE": _database_name(database_url),
    }


def _database_name(database_url: str) -> str:
    return database_url.split("/")[3].split("?")[0]


def _check_pages(server: Server) -> None:
    """Check that the database responds, and that the page links to its style sheet."""
    assert server.get("/up/databases") == 200
    status, page = server.fetch("/")
    assert status == 200
    assert re.search(r'href="/static/style[^"]*\.css"', page)


def _post(server: Server, body: str) -> int:
    class NoRedirect(HTTPRedirectHandler):
        def http_error_303(self, *arguments: object) -> None: ...

    opener = build_opener(NoRedirect)
    base = f"http://127.0.0.1:{server.port}/"
    with opener.open(base, timeout=30) as response:
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', response.read().decode())
        cookie = response.headers["Set-Cookie"].split(";")[0]
    assert token
    form = urlencode({"csrf_token": token[1], "body": body}).encode()
    # The CSRF check compares the referrer with the public address, which may be HTTPS.
    referrer = server.environment.get("EXTERNAL_URL", base.rstrip("/")) + "/"
    request = Request(base, form, {"Cookie": cookie, "Referer": referrer})
    try:
        return opener.open(request, timeout=30).status
    except OSError as error:
        return getattr(error, "code", 0)


def _stored_posts(database_url: str) -> list[str]:
    with psycopg.connect(database_url) as connection:
        return [body for (body,) in connection.execute("select body from post")]


@pytest.mark.parametrize(
    "command",
    [
        f"gunicorn --bind={BIND} --threads=4 {FACTORY}",
        "python drain.py python serve.py",
        f"python drain.py gunicorn --bind={BIND} --threads=4 {FACTORY}",
    ],
)
def test_the_app_runs_on_adaptable(libpq_variables: dict[str, str], database_url: str, command: str) -> None:
    environment = {
        "DATABASE_URL": database_url.replace("postgresql://", "postgres://"),
        **libpq_variables,
        "EXTERNAL_URL": "https://board.adaptable.example",
        "EXTERNAL_HOSTNAME": "board.adaptable.example",
        "ADAPTABLE_TRUST_PROXY_DEPTH": "1",
        "DRAIN_SECONDS": "0.5",
    }
    with start(command, **environment) as server:
        _check_pages(server)
        assert 'href="https://board.adaptable.example/"' in server.fetch("/")[1]
        assert _post(server, "from Adaptable") == 303
        server.read_log()
        server.get("/version", **{"X-Forwarded-For": "6.6.6.6, 203.0.113.7"})
        assert [line["client"] for line in server.read_log("203.0.113.7") if line.get("path") == "/version"] == [
            "203.0.113.7"
        ]
    assert _stored_posts(database_url) == ["from Adaptable"]


def test_the_app_runs_on_adaptable_with_only_libpq_variables(libpq_variables: dict[str, str]) -> None:
    with start(f"gunicorn --bind={BIND} {FACTORY}", **libpq_variables) as server:
        _check_pages(server)


def _env_file(name: str) -> dict[str, str]:
    lines = (HOME / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_app_runs_with_divios_local_environment(database_url: str, tmp_path: Path) -> None:
    """The environment is the template's .env-local, with the addresses of this machine."""
    environment = _env_file(".env-local")
    assert environment.keys() >= {
        "DATABASE_URL", "DEFAULT_STORAGE_DSN", "DOMAIN_ALIASES", "SECURE_SSL_REDIRECT", "FLASK_APP", "FLASK_ENV"
    }  # fmt: skip
    environment |= {
        "DATABASE_URL": database_url.replace("postgresql://", "postgres://"),
        "DEFAULT_STORAGE_DSN": f"file://{tmp_path}/media/?url=%2Fmedia%2F",
        "SECRET_KEY": "",
    }
    with start("flask run --host=127.0.0.1 --port=$PORT", **environment) as server:
        _check_pages(server)
        assert 'type="file"' in server.fetch("/")[1]
        assert _post(server, "from .env-local") == 303


def test_the_app_runs_on_divio(database_url: str) -> None:
    environment = {
        "DEFAULT_DATABASE_DSN": database_url.replace("postgresql://", "postgres://"),
        "DEFAULT_STORAGE_DSN": "s3://key:secret@board-media.s3.eu-central-1.amazonaws.com/?auth=s3v4&domain=x",
        "DOMAIN": "board.example",
        "DOMAIN_ALIASES": "www.board.example, board.divio.example",
        "SECURE_SSL_REDIRECT": "False",
        "STAGE": "live",
    }
    with start(f'gunicorn --bind={BIND} --forwarded-allow-ips="*" {FACTORY}', **environment) as server:
        _check_pages(server)
        assert 'href="https://board.example/"' in server.fetch("/")[1]
        # Aliases redirect to the domain, except health checks, which have any host.
        with server.connect() as connection:
            connection.sendall(b"GET /some%20where?q=1 HTTP/1.1\r\nHost: www.board.example\r\n\r\n")
            response = connection.recv(4096).decode()
        assert response.startswith("HTTP/1.1 308 ")
        assert "\r\nLocation: https://board.example/some%20where?q=1\r\n" in response
        assert server.get("/up", Host="www.board.example") == 200
        assert _picture_origin(server) == "https://board-media.s3.eu-central-1.amazonaws.com"


def _picture_origin(server: Server) -> str:
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        response = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    match = re.search(r"img-src 'self' (\S+);", response)
    assert match
    return match[1]


# From https://docs.upsun.com/get-started/stacks/flask.html
_UPSUN = """
export RELATIONSHIPS_JSON="$(echo $PLATFORM_RELATIONSHIPS | base64 --decode)"
export DB_HOST="$POSTGRESQL_HOST"
export DB_PORT="$POSTGRESQL_PORT"
export DB_PATH="$POSTGRESQL_PATH"
export DB_USERNAME="$POSTGRESQL_USERNAME"
export DB_PASSWORD="$POSTGRESQL_PASSWORD"
export DB_SCHEME="postgresql"
export DATABASE_URL="${DB_SCHEME}://${DB_USERNAME}:${DB_PASSWORD}@${DB_HOST}:${DB_PORT}/${DB_PATH}"
export FLASK_ENV="${PLATFORM_ENVIRONMENT_TYPE}"
export FLASK_DEBUG=$( [ "${PLATFORM_ENVIRONMENT_TYPE}" = "production" ] && echo 0 || echo 1)
export LOG_LEVEL=$( [ "${PLATFORM_ENVIRONMENT_TYPE}" = "production" ] && echo "info" || echo "debug")
export SEND_FILE_MAX_AGE_DEFAULT=$( [ "${PLATFORM_ENVIRONMENT_TYPE}" = "production" ] && echo 31556926 || echo 0)
export SECRET_KEY="${PLATFORM_PROJECT_ENTROPY}"
export FLASK_APP="board"
"""


@pytest.mark.parametrize("environment_type", ["production", "staging", "development"])
def test_the_app_runs_on_upsun(postgres: Postgres, empty_database: str, tmp_path: Path, environment_type: str) -> None:
    environment_file = tmp_path / ".environment"
    environment_file.write_text(_UPSUN)
    database = {
        "HOST": "127.0.0.1",
        "PORT": str(postgres.port),
        "PATH": _database_name(empty_database),
        "USERNAME": "board",
        "PASSWORD": "p%40ss",
    }
    environment = {f"POSTGRESQL_{key}": value for key, value in database.items()} | {
        "PLATFORM_RELATIONSHIPS": base64.b64encode(json.dumps({"postgresql": [database]}).encode()).decode(),
        "PLATFORM_ENVIRONMENT_TYPE": environment_type,
        "PLATFORM_PROJECT_ENTROPY": KEY,
        "SECRET_KEY": "",
    }
    command = f". {environment_file}; flask db upgrade; exec flask run -p $PORT"
    with start(f"sh -eu -c '{command}'", **environment) as server:
        _check_pages(server)
        assert _post(server, "from Upsun") == 303
        with server.connect() as connection:
            style = re.search(r'href="(/static/style[^"]*)"', server.fetch("/")[1])
            assert style
            connection.sendall(f"GET {style[1]} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            head = connection.recv(4096).decode()
        assert ("max-age=31556926" in head) == (environment_type == "production")


@pytest.mark.parametrize("app_env", ["Production", "Dev"])
def test_the_app_runs_with_the_variables_of_the_gunicorn_tutorial(database_url: str, app_env: str) -> None:
    port = free_port()
    environment = {
        "APP_ENV": app_env,
        "DB_CONNECTION_STRING": database_url,
        "GUNICORN_PROCESSES": "2",
        "GUNICORN_THREADS": "3",
        "GUNICORN_BIND": f"127.0.0.1:{port}",
        "TITLE": "Set by a variable",
    }
    with start(f"gunicorn --config gunicorn.conf.py {FACTORY}", port, **environment) as server:
        _check_pages(server)
        assert "<h1>Set by a variable</h1>" in server.fetch("/")[1]
        assert _post(server, "from the tutorial") == 303
        assert len(server.children()) == 2

"""What readers of Upsun's guide for Flask have: hooks with npm, `flask run`, and the file `.environment`."""

import pytest
import yaml
from flask_on_aws_cli.importers.drafts.commands import on_all_addresses

from tests.unit.command.importers.import_runs import make_project, run_import

APP = {
    "type": "python:3.12",
    "relationships": {"postgresql": None},
    "web": {"commands": {"start": "flask run -p $PORT"}, "upstream": {"socket_family": "tcp"}},
}
SERVICES = {"postgresql": {"type": "postgresql:16"}}
ENVIRONMENT = """# Set database environment variables
export RELATIONSHIPS_JSON="$(echo $PLATFORM_RELATIONSHIPS | base64 --decode)"
export DB_HOST="$(echo $RELATIONSHIPS_JSON | jq -r '.postgresql[0].host')"
export DATABASE_URL="${DB_SCHEME}://${DB_USERNAME}:${DB_PASSWORD}@${DB_HOST}:${DB_PORT}/${DB_PATH}"
export FLASK_APP="autoapp.py"
export FLASK_ENV="${PLATFORM_ENVIRONMENT_TYPE}"
export FLASK_DEBUG=$( [ "${PLATFORM_ENVIRONMENT_TYPE}" = "production" ] && echo 0 || echo 1)
export SECRET_KEY="${PLATFORM_PROJECT_ENTROPY}"

export TITLE='$5 shop'
MOTTO=less # is more
export GREETING="Good day; friends" # not a command
export API_TOKEN=hunter2hunter2
export CACHE_DIR="$PLATFORM_CACHE_DIR"
A=b make assets
source venv/bin/activate
"""


def imported(tmp_path, monkeypatch, app=None, environment="", dockerfile=""):
    """The import of the guide's app, with other keys."""
    project = make_project(tmp_path)
    folder = tmp_path / "shop"
    (folder / ".upsun").mkdir(parents=True)
    config = {"applications": {"shop": {**APP, **(app or {})}}, "services": SERVICES}
    (folder / ".upsun" / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "requirements.txt").write_text("flask\nflask-migrate\ngunicorn\n")
    for name, text in ((".environment", environment), ("Dockerfile", dockerfile)):
        if text:
            (folder / name).write_text(text)
    return run_import(monkeypatch, project, "shop")


def test_the_variables_of_the_file_environment(tmp_path, monkeypatch):
    done = imported(tmp_path, monkeypatch, environment=ENVIRONMENT)
    assert done.settings("prod")["env"] == {
        "FLASK_APP": "autoapp.py",
        "TITLE": "$5 shop",
        "MOTTO": "less",
        "GREETING": "Good day; friends",
    }
    carried, _, rest = done.output.partition("Needs you:")
    for name in ("DB_HOST", "DATABASE_URL", "FLASK_ENV", "FLASK_DEBUG", "SECRET_KEY"):
        assert f"  {name}: the stack sets it" in carried
    assert "shop/.environment:2  RELATIONSHIPS_JSON: the file's own" in carried
    needs, _, lost = rest.partition("Cannot be carried over:")
    assert "secretValues.API_TOKEN: may be a credential" in needs
    assert "shop/.environment:14  CACHE_DIR: is computed by a shell" in lost
    assert "shop/.environment:15  .environment: contains commands" in lost
    assert "hunter2" not in done.output


@pytest.mark.parametrize(
    ("deploy", "release", "text"),
    [
        ("set -eux\nnpm run build\nflask db upgrade\n", "flask db upgrade", "hooks.deploy: packages and assets"),
        ("npm ci && npm run build && flask db upgrade", "flask db upgrade", "hooks.deploy: packages and assets"),
        ("set -eux\nnpm run build\n", None, "hooks.deploy: packages and assets"),
        ("flask db upgrade\nflask seed\n", "flask db upgrade && flask seed", ""),
        ("if true; then\n  npm run build\nfi\n", "if true; then\n  npm run build\nfi", ""),
    ],
)
def test_a_deploy_hook_is_the_release_command_without_what_the_build_does(tmp_path, monkeypatch, deploy, release, text):
    done = imported(tmp_path, monkeypatch, {"hooks": {"deploy": deploy}})
    assert done.settings("prod").get("releaseCommand") == release
    assert text in done.output


def test_a_dockerfile_builds_what_a_deploy_hook_built(tmp_path, monkeypatch):
    dockerfile = "FROM python:3.13\nCMD flask run\n"
    deploy = {"hooks": {"deploy": "npm run build\nflask db upgrade\n"}}
    done = imported(tmp_path, monkeypatch, deploy, dockerfile=dockerfile)
    assert done.settings("prod")["releaseCommand"] == "flask db upgrade"
    assert "hooks.deploy: the Dockerfile builds the image" in done.output.partition("Cannot be carried over:")[2]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("flask run -p $PORT", "flask run --host 0.0.0.0 -p $PORT"),
        ("flask --app shop run --port=$PORT", "flask --app shop run --host 0.0.0.0 --port=$PORT"),
        ("flask run -h localhost -p $PORT", "flask run -h 0.0.0.0 -p $PORT"),
        ("flask run --host=127.0.0.1 -p $PORT", "flask run --host=0.0.0.0 -p $PORT"),
        ("python -m uvicorn app:app --port $PORT", "python -m uvicorn --host 0.0.0.0 app:app --port $PORT"),
        ("uvicorn app:app --host :: --port $PORT", "uvicorn app:app --host :: --port $PORT"),
        ("granian --interface asgi a:a --port $PORT", "granian --host 0.0.0.0 --interface asgi a:a --port $PORT"),
        ("daphne -p $PORT shop.asgi:application", "daphne --bind 0.0.0.0 -p $PORT shop.asgi:application"),
        ("sanic app:app --port $PORT", "sanic --host 0.0.0.0 app:app --port $PORT"),
        ("python manage.py runserver $PORT", "python manage.py runserver 0.0.0.0:$PORT"),
        ("python manage.py runserver 127.0.0.1:$PORT", "python manage.py runserver 0.0.0.0:$PORT"),
        ("hypercorn --bind [::1]:${PORT} app:app", "hypercorn --bind 0.0.0.0:${PORT} app:app"),
        ("flask db upgrade && flask run -p $PORT", "flask db upgrade && flask run --host 0.0.0.0 -p $PORT"),
        ("gunicorn -k uvicorn.workers.UvicornWorker app:app", "gunicorn -k uvicorn.workers.UvicornWorker app:app"),
        ("gunicorn -w 4 -b :$PORT app:app", "gunicorn -w 4 -b :$PORT app:app"),
        ("python run.py --port $PORT", "python run.py --port $PORT"),
    ],
)
def test_a_server_listens_on_all_addresses(command, expected):
    assert on_all_addresses(command) == expected


def test_the_start_command_of_the_guide_is_reached_by_the_load_balancer(tmp_path, monkeypatch):
    done = imported(tmp_path, monkeypatch)
    assert done.settings("prod")["startCommand"] == "flask run --host 0.0.0.0 -p $PORT"
    assert "(it must listen on all addresses)" in done.output

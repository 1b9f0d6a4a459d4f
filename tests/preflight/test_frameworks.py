"""Django and FastAPI apps that run for real, good ones and some with one mistake each."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from flask_on_aws.build_plan.plan import PlanSettings, plan_build
from flask_on_aws_cli.build.run import make_environment
from flask_on_aws_cli.local_project.ports import free_port
from flask_on_aws_cli.preflight.check import Cause, Check, Status
from flask_on_aws_cli.preflight.examine import BuiltApp, examine
from flask_on_aws_cli.preflight.processes.process_runner import ProcessRunner, make_read_only, remove
from flask_on_aws_cli.preflight.settings import AppSettings

from .conftest import HERE, open_folder

ROOT = Path(__file__).parents[2]
REQUIREMENTS = "django==5.2.19\nfastapi==0.165.0\ngunicorn==27.0.1\n"
SETTINGS = """import os
SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = [os.environ["EXTERNAL_HOSTNAME"]]
CSRF_TRUSTED_ORIGINS = [os.environ["EXTERNAL_URL"]]
MIDDLEWARE = [
    "shop.health.health",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
INSTALLED_APPS = ["django.contrib.contenttypes"]
ROOT_URLCONF = "shop.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "/tmp/" + str(os.getpid())}}
"""
URLS = """from django.http import HttpResponse
from django.template import engines
from django.urls import path
def front(request):
    form = engines["django"].from_string("<form method=post>{% csrf_token %}</form>")
    return HttpResponse(form.render({}, request))
urlpatterns = [path("", front)]
"""
MANAGE = (ROOT / "examples/django_app/manage.py").read_text().replace("guestbook", "shop")
WSGI = (ROOT / "examples/django_app/guestbook/wsgi.py").read_text().replace("guestbook", "shop")
DJANGO = {
    "manage.py": MANAGE,
    "shop/__init__.py": "",
    "shop/settings.py": SETTINGS,
    "shop/urls.py": URLS,
    "shop/wsgi.py": WSGI,
    "shop/health.py": (ROOT / "examples/django_app/guestbook/health.py").read_text(),
}
FASTAPI = {
    "main.py": "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/up')\nasync def up():\n    return 'up'\n"
}
GUNICORN = "gunicorn --bind 0.0.0.0:$PORT"


def without(line: str, new: str = "") -> Mapping[str, str]:
    """The Django app with a line of its settings replaced."""
    assert line in SETTINGS
    return {**DJANGO, "shop/settings.py": SETTINGS.replace(line, new)}


@pytest.fixture(scope="module")
def environment() -> Iterator[Path]:
    """An environment with Django and FastAPI."""
    folder = open_folder()
    (folder / "source").mkdir()
    (folder / "source" / "requirements.txt").write_text(REQUIREMENTS)
    plan = plan_build(folder / "source", PlanSettings(python_version=HERE, start_command="true"))
    make_environment(plan, folder / "source", folder / "built", {})
    yield folder / "built" / "venv"
    remove(folder)


def run(environment: Path, files: Mapping[str, str], command: str) -> dict[str, Check]:
    """The checks of an app, by their names."""
    folder = open_folder()
    for name, text in files.items():
        (folder / "app" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "app" / name).write_text(text)
    make_read_only(folder / "app")
    runner = ProcessRunner(folder / "app", environment, command, free_port(), folder, None)
    settings = AppSettings(runner.code, startup_seconds=20, stop_seconds=20, watch_seconds=1, services=frozenset())
    try:
        return {check.name: check for check in examine(BuiltApp(settings, runner, command, ""), lambda _: None)}
    finally:
        remove(folder)


def failures(checks: Mapping[str, Check]) -> dict[str, Cause | None]:
    return {check.name: check.cause for check in checks.values() if check.status is Status.FAILED}


def test_a_health_check_that_django_rejects_by_its_host_is_found(environment: Path) -> None:
    checks = run(environment, without('    "shop.health.health",\n'), f"{GUNICORN} shop.wsgi")
    assert failures(checks) == {"health": Cause.ANSWERS_4XX}
    assert "first in MIDDLEWARE" in checks["health"].fix


def test_forms_that_django_rejects_and_its_debug_pages_are_found(environment: Path) -> None:
    files = without('CSRF_TRUSTED_ORIGINS = [os.environ["EXTERNAL_URL"]]', "DEBUG = True")
    checks = run(environment, files, f"{GUNICORN} shop.wsgi")
    assert failures(checks) == {"forms": Cause.CSRF_ORIGIN, "debugger": Cause.DEBUGGER}
    assert checks["forms"].fix == 'CSRF_TRUSTED_ORIGINS = [os.environ["EXTERNAL_URL"]]'


def test_a_good_django_app_fails_nothing_and_gets_notes(environment: Path) -> None:
    checks = run(environment, DJANGO, f"{GUNICORN} shop.wsgi")
    assert failures(checks) == {}
    assert checks["forms"].message == "/ accepts a form from https://preflight.example.com: 200"
    assert "security.W004 (SECURE_HSTS_SECONDS)" in checks["deploy check"].message
    assert "W009" not in checks["deploy check"].message
    # The database of this command is new, and nothing has migrated it.
    assert (checks["migrations"].status, checks["migrations"].cause) == (Status.WARNING, Cause.PENDING_MIGRATIONS)
    assert "release: python manage.py migrate --noinput" in checks["migrations"].fix


def test_fastapi_behind_a_wsgi_server_is_reported(environment: Path) -> None:
    checks = run(environment, FASTAPI, f"{GUNICORN} main:app")
    assert failures(checks) == {"health": Cause.SERVER_INTERFACE}
    assert "start uvicorn" in checks["health"].fix

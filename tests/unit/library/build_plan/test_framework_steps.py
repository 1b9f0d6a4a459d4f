"""Release commands, static files and settings that an app's framework shows, from its code, which is never run."""

import pytest
from flask_on_aws.build_plan.framework_steps import framework_steps
from flask_on_aws.build_plan.plan import BuildPlanError, PlanSettings, plan_build
from flask_on_aws.build_plan.project_files import ProjectFiles
from flask_on_aws.image.dockerfile import render_dockerfile

MANAGE = """import os, sys
def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""
WSGI = """import os
from django.core.wsgi import get_wsgi_application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_wsgi_application()
"""
DATABASES = 'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3"}}\n'
STATIC_ROOT = 'STATIC_ROOT = BASE_DIR / "static"\n'
DJANGO = {
    "manage.py": MANAGE,
    "shop/__init__.py": "",
    "shop/wsgi.py": WSGI,
    "shop/settings.py": DATABASES + STATIC_ROOT,
}
MIGRATE = "python manage.py migrate --noinput"
COLLECT = "python manage.py collectstatic --noinput"
PACKAGES = "django gunicorn whitenoise"
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
FACTORY = "from flask import Flask\ndef create_app():\n    return Flask(__name__)\n"
LITESTAR = {
    "main.py": "from litestar import Litestar\napp = Litestar([])\n",
    "migrations/env.py": "from advanced_alchemy.base import metadata_registry\n",
}
ENV = {"migrations/env.py": "", "migrations/alembic.ini": ""}


def changed(**settings):
    """The project with other settings."""
    return {**DJANGO, "shop/settings.py": "\n".join(settings.values())}


def split(wsgi="production", manage="local"):
    """The project with a package of settings, of which wsgi.py and manage.py use different modules."""
    return {
        **{name: text for name, text in DJANGO.items() if name != "shop/settings.py"},
        "manage.py": MANAGE.replace("shop.settings", f"shop.settings.{manage}"),
        "shop/wsgi.py": WSGI.replace("shop.settings", f"shop.settings.{wsgi}"),
        "shop/settings/__init__.py": "",
        "shop/settings/base.py": DATABASES + STATIC_ROOT,
        "shop/settings/local.py": "from .base import *\n",
        "shop/settings/production.py": "from .base import *\nSECRET_KEY = env('SECRET_KEY')\n",
    }


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return ProjectFiles(folder)


def steps(folder, files, packages=PACKAGES, build_command="", release="", commands=()):
    return framework_steps(write(folder, files), packages.split(), build_command, release, commands)


SERVER = "DJANGO_SETTINGS_MODULE=${DJANGO_SETTINGS_MODULE:-shop.settings.production}"
# Files, dependencies, and the release command that is proposed.
MIGRATIONS = {
    "django": (DJANGO, PACKAGES, MIGRATE),
    "django-in-src": (
        {f"src/{name}": text for name, text in DJANGO.items()},
        PACKAGES,
        MIGRATE.replace("manage", "src/manage"),
    ),
    "django-in-a-folder": (
        {f"back end/{name}": text for name, text in DJANGO.items()},
        PACKAGES,
        "python 'back end/manage.py' migrate --noinput",
    ),
    "django-without-a-database": (changed(database="DATABASES = {}", static=STATIC_ROOT), PACKAGES, ""),
    "django-with-an-empty-setting": (changed(static=STATIC_ROOT), PACKAGES, ""),
    "django-of-a-package-of-settings": (split(), PACKAGES, f"{SERVER} {MIGRATE}"),
    "django-of-the-same-settings": (split("production", "production"), PACKAGES, MIGRATE),
    "django-of-settings-under-another-name": (
        {
            "manage.py": MANAGE.replace("shop.settings", "conf.production"),
            "conf/__init__.py": "",
            "conf/production.py": "from .base import *\n",
            "conf/base.py": f"from conf.production import *\n{DATABASES}",
        },
        PACKAGES,
        MIGRATE,
    ),
    "manage.py-of-another-tool": ({"manage.py": "print()\n"}, "django", ""),
    "django-not-a-dependency": (DJANGO, "flask", ""),
    "flask-migrate": ({"app.py": FLASK, **ENV}, "flask flask-migrate alembic", "flask db upgrade"),
    "flask-migrate-of-wsgi.py": (
        {"wsgi.py": "from shop import app\n", "shop.py": FLASK, **ENV},
        "flask-migrate",
        "flask db upgrade",
    ),
    "flask-migrate-of-a-package": (
        {"shop/__init__.py": FACTORY, **ENV},
        "flask-migrate",
        "flask --app shop db upgrade",
    ),
    "flask-migrate-of-another-factory": (
        {"shop/__init__.py": FACTORY.replace("create_app", "build"), **ENV},
        "flask-migrate",
        "flask --app shop:build db upgrade",
    ),
    "flask-migrate-in-src": (
        {"src/shop/__init__.py": FLASK, **ENV},
        "flask-migrate",
        "PYTHONPATH=src flask --app shop db upgrade",
    ),
    "flask-migrate-without-migrations": ({"app.py": FLASK}, "flask-migrate", ""),
    "alembic": ({"main.py": "", "alembic.ini": ""}, "fastapi alembic", "alembic upgrade head"),
    "alembic-in-a-folder": ({"api/main.py": "", "api/alembic.ini": ""}, "alembic", "cd api && alembic upgrade head"),
    "alembic-in-pyproject": (
        {"main.py": "", "pyproject.toml": "[tool.alembic]\nscript_location = 'migrations'\n"},
        "alembic",
        "alembic upgrade head",
    ),
    "advanced-alchemy": (
        {**LITESTAR, "alembic.ini": ""},
        "litestar advanced-alchemy",
        "litestar --app main:app database upgrade --no-prompt",
    ),
    "advanced-alchemy-of-an-extra-in-a-folder": (
        {f"api/{name}": text for name, text in LITESTAR.items()},
        "litestar-sqlalchemy",
        "cd api && litestar --app main:app database upgrade --no-prompt",
    ),
    "advanced-alchemy-without-litestar": (
        {**LITESTAR, "main.py": "", "alembic.ini": ""},
        "advanced-alchemy",
        "alembic upgrade head",
    ),
    "advanced-alchemy-with-alembic-s-own-environment": (
        {**LITESTAR, "migrations/env.py": "", "alembic.ini": ""},
        "litestar advanced-alchemy",
        "alembic upgrade head",
    ),
    "alembic-without-a-file": ({"main.py": ""}, "alembic", ""),
    "alembic-not-a-dependency": ({"alembic.ini": ""}, "flask", ""),
}


@pytest.mark.parametrize("name", MIGRATIONS)
def test_an_app_with_migrations_gets_a_release_command_proposed(tmp_path, name):
    files, packages, command = MIGRATIONS[name]
    assert steps(tmp_path, files, packages).release == command


@pytest.mark.parametrize(
    ("release", "commands"),
    [
        ("./release.sh", ()),
        *(
            ("", (f"{line} && gunicorn shop.wsgi",))
            for line in (MIGRATE, "flask db upgrade", "alembic -c a.ini upgrade head")
        ),
    ],
)
def test_a_release_command_or_one_that_migrates_at_each_start_is_left_alone(tmp_path, release, commands):
    found = steps(tmp_path, DJANGO, release=release, commands=commands)
    assert found.release == ""
    assert "release command" not in [subject for subject, _, _ in found.decisions]


VARIABLES = """import os
SECRET_KEY = os.environ["SECRET_KEY"]
API_SECRET_KEY = env("API_SECRET_KEY")
ALLOWED_HOSTS = [os.environ["EXTERNAL_HOSTNAME"]]
DATABASES = {"default": dj_database_url.parse(os.environ['DATABASE_URL'])}
CACHES = os.environ["REDIS_URL"], os.environ["PGPORT"], env("EXTERNAL_URL"), env("MAIL_KEY")
"""
PLACEHOLDERS = (
    "EXTERNAL_URL=https://localhost EXTERNAL_HOSTNAME=build SECRET_KEY=build DATABASE_URL=sqlite://:memory: PGPORT=1 "
    "REDIS_URL=redis://localhost API_SECRET_KEY=build"
)
# Files, dependencies, the command of the build, and a part of the reason.
STATIC = {
    "whitenoise": (DJANGO, PACKAGES, COLLECT, "shop/settings.py has STATIC_ROOT"),
    "variables": (changed(a=VARIABLES, b=STATIC_ROOT), PACKAGES, f"{PLACEHOLDERS} {COLLECT}", ""),
    "package-of-settings": (split(), PACKAGES, f"SECRET_KEY=build {SERVER} {COLLECT}", "shop/settings/base.py"),
    "no-whitenoise": (DJANGO, "django gunicorn", "", "add whitenoise"),
    "no-root": (changed(database=DATABASES), PACKAGES, "", "no STATIC_ROOT"),
    "empty-root": (changed(root="STATIC_ROOT = None"), PACKAGES, "", "no STATIC_ROOT"),
    "outside": (changed(root='STATIC_ROOT = "/var/www/static"'), PACKAGES, "", "outside of the app's folder"),
    "s3": (
        changed(root=STATIC_ROOT, storage='STORAGES = {"staticfiles": {"BACKEND": "storages.backends.s3.S3Storage"}}'),
        PACKAGES,
        "",
        "credentials",
    ),
    "s3-of-an-old-setting": (
        changed(root=STATIC_ROOT, storage='STATICFILES_STORAGE = "storages.backends.s3boto3.S3StaticStorage"'),
        PACKAGES,
        "",
        "credentials",
    ),
    "s3-for-media": (
        changed(
            root=STATIC_ROOT,
            storage='STORAGES = {"default": {"BACKEND": "storages.backends.s3.S3Storage"}, '
            '"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}',
        ),
        PACKAGES,
        COLLECT,
        "",
    ),
}


@pytest.mark.parametrize("name", STATIC)
def test_static_files_of_django_are_collected_in_the_build(tmp_path, name):
    files, packages, command, part = STATIC[name]
    found = steps(tmp_path, files, packages)
    assert found.build_command == command
    assert any(part in reason for subject, _, reason in found.decisions if subject == "static files")


@pytest.mark.parametrize(
    ("build_command", "commands"),
    [("make assets", ()), ("none", ()), ("", ("python manage.py collectstatic --noinput && gunicorn shop.wsgi",))],
)
def test_the_operator_decides_about_static_files(tmp_path, build_command, commands):
    assert steps(tmp_path, DJANGO, build_command=build_command, commands=commands).build_command == ""


def settings_of(folder, files):
    return next(
        (value, reason) for subject, value, reason in steps(folder, files).decisions if subject == "Django settings"
    )


def test_the_settings_are_those_of_the_server(tmp_path):
    value, reason = settings_of(tmp_path / "split", split())
    assert value == "shop.settings.production"
    assert "manage.py uses shop.settings.local by default" in reason
    value, reason = settings_of(tmp_path / "local", split("local"))
    assert (value, "set env.DJANGO_SETTINGS_MODULE to shop.settings.production" in reason) == (
        "shop.settings.local",
        True,
    )


def test_the_image_collects_static_files_after_code_and_without_secrets(tmp_path):
    write(tmp_path, {**changed(a=VARIABLES, b=STATIC_ROOT), "requirements.txt": PACKAGES.replace(" ", "\n")})
    plan = plan_build(tmp_path, PlanSettings(start_command="gunicorn shop.wsgi"))
    build = render_dockerfile(plan, build_secrets=["SECRET_KEY"]).split("\n\n")[-2].splitlines()
    (collect,) = (number for number, line in enumerate(build) if "collectstatic" in line)
    assert "SECRET_KEY=build" in build[collect]
    assert "/run/secrets" not in build[collect]
    assert build[collect - 1] == "USER 10001:10001"
    assert build.index("COPY . .") < collect


def test_the_plan_has_both_and_runs_only_the_build_command(tmp_path):
    files = {**DJANGO, "requirements.txt": "django\ngunicorn\nwhitenoise\n", "Procfile": "web: gunicorn shop.wsgi\n"}
    write(tmp_path, files)
    plan = plan_build(tmp_path)
    assert (plan.build_command, plan.release_command, plan.proposed_release) == (COLLECT, "", MIGRATE)
    assert plan_build(tmp_path, PlanSettings(build_command="none")).build_command == ""
    assert plan_build(tmp_path, PlanSettings(build_command="make")).build_command == "make"
    (tmp_path / "Procfile").unlink()
    with pytest.raises(BuildPlanError) as error:
        plan_build(tmp_path)
    assert error.value.proposal
    assert error.value.proposal.release == MIGRATE

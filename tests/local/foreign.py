"""Third-party apps, which the tests download from the package index; their hashes are pinned."""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from uv import find_uv_bin


class App(NamedTuple):
    """An app in a source distribution."""

    name: str
    requirement: str
    sha256: str
    settings: Mapping[str, Any]
    """Settings of the stack."""
    subfolder: str = ""
    """Folder of the app in the distribution."""
    prepare: Callable[[Path], None] = lambda folder: None
    """Makes the changes that a user of the app has to make."""

    def fetch(self, folder: Path) -> None:
        """Download the app to a new folder."""
        with tempfile.TemporaryDirectory() as name:
            requirements = Path(name, "requirements.txt")
            requirements.write_text(f"{self.requirement} --hash=sha256:{self.sha256}\n")
            package = self.requirement.partition("==")[0]
            pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", package, "--require-hashes"]
            run([*pip, "--dest", name, "--requirement", str(requirements)], Path(name))
            (archive,) = Path(name).glob("*.tar.gz")
            with tarfile.open(archive) as source:
                source.extractall(name, filter="data")
            (unpacked,) = (path for path in Path(name).iterdir() if path.is_dir())
            shutil.copytree(unpacked / self.subfolder, folder)
        self.prepare(folder)


def run(command: list[str], folder: Path) -> None:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert not result.returncode, result.stdout + result.stderr


def change(file: Path, old: str, new: str) -> None:
    """Replace a text in a file, in which it must occur once."""
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} in {file}"
    file.write_text(text.replace(old, new))


def _add_server(folder: Path) -> None:
    """Add a web server, as the tutorial's chapter on deployment does with Waitress."""
    change(folder / "pyproject.toml", '    "flask",\n', '    "flask",\n    "gunicorn",\n')


_SOURCE = """
[[tool.poetry.source]]
name = "index"
url = "https://pypi.org/simple/"
priority = "primary"
"""


def _lock_with_poetry(folder: Path) -> None:
    """Create poetry.lock, which the distribution does not contain, without the development dependencies.

    The source is the simple API of the index, which mirrors have; without a source, Poetry needs the JSON API too.
    """
    project = folder / "pyproject.toml"
    head, _, tail = project.read_text().partition("[tool.poetry.group.dev.dependencies]\n")
    project.write_text(head + tail[tail.index("\n[") :] + _SOURCE)
    poetry = [find_uv_bin(), "tool", "run", "--from", "poetry==2.5.1", "poetry"]
    run([*poetry, "lock", "--no-interaction"], folder)


def _write_pipfile(folder: Path) -> None:
    """Write a Pipfile, which the repository has and the distribution does not contain; without a lock file."""
    (folder / "Pipfile").write_text('[packages]\nhttpbin = {path = "."}\ngunicorn = "*"\n')


# docs/frameworks.md: hosts, proxies, database, static files and the health check of a Django project.
_DJANGO_SETTINGS = """
import os

import dj_database_url

SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = [os.environ["EXTERNAL_HOSTNAME"]]
CSRF_TRUSTED_ORIGINS = [os.environ["EXTERNAL_URL"]]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=60, conn_health_checks=True)}
STORAGES["staticfiles"]["BACKEND"] = "whitenoise.storage.CompressedManifestStaticFilesStorage"
MIDDLEWARE = ["mysite.health.health", "whitenoise.middleware.WhiteNoiseMiddleware", *MIDDLEWARE]
"""
_HEALTH = Path(__file__).parents[2] / "examples" / "django_app" / "guestbook" / "health.py"


def _start_wagtail_project(folder: Path) -> None:
    """Create a project, as Wagtail's tutorial does, from the source; then let it read the stack's environment."""
    source = folder.rename(folder.with_name(f"{folder.name}-source"))
    folder.mkdir()
    run([find_uv_bin(), "tool", "run", "--from", str(source), "wagtail", "start", "mysite", str(folder)], folder.parent)
    with (folder / "requirements.txt").open("a") as requirements:
        requirements.write("dj-database-url\ngunicorn\nmysqlclient\nwhitenoise\n")
    with (folder / "mysite" / "settings" / "production.py").open("a") as settings:
        settings.write(_DJANGO_SETTINGS)
    shutil.copy(_HEALTH, folder / "mysite")


_KINTO_INI = """[app:main]
use = egg:kinto
kinto.includes = kinto.plugins.default_bucket kinto.plugins.accounts
kinto.storage_backend = kinto.core.storage.postgresql
kinto.permission_backend = kinto.core.permission.postgresql
kinto.cache_backend = kinto.core.cache.postgresql
multiauth.policies = account
multiauth.policy.account.use = kinto.plugins.accounts.authentication.AccountsAuthenticationPolicy
kinto.account_create_principals = system.Everyone

[loggers]
keys = root

[handlers]
keys = console

[formatters]
keys = plain

[logger_root]
level = INFO
handlers = console

[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain

[formatter_plain]
format = %(levelname)s %(name)s %(message)s
"""
_KINTO_URLS = " ".join(f"KINTO_{part}_URL=$DATABASE_URL" for part in ("STORAGE", "PERMISSION", "CACHE"))


def _configure_kinto(folder: Path) -> None:
    """Write its configuration, and the requirements with the optional dependencies for PostgreSQL.

    Its lock file and its Dockerfile install other optional dependencies.
    """
    (folder / "kinto.ini").write_text(_KINTO_INI)
    (folder / "requirements.txt").write_text(".[postgresql]\ngunicorn\n")
    (folder / "uv.lock").unlink()
    (folder / "Dockerfile").unlink()


_FLASK = ("flask==3.1.3", "0ef0e52b8a9cd932855379197dd8f94047b359ca0a78695144304cb45f87c9eb")
_OIDC = ("oidc-provider-mock==0.3.4", "86f53c3cd170618a3109b45d912708e294d65d9fb139d14a7ff388d8d004db6c")
_PROVIDER = "/.well-known/openid-configuration"
_APPS = (
    App(
        "flaskr",
        *_FLASK,
        subfolder="examples/tutorial",
        prepare=_add_server,
        settings={
            "healthCheckPath": "/hello",
            "writablePaths": ["/tmp", "/app/instance"],
            # Each task creates its own database, which is deleted with it.
            "startCommand": "flask --app flaskr init-db && gunicorn --bind 0.0.0.0:$PORT 'flaskr:create_app()'",
        },
    ),
    App(
        "fittrackee",  # newer versions need PostGIS
        "fittrackee==0.9.3",
        "446c8a977b8561692abbf490c0d5206787f43661d1ee4a93dc2737fa85560f2d",
        prepare=_lock_with_poetry,
        settings={
            "database": "postgres",
            "healthCheckPath": "/api/ping",
            "startCommand": "fittrackee",  # one of its two scripts
            "releaseCommand": "ftcli db upgrade",
            "env": {
                "HOST": "0.0.0.0",
                "UI_URL": "https://localhost",
                "APP_SECRET_KEY": "only used in this test",
                "UPLOAD_FOLDER": "/tmp",
            },
        },
    ),
    App(
        "wagtail",
        "wagtail==7.2.1",
        "388bb42c4818c081a4ddf36e6f4529bfbc54ed262a91b65b0e5f951476f2cf74",
        prepare=_start_wagtail_project,
        settings={
            "database": "mariadb",
            "databaseUrlQuery": "ssl-ca=/etc/rds-ca/rds-ca-bundle.pem&ssl_mode=VERIFY_IDENTITY"
            "&charset=utf8mb4&collation=utf8mb4_unicode_ci",
            "startCommand": "gunicorn --bind 0.0.0.0:$PORT mysite.wsgi:application",
            "releaseCommand": "python manage.py migrate --noinput",
            "env": {"DJANGO_SETTINGS_MODULE": "mysite.settings.production"},
            "buildEnv": {"DJANGO_SETTINGS_MODULE": "mysite.settings.production"},
            "secretValues": {"DJANGO_SUPERUSER_PASSWORD": "only used in this test"},
        },
    ),
    App(
        "kinto",
        "kinto==26.5.0",
        "242d6fe6870456ffea05461b250db4499a2f1431582075b4ddca75c8d7851f7e",
        prepare=_configure_kinto,
        settings={
            "database": "postgres",
            "databaseUrlScheme": "postgresql+psycopg2",
            "healthCheckPath": "/v1/__lbheartbeat__",
            "startCommand": f"{_KINTO_URLS} gunicorn --bind 0.0.0.0:$PORT app:application",
            "releaseCommand": f"{_KINTO_URLS} kinto migrate --ini kinto.ini",
            "env": {"KINTO_INI": "kinto.ini"},
        },
    ),
    App(
        "httpbin",
        "httpbin==0.10.4",
        "6023a5a2e8fb8e91abdd6d34d1f1f455092f97d567c25600e1b48ee1178aa738",
        prepare=_write_pipfile,
        settings={"healthCheckPath": "/status/200", "startCommand": "gunicorn --bind 0.0.0.0:$PORT httpbin:app"},
    ),
    App(
        "oidc",  # has a Dockerfile and uv.lock; a process uses uv.lock
        *_OIDC,
        settings={
            "healthCheckPath": _PROVIDER,
            "startCommand": "oidc-provider-mock --host 0.0.0.0 --port $PORT",
        },
    ),
    App("oidc-image", *_OIDC, settings={"healthCheckPath": _PROVIDER, "port": 9400}),
)
APPS = {app.name: app for app in _APPS}

"""Every framework with every server that can load its app: the rows of docs/tested-combinations.md.

Each app answers as those of `frameworks.py` do: `/` with the visitor's address, `/healthz`, `/static/style.css`, and
`/slow` after a second.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.apps.frameworks import FRAMEWORKS, STYLE

FLASK = """import os
import time

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=int(os.environ["TRUST_PROXY_DEPTH"]), x_proto=1, x_host=0)


@app.get("/")
def index():
    return request.remote_addr


@app.get("/healthz")
def health():
    return "up"


@app.get("/slow")
def slow():
    time.sleep(1)
    return "done"
"""
FASTAPI = """import asyncio
import os

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from fastapi.staticfiles import StaticFiles

app = FastAPI(openapi_url=None)
app.mount("/static", StaticFiles(directory="static"))


@app.get("/", response_class=PlainTextResponse)
async def index(request: Request):
    addresses = request.headers.get("X-Forwarded-For", "").split(",")
    return addresses[-int(os.environ["TRUST_PROXY_DEPTH"]) :][0].strip()


@app.get("/healthz", response_class=PlainTextResponse)
async def health():
    return "up"


@app.get("/slow", response_class=PlainTextResponse)
async def slow():
    await asyncio.sleep(1)
    return "done"
"""
_MANAGE = """import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
execute_from_command_line(sys.argv)
"""
_ENTRY = """import os

from django.core.{kind} import get_{kind}_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_{kind}_application()
"""
_SETTINGS = """import os
from pathlib import Path

SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = [os.environ["EXTERNAL_HOSTNAME"]]
CSRF_TRUSTED_ORIGINS = [os.environ["EXTERNAL_URL"]]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
MIDDLEWARE = ["shop.urls.health", "whitenoise.middleware.WhiteNoiseMiddleware"]
ROOT_URLCONF = "shop.urls"
STATIC_URL = "static/"
STATICFILES_DIRS = [Path(__file__).parents[1] / "static"]
WHITENOISE_USE_FINDERS = True
"""
_URLS = """import os
import time

from django.http import HttpResponse
from django.urls import path


def health(get_response):
    return lambda request: HttpResponse("up") if request.path == "/healthz" else get_response(request)


def index(request):
    addresses = request.headers.get("X-Forwarded-For", "").split(",")
    return HttpResponse(addresses[-int(os.environ["TRUST_PROXY_DEPTH"]) :][0].strip())


def slow(request):
    time.sleep(1)
    return HttpResponse("done")


urlpatterns = [path("", index), path("slow", slow)]
"""
DJANGO = {
    "manage.py": _MANAGE,
    "shop/__init__.py": "",
    "shop/settings.py": _SETTINGS,
    "shop/urls.py": _URLS,
}
_WSGI_SERVERS = ("gunicorn", "granian", "waitress", "uwsgi", "hypercorn")
_ASGI_SERVERS = ("uvicorn", "granian", "hypercorn", "daphne")


class Combination(NamedTuple):
    """A framework's app, and the server that runs it."""

    framework: str
    server: str
    """Its name among `COMMANDS` of `tests/reliability/servers.py`."""
    files: Mapping[str, str]
    packages: tuple[str, ...]
    """The app's dependencies, with the server among them if it is not the framework's own."""
    starts: str
    """The first words of the start command that is proposed."""

    def write(self, folder: Path) -> Path:
        """Write the app with its requirements to a new folder."""
        for name, text in {**self.files, "requirements.txt": "\n".join(self.packages) + "\n"}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        return folder


def _of(
    framework: str, server: str, files: Mapping[str, str], *packages: str, starts: str = ""
) -> tuple[str, Combination]:
    first = starts or {"waitress": "waitress-serve"}.get(server, server)
    return f"{framework}-{server}".replace(" ", "-"), Combination(framework, server, files, packages, first)


def _shop(*kinds: str) -> dict[str, str]:
    """The Django project with only these entry points, so that a server of their interface is proposed."""
    return {**DJANGO, **STYLE, **{f"shop/{kind}.py": _ENTRY.format(kind=kind) for kind in kinds}}


COMBINATIONS = dict(
    [
        *(_of("Flask", server, {"app.py": FLASK, **STYLE}, "flask", server) for server in _WSGI_SERVERS),
        *(_of("Django", server, _shop("wsgi"), "django", "whitenoise", server) for server in _WSGI_SERVERS),
        *(
            _of("Django", server, _shop("asgi"), "django", "whitenoise", server)
            for server in _ASGI_SERVERS
            if server not in _WSGI_SERVERS
        ),
        *(_of("FastAPI", server, {"main.py": FASTAPI, **STYLE}, "fastapi", server) for server in _ASGI_SERVERS),
        _of("Starlette", "uvicorn", FRAMEWORKS["starlette"].files, "starlette", "uvicorn"),
        *(_of("Litestar", server, FRAMEWORKS["litestar"].files, "litestar", server) for server in _ASGI_SERVERS),
        *(_of("plain WSGI", server, FRAMEWORKS["wsgi"].files, server) for server in _WSGI_SERVERS),
        *(_of("plain ASGI", server, FRAMEWORKS["asgi"].files, server) for server in _ASGI_SERVERS),
        _of("Sanic", "sanic", FRAMEWORKS["sanic"].files, "sanic"),
        _of("aiohttp", "aiohttp", FRAMEWORKS["aiohttp"].files, "aiohttp", starts="python main.py"),
        _of(
            "aiohttp",
            "gunicorn with aiohttp",
            FRAMEWORKS["aiohttp-gunicorn"].files,
            *("aiohttp", "gunicorn"),
            starts="gunicorn --bind 0.0.0.0:$PORT --worker-class aiohttp.GunicornWebWorker",
        ),
        _of("Tornado", "tornado", FRAMEWORKS["tornado"].files, "tornado", starts="python main.py"),
        _of("http.server", "http.server", FRAMEWORKS["http.server"].files, "itsdangerous", starts="python main.py"),
    ]
)
"""By the parameter of the tests."""

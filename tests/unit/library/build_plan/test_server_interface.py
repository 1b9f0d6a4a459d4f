"""A start command whose server calls the app by another interface than the app has."""

# ruff: noqa: E501 each row is a file of code
import pytest
from flask_on_aws.build_plan.app_code.server_interface import interface_mismatch
from flask_on_aws.build_plan.plan import BuildPlanError, PlanSettings, plan_build
from flask_on_aws.build_plan.project_files import ProjectFiles

GUNICORN = "gunicorn --bind 0.0.0.0:$PORT"
UVICORN = "uvicorn --host 0.0.0.0 --port $PORT"
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"
WSGI_OF_DJANGO = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
ASGI_OF_DJANGO = WSGI_OF_DJANGO.replace("wsgi", "asgi")
DJANGO = {"manage.py": "", "shop/__init__.py": "", "shop/wsgi.py": WSGI_OF_DJANGO, "shop/asgi.py": ASGI_OF_DJANGO}
FASTAPI_FILES, FLASK_FILES = {"main.py": FASTAPI}, {"main.py": FLASK}
FASTAPI_FACTORY = {"main.py": "from fastapi import FastAPI\ndef create_app():\n    return FastAPI()\n"}
AIOHTTP = {"main.py": "from aiohttp import web\napp = web.Application()\n"}
AIOHTTP_COMMAND = f"{GUNICORN} --worker-class aiohttp.GunicornWebWorker main:app"
SANIC = {"main.py": "from sanic import Sanic\napp = Sanic('shop')\n"}
SANIC_COMMAND = "sanic main:app --host 0.0.0.0 --port $PORT --workers ${WEB_CONCURRENCY:-1}"
TORNADO = {
    "main.py": "import tornado.ioloop, tornado.web\napp = tornado.web.Application([])\n"
    "if __name__ == '__main__':\n    app.listen(80)\n    tornado.ioloop.IOLoop.current().start()\n"
}
PLAIN_WSGI = "def app(environ, start_response):\n    return []\n"
PLAIN_ASGI = "async def app(scope, receive, send):\n    pass\n"
WORKER = {"gunicorn.conf.py": 'worker_class = "uvicorn_worker.UvicornWorker"\n'}

# Files, start command, dependencies, and the command that fits, which may need a package.
MISMATCHES = {
    "gunicorn": (FASTAPI_FILES, "gunicorn main:app", "uvicorn", f"{UVICORN} main:app"),
    "gunicorn-without-another": (FASTAPI_FILES, "gunicorn main:app", "gunicorn", ("uvicorn", f"{UVICORN} main:app")),
    "gunicorn-options": (
        FASTAPI_FILES,
        "gunicorn -b 0.0.0.0:$PORT -k gthread main:app",
        "uvicorn",
        f"{UVICORN} main:app",
    ),
    "gunicorn-factory": (
        FASTAPI_FACTORY,
        "gunicorn 'main:create_app()'",
        "uvicorn",
        f"{UVICORN} --factory main:create_app",
    ),
    "gunicorn-configuration": (
        {**FASTAPI_FILES, "gunicorn.conf.py": "workers = 2\n"},
        "exec gunicorn main:app",
        "uvicorn",
        f"{UVICORN} main:app",
    ),
    "gunicorn-module": (FASTAPI_FILES, "python -m gunicorn main:app", "uvicorn", f"{UVICORN} main:app"),
    "after-a-migration": (
        FASTAPI_FILES,
        "alembic upgrade head && gunicorn main:app",
        "uvicorn",
        f"{UVICORN} main:app",
    ),
    "wrapped": (FASTAPI_FILES, "ddtrace-run gunicorn main:app", "uvicorn", f"{UVICORN} main:app"),
    "waitress": (FASTAPI_FILES, "waitress-serve --port $PORT main:app", "uvicorn", f"{UVICORN} main:app"),
    "uwsgi": (FASTAPI_FILES, "uwsgi --http :$PORT --module main:app", "uvicorn", f"{UVICORN} main:app"),
    "granian-wsgi": (
        FASTAPI_FILES,
        "granian --interface wsgi main:app",
        "granian",
        "granian --interface asgi --host 0.0.0.0 --port $PORT main:app",
    ),
    "uvicorn": (FLASK_FILES, "uvicorn --port $PORT main:app", "gunicorn", f"{GUNICORN} main:app"),
    "uvicorn-worker": (
        FLASK_FILES,
        "gunicorn -k uvicorn.workers.UvicornWorker main:app",
        "gunicorn",
        f"{GUNICORN} main:app",
    ),
    "uvicorn-worker-of-a-file": ({**FLASK_FILES, **WORKER}, "gunicorn main:app", "gunicorn", f"{GUNICORN} main:app"),
    "gunicorn-asgi": (FLASK_FILES, "gunicorn --worker-class=asgi main:app", "gunicorn", f"{GUNICORN} main:app"),
    "daphne": (FLASK_FILES, "daphne main:app", "gunicorn", f"{GUNICORN} main:app"),
    "granian-asgi": (
        FLASK_FILES,
        "granian --interface=asgi main:app",
        "granian",
        "granian --interface wsgi --host 0.0.0.0 --port $PORT main:app",
    ),
    "quart": (
        {"main.py": "from quart import Quart\napp = Quart(__name__)\n"},
        "gunicorn main:app",
        "quart",
        "hypercorn --bind 0.0.0.0:$PORT main:app",
    ),
    "aiohttp": (
        {"main.py": "from aiohttp import web\napp = web.Application()\n"},
        "gunicorn main:app",
        "aiohttp gunicorn",
        f"{GUNICORN} --worker-class aiohttp.GunicornWebWorker main:app",
    ),
    "aiohttp-asgi": (AIOHTTP, "uvicorn main:app", "aiohttp gunicorn", AIOHTTP_COMMAND),
    "aiohttp-hypercorn": (AIOHTTP, "hypercorn main:app", "aiohttp hypercorn", ("gunicorn", AIOHTTP_COMMAND)),
    "aiohttp-with-its-own-program": (
        {"main.py": f"{AIOHTTP['main.py']}if __name__ == '__main__':\n    web.run_app(app)\n"},
        "uvicorn main:app",
        "aiohttp uvicorn",
        "python main.py",
    ),
    "aiohttp-worker": (
        FLASK_FILES,
        "gunicorn -k aiohttp.GunicornWebWorker main:app",
        "gunicorn",
        f"{GUNICORN} main:app",
    ),
    "aiohttp-server": (
        FASTAPI_FACTORY,
        "python -m aiohttp.web -P $PORT main:create_app",
        "uvicorn",
        f"{UVICORN} --factory main:create_app",
    ),
    "sanic": (SANIC, "gunicorn main:app", "sanic gunicorn", SANIC_COMMAND),
    "sanic-waitress": (SANIC, "waitress-serve --port $PORT main:app", "sanic waitress", SANIC_COMMAND),
    "sanic-server": (FLASK_FILES, "sanic main:app", "gunicorn", f"{GUNICORN} main:app"),
    "tornado": (TORNADO, "gunicorn main:app", "tornado gunicorn", "python main.py"),
    "tornado-asgi": (TORNADO, "uvicorn main:app", "tornado uvicorn", "python main.py"),
    "litestar": (
        {"main.py": "from litestar import Litestar\napp = Litestar([])\n"},
        "gunicorn main:app",
        "litestar litestar-standard",
        f"{UVICORN} main:app",
    ),
    "plain-asgi": ({"main.py": PLAIN_ASGI}, "gunicorn main:app", "uvicorn", f"{UVICORN} main:app"),
    "plain-asgi-object": (
        {"main.py": "class App:\n    async def __call__(self, scope, receive, send):\n        pass\napp = App()\n"},
        "gunicorn main:app",
        "uvicorn",
        f"{UVICORN} main:app",
    ),
    "plain-wsgi": ({"main.py": PLAIN_WSGI}, "uvicorn main:app", "gunicorn", f"{GUNICORN} main:app"),
    "django": (DJANGO, "gunicorn shop.asgi", "uvicorn", f"{UVICORN} shop.asgi:application"),
    "django-wsgi": (DJANGO, "uvicorn shop.wsgi:application", "gunicorn", f"{GUNICORN} shop.wsgi:application"),
    "django-in-a-folder": (
        {f"site/{name}": text for name, text in DJANGO.items()},
        "cd site && gunicorn shop.asgi",
        "uvicorn",
        f"cd site && {UVICORN} shop.asgi:application",
    ),
}
FITS = {
    "gunicorn": (FLASK_FILES, "gunicorn main:app"),
    "gunicorn-uvicorn-worker": (FASTAPI_FILES, "gunicorn -k uvicorn.workers.UvicornWorker main:app"),
    "gunicorn-uvicorn-h11-worker": (FASTAPI_FILES, "gunicorn -kuvicorn_worker.UvicornH11Worker main:app"),
    "gunicorn-asgi": (FASTAPI_FILES, "gunicorn --worker-class asgi main:app"),
    "gunicorn-own-worker": (FASTAPI_FILES, "gunicorn -k shop.Worker main:app"),
    "gunicorn-configuration": ({**FASTAPI_FILES, **WORKER}, "gunicorn main:app"),
    "gunicorn-configuration-in-a-folder": (
        {f"api/{name}": text for name, text in {**FASTAPI_FILES, **WORKER}.items()},
        "cd api && gunicorn main:app",
    ),
    "gunicorn-computed": (
        {**FASTAPI_FILES, "gunicorn.conf.py": "import os\nworker_class = os.environ.get('WORKER')\n"},
        "gunicorn main:app",
    ),
    "gunicorn-other-configuration": (FASTAPI_FILES, "gunicorn -c python:shop.gunicorn main:app"),
    "gunicorn-variable": (FASTAPI_FILES, "GUNICORN_CMD_ARGS='-k asgi' gunicorn main:app"),
    "gunicorn-variable-of-env": (FASTAPI_FILES, "env GUNICORN_CMD_ARGS='-k asgi' gunicorn main:app"),
    "gunicorn-variable-exported": (FASTAPI_FILES, "export GUNICORN_CMD_ARGS='-k asgi' && gunicorn main:app"),
    "gunicorn-aiohttp": (
        {"main.py": "from aiohttp import web\napp = web.Application()\n"},
        "gunicorn -k aiohttp.GunicornWebWorker main:app",
    ),
    "uvicorn": (FASTAPI_FILES, "uvicorn main:app"),
    "uvicorn-wsgi": (FLASK_FILES, "uvicorn --interface wsgi main:app"),
    "hypercorn": (FLASK_FILES, "hypercorn main:app"),
    "hypercorn-asgi": (FASTAPI_FILES, "hypercorn main:app"),
    "sanic": (SANIC, "sanic main:app"),
    "sanic-asgi": (SANIC, "uvicorn main:app"),
    "aiohttp-server": (
        {"main.py": "from aiohttp import web\ndef init(argv):\n    return web.Application()\n"},
        "python -m aiohttp.web -P $PORT main:init",
    ),
    "tornado-worker": (TORNADO, "gunicorn -k tornado main:app"),
    "tornado-program": (TORNADO, "python main.py"),
    "plain-wsgi": ({"main.py": PLAIN_WSGI}, "gunicorn main:app"),
    "plain-asgi": ({"main.py": PLAIN_ASGI}, "uvicorn main:app"),
    "plain-asgi-with-an-unknown-decorator": (
        {"main.py": f"from x import as_wsgi\n@as_wsgi\n{PLAIN_ASGI}"},
        "gunicorn main:app",
    ),
    "granian-default": (FASTAPI_FILES, "granian main:app"),
    "wrapped-by-a-known-class": (
        {"main.py": f"{FASTAPI}from a2wsgi import ASGIMiddleware\nwsgi = ASGIMiddleware(app)\n"},
        "gunicorn main:wsgi",
    ),
    "wrapped-by-an-unknown-class": (
        {"main.py": f"{FASTAPI}from x import Adapter\nwsgi = Adapter(app)\n"},
        "gunicorn main:wsgi",
    ),
    "wrapped-under-its-name": (
        {"main.py": f"{FASTAPI}from x import Adapter\napp = Adapter(app)\n"},
        "gunicorn main:app",
    ),
    "wrapped-in-a-factory": (
        {
            "main.py": "from fastapi import FastAPI\nfrom x import A\ndef f():\n    app = FastAPI()\n    app = A(app)\n    return app\n"
        },
        "gunicorn 'main:f()'",
    ),
    "connexion-of-any-version": ({"main.py": "import connexion\napp = connexion.App('x')\n"}, "gunicorn main:app"),
    "modules-of-the-same-name": ({"api/main.py": FASTAPI, "web/main.py": FLASK}, "cd web && gunicorn main:app"),
    "unknown": ({"main.py": "from elsewhere import app\n"}, "gunicorn main:app"),
    "django": (DJANGO, "gunicorn shop.wsgi"),
    "django-asgi": (DJANGO, "uvicorn shop.asgi:application"),
    "no-server": (FASTAPI_FILES, "python main.py"),
}


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return ProjectFiles(folder)


@pytest.mark.parametrize("name", MISMATCHES)
def test_a_server_of_the_other_interface_is_reported_with_the_command_that_fits(tmp_path, name):
    files, command, packages, expected = MISMATCHES[name]
    expected = expected if isinstance(expected, tuple) else ("", expected)
    mismatch = interface_mismatch(write(tmp_path, files), command, packages.split(), installed=False)
    assert mismatch
    assert (mismatch.proposal.missing, mismatch.proposal.command) == expected


@pytest.mark.parametrize("name", FITS)
def test_what_fits_or_cannot_be_known_is_accepted(tmp_path, name):
    files, command = FITS[name]
    assert interface_mismatch(write(tmp_path, files), command, [], installed=False) is None


@pytest.mark.parametrize(("setting", "place"), [("", "Procfile, line 1"), ("gunicorn main:app", "start_command")])
def test_the_plan_names_the_place_and_both_interfaces(tmp_path, setting, place):
    write(
        tmp_path, {**FASTAPI_FILES, "requirements.txt": "fastapi\ngunicorn\n", "Procfile": "web: gunicorn main:app\n"}
    )
    with pytest.raises(BuildPlanError) as error:
        plan_build(tmp_path, PlanSettings(start_command=setting))
    assert error.value.problems == (
        f"{place}: gunicorn calls it as a WSGI application, but app in main.py is an ASGI application and would answer 500 "
        f"to every request; add uvicorn to the dependencies and start it with: {UVICORN} main:app",
    )


@pytest.mark.parametrize(
    ("files", "command", "sentence"),
    [
        (
            {"main.py": "import tornado.web\napp = tornado.web.Application([])\n"},
            "gunicorn main:app",
            "gunicorn calls it as a WSGI application, but app in main.py is a Tornado application and would answer 500 to "
            "every request; no module of the app starts the server of app in main.py: add a main.py that calls its method "
            "listen with the port of the variable PORT",
        ),
        (
            FLASK_FILES,
            "sanic main:app",
            "sanic calls it as a Sanic application, but app in main.py is a WSGI application and would not start; start it "
            f"with: {GUNICORN} main:app",
        ),
    ],
)
def test_what_becomes_of_the_app_is_said(tmp_path, files, command, sentence):
    mismatch = interface_mismatch(write(tmp_path, files), command, ["gunicorn"], installed=False)
    assert mismatch
    assert mismatch.sentence == sentence


def test_an_asgi_module_of_django_is_served_by_asgi(tmp_path):
    files = {**DJANGO, "shop/wsgi.py": "", "shop/asgi.py": ASGI_OF_DJANGO, "requirements.txt": "django\nuvicorn\n"}
    write(tmp_path, {**files, "Procfile": "web: gunicorn shop.asgi:application\n"})
    with pytest.raises(BuildPlanError, match=r"start it with: uvicorn .* shop\.asgi:application"):
        plan_build(tmp_path)

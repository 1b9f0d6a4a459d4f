"""What would start an app that does not say so, from its code, which is parsed and never run."""

# ruff: noqa: E501 each row is a file of code
import subprocess
import sys
from pathlib import Path

import pytest
from flask_on_aws.build_plan.app_code.proposal import propose
from flask_on_aws.build_plan.app_code.python_code import Code
from flask_on_aws.build_plan.app_code.server_calls import ServerCalls, Starts
from flask_on_aws.build_plan.project_files import ProjectFiles
from hypothesis import given
from hypothesis import strategies as st

FLASK = "from flask import Flask\napp = Flask(__name__)\n"
FACTORY = "from flask import Flask\ndef create_app(config=None):\n    app = Flask(__name__)\n    return app\n"
FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"
GUNICORN = "gunicorn --bind 0.0.0.0:$PORT"
UVICORN = "uvicorn --host 0.0.0.0 --port $PORT"
WSGI_OF_DJANGO = "import os\nfrom django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
ASGI_OF_DJANGO = WSGI_OF_DJANGO.replace("wsgi", "asgi")
DJANGO = {
    "manage.py": "import sys\n\nfrom django.core.management import execute_from_command_line\n",
    "shop/__init__.py": "",
    "shop/wsgi.py": WSGI_OF_DJANGO,
    "shop/asgi.py": ASGI_OF_DJANGO,
}

# Files, dependencies, and the command; a command in two parts needs the package in the first.
APPS = {
    "app.py": ({"app.py": FLASK}, "gunicorn", f"{GUNICORN} app:app"),
    "another-name": ({"app.py": FLASK.replace("app =", "shop =")}, "gunicorn", f"{GUNICORN} app:shop"),
    "wsgi.py": ({"wsgi.py": FLASK, "app.py": FLASK}, "gunicorn", f"{GUNICORN} wsgi:app"),
    "application": (
        {"wsgi.py": "from shop import create_app\napplication = create_app()\n", "shop/__init__.py": FACTORY},
        "gunicorn",
        f"{GUNICORN} wsgi:application",
    ),
    "imported": ({"wsgi.py": "from shop import app\n", "shop/__init__.py": FLASK}, "gunicorn", f"{GUNICORN} wsgi:app"),
    "imported-as": (
        {"wsgi.py": "from shop import app as application\n", "shop/__init__.py": FLASK},
        "gunicorn",
        f"{GUNICORN} wsgi:application",
    ),
    "imported-in-a-main": (
        {"wsgi.py": "from shop import app\nif __name__ == '__main__':\n    app.run()\n", "shop/__init__.py": FLASK},
        "gunicorn",
        f"{GUNICORN} wsgi:app",
    ),
    "server.py": ({"server.py": FLASK, "jobs.py": ""}, "gunicorn", f"{GUNICORN} server:app"),
    "autoapp.py": (
        {
            "autoapp.py": "from shop.app import create_app\napp = create_app()\n",
            "shop/__init__.py": "",
            "shop/app.py": FACTORY,
        },
        "gunicorn",
        f"{GUNICORN} autoapp:app",
    ),
    "main.py": ({"main.py": FLASK}, "gunicorn", f"{GUNICORN} main:app"),
    "any.py": ({"blog.py": FLASK}, "gunicorn", f"{GUNICORN} blog:app"),
    "factory": ({"shop/__init__.py": FACTORY}, "gunicorn", f"{GUNICORN} 'shop:create_app()'"),
    "make-app": ({"shop.py": FACTORY.replace("create_app", "make_app")}, "gunicorn", f"{GUNICORN} 'shop:make_app()'"),
    "factory-with-an-object": ({"app.py": f"{FACTORY}app = create_app()\n"}, "gunicorn", f"{GUNICORN} app:app"),
    "factory-of-a-factory": (
        {
            "app.py": "from core import create_app as base\ndef create_app():\n    app = base()\n    return app\n",
            "core.py": FACTORY,
        },
        "gunicorn",
        f"{GUNICORN} 'app:create_app()'",
    ),
    "factory-through-a-package": (
        {"shop/__init__.py": "from .app import create_app\n", "shop/app.py": FACTORY},
        "gunicorn",
        f"{GUNICORN} 'shop.app:create_app()'",
    ),
    "package": ({"shop/__init__.py": "", "shop/web.py": FLASK}, "gunicorn", f"{GUNICORN} shop.web:app"),
    "package-itself": (
        {"shop/__init__.py": FLASK, "shop/views.py": "from . import app\n"},
        "gunicorn",
        f"{GUNICORN} shop:app",
    ),
    "src-layout": (
        {"src/shop/__init__.py": "", "src/shop/wsgi.py": FLASK},
        "gunicorn",
        f"PYTHONPATH=src {GUNICORN} shop.wsgi:app",
    ),
    "folder": ({"backend/app.py": FLASK, "frontend/x.js": ""}, "gunicorn", f"cd backend && {GUNICORN} app:app"),
    "folder-that-is-imported": (
        {"backend/app.py": FLASK, "run.py": "from backend.app import app\n"},
        "gunicorn",
        f"{GUNICORN} run:app",
    ),
    "wrapped": (
        {
            "app.py": f"{FLASK}from werkzeug.middleware.proxy_fix import ProxyFix\napp.wsgi_app = ProxyFix(app.wsgi_app)\n"
        },
        "gunicorn",
        f"{GUNICORN} app:app",
    ),
    "wrapped-name": (
        {"app.py": f"{FLASK}from x import Monitor\napp = Monitor(app)\n"},
        "gunicorn",
        f"{GUNICORN} app:app",
    ),
    "wrapped-in-a-factory": (
        {"app.py": FACTORY.replace("    return", "    app = ProxyFix(app)\n    return")},
        "gunicorn",
        f"{GUNICORN} 'app:create_app()'",
    ),
    "subclass": (
        {"app.py": "import flask\nclass Shop(flask.Flask):\n    pass\napp = Shop(__name__)\n"},
        "gunicorn",
        f"{GUNICORN} app:app",
    ),
    "annotated": (
        {"app.py": "import flask as f\napp: f.Flask = f.Flask(__name__)\n"},
        "gunicorn",
        f"{GUNICORN} app:app",
    ),
    "in-a-try": (
        {"app.py": f"try:\n    import x\nexcept ImportError:\n    x = None\n{FLASK}"},
        "gunicorn",
        f"{GUNICORN} app:app",
    ),
    "plain-wsgi": (
        {"hello.py": "def application(environ, start_response):\n    pass\n"},
        "gunicorn",
        f"{GUNICORN} hello:application",
    ),
    "plain-asgi": ({"hello.py": "async def app(scope, receive, send):\n    pass\n"}, "uvicorn", f"{UVICORN} hello:app"),
    "django": (DJANGO, "django gunicorn", f"{GUNICORN} shop.wsgi:application"),
    "django-asgi": (DJANGO, "django uvicorn", f"{UVICORN} shop.asgi:application"),
    "django-both-servers": (DJANGO, "django gunicorn uvicorn", f"{UVICORN} shop.asgi:application"),
    "django-hypercorn": (DJANGO, "django hypercorn", "hypercorn --bind 0.0.0.0:$PORT shop.asgi:application"),
    "django-granian": (
        DJANGO,
        "django granian",
        "granian --interface asgi --host 0.0.0.0 --port $PORT shop.asgi:application",
    ),
    "django-without-asgi": (
        {name: text for name, text in DJANGO.items() if "asgi" not in name},
        "django gunicorn uvicorn",
        f"{GUNICORN} shop.wsgi:application",
    ),
    "django-no-server": (DJANGO, "django", ("gunicorn", f"{GUNICORN} shop.wsgi:application")),
    "django-in-src": (
        {f"src/{name}": text for name, text in DJANGO.items()},
        "django gunicorn",
        f"PYTHONPATH=src {GUNICORN} shop.wsgi:application",
    ),
    "django-in-a-folder": (
        {f"site/{name}": text for name, text in DJANGO.items()},
        "django gunicorn",
        f"cd site && {GUNICORN} shop.wsgi:application",
    ),
    "django-channels": (
        {
            **DJANGO,
            "shop/wsgi.py": "",
            "shop/asgi.py": f"{ASGI_OF_DJANGO}from channels.routing import ProtocolTypeRouter\n"
            "application = ProtocolTypeRouter({})\n",
        },
        "django daphne",
        "daphne --bind 0.0.0.0 --port $PORT shop.asgi:application",
    ),
    "pyramid": (
        {"app.py": "from pyramid.config import Configurator\nconfig = Configurator()\napp = config.make_wsgi_app()\n"},
        "waitress",
        "waitress-serve --listen 0.0.0.0:$PORT app:app",
    ),
    "dash": (
        {"app.py": "from dash import Dash\napp = Dash()\nserver = app.server\n"},
        "gunicorn",
        f"{GUNICORN} app:server",
    ),
    "fastapi": ({"main.py": FASTAPI}, "fastapi uvicorn", f"{UVICORN} main:app"),
    "fastapi-standard": ({"main.py": FASTAPI}, "fastapi fastapi-standard", f"{UVICORN} main:app"),
    "fastapi-package": ({"app/__init__.py": "", "app/main.py": FASTAPI}, "uvicorn", f"{UVICORN} app.main:app"),
    "fastapi-run": (
        {"main.py": f"{FASTAPI}import uvicorn\nif __name__ == '__main__':\n    uvicorn.run(app)\n"},
        "uvicorn",
        f"{UVICORN} main:app",
    ),
    "fastapi-uvicorn-worker": ({"main.py": FASTAPI}, "fastapi gunicorn uvicorn-worker", f"{UVICORN} main:app"),
    "fastapi-and-gunicorn": ({"main.py": FASTAPI}, "fastapi gunicorn uvicorn", f"{UVICORN} main:app"),
    "starlette": (
        {"main.py": "from starlette.applications import Starlette\napp = Starlette()\n"},
        "hypercorn",
        "hypercorn --bind 0.0.0.0:$PORT main:app",
    ),
    "asgi-factory": (
        {"main.py": "from fastapi import FastAPI\ndef create_app() -> FastAPI:\n    return FastAPI()\n"},
        "granian",
        "granian --interface asgi --host 0.0.0.0 --port $PORT --factory main:create_app",
    ),
    "asgi-factory-of-uvicorn": (
        {"main.py": "from fastapi import FastAPI\ndef create_app():\n    return FastAPI()\n"},
        "uvicorn daphne",
        f"{UVICORN} --factory main:create_app",
    ),
    "quart": (
        {"app.py": "from quart import Quart\napp = Quart(__name__)\n"},
        "quart",
        "hypercorn --bind 0.0.0.0:$PORT app:app",
    ),
    "litestar": (
        {"app.py": "from litestar import Litestar\napp = Litestar([])\n"},
        "litestar-standard",
        f"{UVICORN} app:app",
    ),
    "sanic": (
        {"server.py": "from sanic import Sanic\napp = Sanic('x')\n"},
        "sanic",
        "sanic server:app --host 0.0.0.0 --port $PORT --workers ${WEB_CONCURRENCY:-1}",
    ),
    "sanic-that-needs-a-name": (
        {
            "server.py": "from functools import partial\nfrom sanic import Sanic\nfrom sanic.worker.loader import AppLoader\n"
            "def create_app(name):\n    return Sanic(name)\nif __name__ == '__main__':\n"
            "    loader = AppLoader(factory=partial(create_app, 'x'))\n    app = loader.load()\n"
            "    app.prepare()\n    Sanic.serve(primary=app, app_loader=loader)\n"
        },
        "sanic",
        "python server.py",
    ),
    "aiohttp": (
        {
            "main.py": "from aiohttp import web\napp = web.Application()\nif __name__ == '__main__':\n    web.run_app(app)\n"
        },
        "aiohttp",
        "python main.py",
    ),
    "aiohttp-and-gunicorn": (
        {"main.py": "from aiohttp import web\napp = web.Application()\n"},
        "aiohttp gunicorn",
        f"{GUNICORN} --worker-class aiohttp.GunicornWebWorker main:app",
    ),
    "aiohttp-coroutine-of-its-own-program": (
        {
            "main.py": "from aiohttp import web\nasync def init_app():\n    return web.Application()\n"
            "if __name__ == '__main__':\n    web.run_app(init_app())\n"
        },
        "aiohttp",
        "python main.py",
    ),
    "aiohttp-package": (
        {
            "shop/__init__.py": "",
            "shop/__main__.py": "from aiohttp import web\nfrom .app import app\nweb.run_app(app)\n",
            "shop/app.py": "from aiohttp import web\napp = web.Application()\n",
        },
        "aiohttp",
        "python -m shop",
    ),
    "aiohttp-argparse": (
        {
            "main.py": "import argparse\nfrom aiohttp import web\napp = web.Application()\nif __name__ == '__main__':\n"
            "    parser = argparse.ArgumentParser()\n    parser.add_argument('-H', '--host')\n"
            "    parser.add_argument('-p', '--port', type=int)\n    args = parser.parse_args()\n"
            "    web.run_app(app, host=args.host, port=args.port)\n"
        },
        "aiohttp",
        "python main.py --port $PORT --host 0.0.0.0",
    ),
    "aiohttp-argparse-whose-default-is-the-variable": (
        {
            "main.py": "import argparse, os\nfrom aiohttp import web\nparser = argparse.ArgumentParser()\n"
            "parser.add_argument('--port', default=os.environ.get('PORT'))\n"
            "web.run_app(web.Application(), port=parser.parse_args().port)\n"
        },
        "aiohttp",
        "python main.py",
    ),
    "aiohttp-site": (
        {
            "main.py": "import asyncio\nfrom aiohttp import web\nasync def main():\n    runner = web.AppRunner(web.Application())\n"
            "    await runner.setup()\n    await web.TCPSite(runner).start()\n    await asyncio.Event().wait()\nasyncio.run(main())\n"
        },
        "aiohttp",
        "python main.py",
    ),
    "tornado-of-the-documentation": (
        {
            "main.py": "import asyncio\nimport tornado\nclass Index(tornado.web.RequestHandler):\n    pass\n"
            "def make_app():\n    return tornado.web.Application([('/', Index)])\nasync def main():\n    app = make_app()\n"
            "    app.listen(8888)\n    await asyncio.Event().wait()\nif __name__ == '__main__':\n    asyncio.run(main())\n"
        },
        "tornado",
        "python main.py",
    ),
    "tornado-options-in-src": (
        {
            "src/shop/__init__.py": "",
            "src/shop/web.py": "import tornado.options, tornado.web, tornado.ioloop\ntornado.options.define('port', 80)\n"
            "tornado.options.define('address', '')\n"
            "def main():\n    tornado.options.parse_command_line()\n    tornado.web.Application([]).listen(options.port)\n"
            "if __name__ == '__main__':\n    tornado.ioloop.IOLoop.current().run_sync(main)\n",
        },
        "tornado",
        "PYTHONPATH=src python -m shop.web --port=$PORT --address=0.0.0.0",
    ),
    "tornado-in-a-folder": (
        {
            "backend/serve.py": "import tornado.httpserver, tornado.web, tornado.ioloop\n"
            "if __name__ == '__main__':\n    server = tornado.httpserver.HTTPServer(tornado.web.Application([]))\n"
            "    server.bind(80)\n    server.start(0)\n    tornado.ioloop.IOLoop.current().start()\n"
        },
        "tornado",
        "cd backend && python serve.py",
    ),
    "tornado-without-a-server": (
        {"app.py": "import tornado.web\napp = tornado.web.Application([])\n"},
        "tornado gunicorn",
        "",
    ),
    "tornado": (
        {
            "main.py": "import tornado.web\nimport tornado.ioloop\ndef make_app():\n    return tornado.web.Application([])\n"
            "def main():\n    make_app().listen(80)\n    tornado.ioloop.IOLoop.current().start()\n"
            "if __name__ == '__main__':\n    main()\n"
        },
        "tornado",
        "python main.py",
    ),
    "http.server": (
        {
            "main.py": "from http.server import HTTPServer\nif __name__ == '__main__':\n    HTTPServer(('', 80), None).serve_forever()\n"
        },
        "",
        "python main.py",
    ),
    "http.server-of-an-argument": (
        {
            "main.py": "import sys\nfrom http.server import *\ndef run(port):\n    HTTPServer(('', port), Handler).serve_forever()\n"
            "if __name__ == '__main__':\n    run(int(sys.argv[1]))\n"
        },
        "",
        "python main.py $PORT",
    ),
    "http.server-after-conditions": (
        {
            "main.py": "import http.server\n"
            + "".join(f"if a{number}:\n    b = {number}\n" for number in range(40))
            + "http.server.HTTPServer(('', 80), None).serve_forever()\n"
        },
        "",
        "python main.py",
    ),
    "plain-wsgi-env": ({"app.py": "def app(env, start_response):\n    return []\n"}, "gunicorn", f"{GUNICORN} app:app"),
    "plain-wsgi-object": (
        {"app.py": "class App:\n    def __call__(self, environ, start_response):\n        return []\napp = App()\n"},
        "gunicorn",
        f"{GUNICORN} app:app",
    ),
    "plain-wsgi-class": (
        {
            "app.py": "class App:\n    def __init__(self, environ, start_response):\n        self.start = start_response\n"
            "    def __iter__(self):\n        yield b''\n"
        },
        "gunicorn",
        f"{GUNICORN} app:App",
    ),
    "plain-wsgi-factory": (
        {"app.py": "def make():\n    def app(environ, start_response):\n        return []\n    return app\n"},
        "gunicorn",
        f"{GUNICORN} 'app:make()'",
    ),
    "plain-wsgi-of-werkzeug": (
        {
            "app.py": "from werkzeug.wrappers import Request\n@Request.application\ndef application(request):\n    pass\n"
        },
        "gunicorn",
        f"{GUNICORN} app:application",
    ),
    "plain-wsgi-of-wsgiref": (
        {
            "app.py": "from wsgiref.simple_server import make_server\ndef app(environ, start_response):\n    return []\n"
            "make_server('', 80, app).serve_forever()\n"
        },
        "flask",
        ("gunicorn", f"{GUNICORN} app:app"),
    ),
    "plain-asgi-object": (
        {"app.py": "class App:\n    async def __call__(self, scope, receive, send):\n        pass\napp = App()\n"},
        "uvicorn",
        f"{UVICORN} app:app",
    ),
    "functions-of-two-parameters": (
        {"app.py": "def between(start, end):\n    return []\ndef job(env, name):\n    pass\n"},
        "gunicorn",
        "",
    ),
    "waitress": ({"app.py": FLASK}, "flask waitress", "waitress-serve --listen 0.0.0.0:$PORT app:app"),
    "waitress-factory": (
        {"app.py": FACTORY},
        "waitress",
        "waitress-serve --listen 0.0.0.0:$PORT --call app:create_app",
    ),
    "granian": ({"app.py": FLASK}, "granian", "granian --interface wsgi --host 0.0.0.0 --port $PORT app:app"),
    "uwsgi": ({"app.py": FLASK}, "uwsgi", "uwsgi --http 0.0.0.0:$PORT --master --module app:app"),
    "no-server": ({"app.py": FLASK}, "flask", ("gunicorn", f"{GUNICORN} app:app")),
    "no-server-of-asgi": ({"main.py": FASTAPI}, "fastapi gunicorn", ("uvicorn", f"{UVICORN} main:app")),
    "no-server-but-that-of-flask": (
        {"app.py": f"{FLASK}if __name__ == '__main__':\n    app.run()\n"},
        "flask",
        ("gunicorn", f"{GUNICORN} app:app"),
    ),
    "not-in-tests": (
        {"tests/app.py": FLASK, "test_app.py": FLASK, "shop.py": FLASK},
        "gunicorn",
        f"{GUNICORN} shop:app",
    ),
    "not-in-an-environment": (
        {"there/pyvenv.cfg": "", "there/lib/app.py": FLASK, "shop.py": FLASK},
        "gunicorn",
        f"{GUNICORN} shop:app",
    ),
    "other-files-that-do-not-parse": (
        {"a.py": "print 'x'\n", "b.py": "\0", "shop.py": FLASK},
        "gunicorn",
        f"{GUNICORN} shop:app",
    ),
    "factory-with-parameters": ({"app.py": FACTORY.replace("=None", "")}, "gunicorn", ""),
    "cycle": ({"app.py": "from b import app\n", "b.py": "from app import app\n"}, "gunicorn", ""),
    "cycle-of-values": ({"app.py": "a = b\nb = a\napp = app\n"}, "gunicorn", ""),
    "cycle-of-functions": ({"app.py": "def f():\n    return g()\ndef g():\n    return f()\n"}, "gunicorn", ""),
    "library": ({"app.py": "import sys\n"}, "flask gunicorn", ""),
    "nothing": ({}, "flask gunicorn", ""),
}


def write(folder: Path, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return ProjectFiles(folder)


@pytest.mark.parametrize("name", APPS)
def test_a_proposal_names_the_application_and_a_server_that_is_a_dependency(tmp_path, name):
    files, packages, command = APPS[name]
    missing, command = command if isinstance(command, tuple) else ("", command)
    proposal = propose(write(tmp_path, files), packages.split(), installed=False)
    assert (proposal.missing, proposal.command) == (missing, command)
    assert (f"add {missing} to the dependencies" in proposal.sentence) is bool(missing)


def test_a_tornado_application_without_a_server_is_named_with_what_to_add(tmp_path):
    files = write(tmp_path, {"app.py": "import tornado.web\ndef make_app():\n    return tornado.web.Application([])\n"})
    assert propose(files, ["tornado"], installed=False).sentence == (
        "set start_command, for example to: python main.py (no module of the app starts the server of make_app() in "
        "app.py: add a main.py that calls its method listen with the port of the variable PORT)"
    )


def test_an_installed_project_needs_no_path(tmp_path):
    files = write(tmp_path, {"src/shop/__init__.py": FLASK})
    assert propose(files, ["gunicorn"], installed=True).command == f"{GUNICORN} shop:app"


def test_a_factory_that_needs_arguments_is_named(tmp_path):
    files = write(tmp_path, {"app.py": FACTORY.replace("=None", "")})
    reason = propose(files, ["gunicorn"], installed=False).reason
    assert reason == "create_app in app.py needs arguments, config; add a wsgi.py that calls it, and name its object"


# As gunicorn loads an application: from the working directory, by a name or a call.
LOAD = """
import importlib, sys
sys.path.insert(0, ".")
module, _, name = sys.argv[1].partition(":")
assert callable(eval(name, vars(importlib.import_module(module))))
"""
OF_FLASK = [name for name, (files, _, command) in APPS.items() if GUNICORN in command and "import Flask" in str(files)]


@pytest.mark.parametrize("name", [name for name in OF_FLASK if name != "wrapped-name"])
def test_what_is_proposed_can_be_loaded(tmp_path, name):
    files, _, command = APPS[name]
    write(tmp_path / "app", {file: text.replace("ProxyFix(app)", "app") for file, text in files.items()})
    (tmp_path / "load.py").write_text(LOAD)
    line = command.replace(GUNICORN, f"{sys.executable} {tmp_path / 'load.py'}")
    done = subprocess.run(line, shell=True, cwd=tmp_path / "app", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("code", "target", "starts"),
    [
        *(
            (f"{imports}\ndef main():\n    {line}\n", "main", Starts.ALWAYS)
            for imports, line in (
                (FLASK, "app.run(port=1)"),
                (FACTORY, "create_app().run()"),
                (f"{FACTORY}app = create_app()", "app.run()"),
                (FACTORY, "app = create_app()\n    return app.run()"),
                ("import uvicorn", "uvicorn.run('shop:app')"),
                ("from uvicorn import run", "run('shop:app')"),
                ("import uvicorn", "server = uvicorn.Server(uvicorn.Config('x'))\n    server.run()"),
                ("import uvicorn, asyncio", "asyncio.run(uvicorn.Server(None).serve())"),
                ("from waitress import serve", "serve(app)"),
                ("from http.server import HTTPServer", "HTTPServer(('', 80), None).serve_forever()"),
                (
                    "from http.server import HTTPServer",
                    "with HTTPServer(('', 80), None) as s:\n        s.serve_forever()",
                ),
                ("from wsgiref.simple_server import make_server", "make_server('', 80, app).serve_forever()"),
                ("import os", "os.execvp('gunicorn', ['gunicorn', 'app:app'])"),
                ("import os", "os.system('gunicorn app:app')"),
                ("import subprocess", "subprocess.run(['gunicorn', f'--bind={1}', 'app:app'])"),
                ("from gunicorn.app.wsgiapp import run", "run()"),
                ("from gunicorn.app.base import BaseApplication\nclass S(BaseApplication):\n    pass", "S().run()"),
                ("from granian import Granian", "Granian('app:app').serve()"),
                ("from aiohttp import web", "web.run_app(web.Application())"),
                ("import tornado.ioloop", "tornado.ioloop.IOLoop.current().start()"),
                ("from flask_socketio import SocketIO\nsocketio = SocketIO()", "socketio.run(app)"),
                ("from sanic import Sanic\napp = Sanic('x')", "app.run()"),
                ("from django.core.management import execute_from_command_line as e", "e(['manage.py', 'runserver'])"),
                ("from hypercorn.asyncio import serve\nimport asyncio", "asyncio.run(serve(app, config))"),
                (FLASK, "if debug:\n        app.run(debug=True)\n    else:\n        app.run()"),
                (FLASK, "try:\n        app.run()\n    finally:\n        print()"),
                (FLASK, "while True:\n        app.run()"),
                (f"{FLASK}def serve():\n    app.run()", "print()\n    serve()"),
                (f"{FLASK}async def serve():\n    app.run()\nimport asyncio", "asyncio.run(serve())"),
                (
                    f"{FLASK}import argparse",
                    "args = argparse.ArgumentParser().parse_args()\n    app.run(port=args.port)",
                ),
            )
        ),
        (
            f"{FLASK}import click\n@click.command()\n@click.option('--port')\ndef main(port):\n    app.run()\n",
            "main",
            Starts.ALWAYS,
        ),
        (FLASK, "app.run", Starts.ALWAYS),
        (f"{FACTORY}app = create_app()", "app.run", Starts.ALWAYS),
        ("def main():\n    print('usage: shop COMMAND')\n", "main", Starts.NEVER),
        ("import click\n@click.command()\ndef main():\n    click.echo('x')\n", "main", Starts.NEVER),
        ("import subprocess\ndef main():\n    subprocess.run(['git', 'pull'])\n", "main", Starts.NEVER),
        (
            "import sys\nfrom django.core.management import execute_from_command_line as e\ndef main():\n    e(sys.argv)\n",
            "main",
            Starts.NEVER,
        ),
        ("class Job:\n    def run(self): pass\ndef main():\n    Job().run()\n", "main", Starts.NEVER),
        (f"{FLASK}def main():\n    def serve():\n        app.run()\n    print()\n", "main", Starts.NEVER),
        (f"{FLASK}def main(args):\n    app.run()\n", "main", Starts.SOMETIMES),
        (f"{FLASK}def main():\n    if serve:\n        app.run()\n", "main", Starts.SOMETIMES),
        (
            f"{FLASK}import sys\ndef main():\n    if not sys.argv[1:]:\n        sys.exit(2)\n    app.run()\n",
            "main",
            Starts.SOMETIMES,
        ),
        (
            f"{FLASK}import click\n@click.group()\ndef main():\n    pass\n@main.command()\ndef serve():\n    app.run()\n",
            "main",
            Starts.SOMETIMES,
        ),
        (
            f"{FLASK}import click\n@click.command()\n@click.argument('x')\ndef main(x):\n    app.run()\n",
            "main",
            Starts.SOMETIMES,
        ),
        ("import typer\nmain = typer.Typer()\n", "main", Starts.UNSEEN),
        ("from elsewhere import main\n", "main", Starts.UNSEEN),
        ("", "main", Starts.UNSEEN),
        ("x = 1\n", "x.run", Starts.UNSEEN),
    ],
)
def test_whether_a_script_starts_a_server_is_read_from_its_code(tmp_path, code, target, starts):
    files = write(tmp_path, {"shop.py": code})
    assert ServerCalls(Code(files)).entry_point("shop", target)[0] is starts


def test_a_script_is_followed_through_modules(tmp_path):
    files = write(
        tmp_path,
        {
            "shop/__init__.py": "from .cli import main\n",
            "shop/cli.py": "from . import web\ndef main():\n    web.start()\n",
            "shop/web.py": "from .app import app\ndef start():\n    app.run()\n",
            "shop/app.py": FLASK,
        },
    )
    calls = ServerCalls(Code(files))
    assert calls.entry_point("shop", "main") == (Starts.ALWAYS, "shop/cli.py, line 2")
    assert calls.entry_point("flask.cli", "main") == (Starts.UNSEEN, "")


WORDS = (
    "app",
    "Flask",
    "=",
    "(",
    ")",
    "def f():",
    "return",
    "import",
    "from . ",
    "\n",
    "\n    ",
    ".",
    ":",
    "if",
    "@",
    "*",
    "x",
)


@given(
    st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join),
)
def test_no_code_makes_it_crash(tmp_path_factory, first, second):
    files = write(tmp_path_factory.mktemp("app"), {"app.py": f"{FLASK}{first}\n", "f/__init__.py": second})
    assert propose(files, ["gunicorn"], installed=False).sentence
    assert ServerCalls(Code(files)).entry_point("app", "f")

"""An app in each framework, with the start command that must be proposed for it.

Each answers `/` with the visitor's address as docs/frameworks.md reads it, `/healthz`, `/static/style.css`, and `/slow`
after a second.
"""

from typing import NamedTuple

STYLE = {"static/style.css": "body { max-width: 40em }\n"}
ADDRESS = 'headers.get("X-Forwarded-For", "").split(",")[-int(os.environ["TRUST_PROXY_DEPTH"]) :][0].strip()'
SANIC = """import asyncio

from sanic import Sanic, text


def create_app():
    app = Sanic("shop")
    app.static("/static", "static")

    @app.get("/")
    async def index(request):
        return text(request.client_ip)

    @app.get("/healthz")
    async def health(request):
        return text("up")

    @app.get("/slow")
    async def slow(request):
        await asyncio.sleep(1)
        return text("done")

    return app
"""
AIOHTTP = """import asyncio
import os

from aiohttp import web


async def index(request):
    addresses = request.headers.get("X-Forwarded-For", "").split(",")
    return web.Response(text=addresses[-int(os.environ["TRUST_PROXY_DEPTH"]) :][0].strip())


async def health(request):
    return web.Response(text="up")


async def slow(request):
    await asyncio.sleep(1)
    return web.Response(text="done")


def make_app():
    app = web.Application()
    app.add_routes([web.get("/", index), web.get("/healthz", health), web.get("/slow", slow)])
    app.router.add_static("/static", "static")
    return app
"""
TORNADO = f"""import asyncio
import os
import signal

import tornado.httpserver
import tornado.web
from tornado.options import define, options, parse_command_line

define("port", default=8888, type=int)


class Index(tornado.web.RequestHandler):
    def get(self):
        self.write(self.request.{ADDRESS})


class Health(tornado.web.RequestHandler):
    def get(self):
        self.write("up")


class Slow(tornado.web.RequestHandler):
    async def get(self):
        await asyncio.sleep(1)
        self.write("done")


def make_app():
    return tornado.web.Application([("/", Index), ("/healthz", Health), ("/slow", Slow)], static_path="static")


async def main():
    parse_command_line()
    server = tornado.httpserver.HTTPServer(make_app())
    server.listen(options.port)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    server.stop()
    await asyncio.sleep(2)


if __name__ == "__main__":
    asyncio.run(main())
"""
LITESTAR = """import asyncio

from litestar import Litestar, MediaType, Request, get
from litestar.static_files import create_static_files_router


@get("/", media_type=MediaType.TEXT)
async def index(request: Request) -> str:
    return request.client.host


@get("/healthz", media_type=MediaType.TEXT)
async def health() -> str:
    return "up"


@get("/slow", media_type=MediaType.TEXT)
async def slow() -> str:
    await asyncio.sleep(1)
    return "done"


app = Litestar([index, health, slow, create_static_files_router("/static", ["static"])])
"""
WSGI = """import os
import time
from pathlib import Path


def respond(environ):
    path = environ["PATH_INFO"]
    if path == "/":
        depth = int(os.environ["TRUST_PROXY_DEPTH"])
        return environ.get("HTTP_X_FORWARDED_FOR", "").split(",")[-depth:][0].strip().encode()
    if path == "/slow":
        time.sleep(1)
        return b"done"
    if path == "/static/style.css":
        return Path("static/style.css").read_bytes()
    return b"up" if path == "/healthz" else None


def application(environ, start_response):
    body = respond(environ)
    start_response("404 Not Found" if body is None else "200 OK", [("Content-Length", str(len(body or b"")))])
    return [body or b""]
"""
ASGI = """import asyncio
from pathlib import Path


async def respond(scope):
    path = scope["path"]
    if path == "/":
        return scope["client"][0].encode()
    if path == "/slow":
        await asyncio.sleep(1)
        return b"done"
    if path == "/static/style.css":
        return Path("static/style.css").read_bytes()
    return b"up" if path == "/healthz" else None


class Shop:
    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                kind = (await receive())["type"]
                await send({"type": f"{kind}.complete"})
                if kind == "lifespan.shutdown":
                    return
        body = await respond(scope)
        headers = [(b"content-length", str(len(body or b"")).encode())]
        await send({"type": "http.response.start", "status": 404 if body is None else 200, "headers": headers})
        await send({"type": "http.response.body", "body": body or b""})


app = Shop()
"""
HTTP_SERVER = f"""import os
import signal
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


class Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/":
            self.respond(self.{ADDRESS})
        elif self.path == "/healthz":
            self.respond("up")
        elif self.path == "/slow":
            time.sleep(1)
            self.respond("done")
        elif self.path.startswith("/static/"):
            super().do_GET()
        else:
            self.send_error(404)

    def respond(self, text):
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


class Server(ThreadingHTTPServer):
    daemon_threads = False


def main(port):
    server = Server(("", port), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    time.sleep(2)
    os._exit(0)


if __name__ == "__main__":
    main(int(os.environ["PORT"]))
"""
RUN_AIOHTTP = '\n\nif __name__ == "__main__":\n    web.run_app(make_app(), port=int(os.environ["PORT"]))\n'


class FrameworkApp(NamedTuple):
    """An app, and what must be proposed for it."""

    files: dict[str, str]
    requirements: str
    command: str
    reason: str


def _app(code: str, requirements: str, command: str, reason: str, name: str = "main.py") -> FrameworkApp:
    return FrameworkApp({name: code, **STYLE}, requirements, command, reason)


GUNICORN, UVICORN = "gunicorn --bind 0.0.0.0:$PORT", "uvicorn --host 0.0.0.0 --port $PORT"
_SANIC_OPTIONS = "--host 0.0.0.0 --port $PORT --workers ${WEB_CONCURRENCY:-1}"
_AIOHTTP_WORKER = f"{GUNICORN} --worker-class aiohttp.GunicornWebWorker"
FRAMEWORKS = {
    "sanic": _app(
        f"{SANIC}\n\napp = create_app()\n",
        "sanic",
        f"sanic main:app {_SANIC_OPTIONS}",
        "app in main.py is the Sanic application",
    ),
    "sanic-factory": _app(
        SANIC,
        "sanic",
        f"sanic main:create_app {_SANIC_OPTIONS} --factory",
        "create_app() in main.py is the Sanic application",
    ),
    "aiohttp": _app(f"{AIOHTTP}{RUN_AIOHTTP}", "aiohttp", "python main.py", "main.py starts its own server"),
    "aiohttp-gunicorn": _app(
        f"{AIOHTTP}\n\napp = make_app()\n",
        "aiohttp\ngunicorn",
        f"{_AIOHTTP_WORKER} main:app",
        "app in main.py is the aiohttp application",
    ),
    "aiohttp-factory": _app(
        AIOHTTP,
        "aiohttp\ngunicorn",
        f"{_AIOHTTP_WORKER} 'main:make_app()'",
        "make_app() in main.py is the aiohttp application",
    ),
    "aiohttp-coroutine": _app(
        AIOHTTP.replace("def make_app", "async def make_app"),
        "aiohttp\ngunicorn",
        f"{_AIOHTTP_WORKER} main:make_app",
        "make_app() in main.py is the aiohttp application",
    ),
    "aiohttp-arguments": _app(
        AIOHTTP.replace("def make_app()", "async def make_app(argv)"),
        "aiohttp",
        "python -m aiohttp.web --hostname 0.0.0.0 --port $PORT main:make_app",
        "make_app() in main.py is the aiohttp application",
    ),
    "tornado": _app(TORNADO, "tornado", "python main.py --port=$PORT", "main.py starts its own server"),
    "litestar": _app(LITESTAR, "litestar\nuvicorn", f"{UVICORN} main:app", "app in main.py is the ASGI application"),
    "wsgi": _app(
        WSGI,
        "gunicorn",
        f"{GUNICORN} wsgi:application",
        "application in wsgi.py is the WSGI application",
        name="wsgi.py",
    ),
    "asgi": _app(ASGI, "uvicorn", f"{UVICORN} main:app", "app in main.py is the ASGI application"),
    "http.server": _app(HTTP_SERVER, "itsdangerous", "python main.py", "main.py starts its own server"),
}

"""An app in each framework, with the start command that must be proposed for it.

Each answers `/` with the visitor's address as docs/frameworks.md reads it, `/healthz`, `/static/style.css`, and `/slow`
after a second. Those of `examples/` are the examples' code; their health check is /up.
"""

from pathlib import Path
from typing import NamedTuple

_EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str, file: str = "main.py") -> str:
    """The code of an example app, with another health path."""
    return (_EXAMPLES / f"{name}_app" / file).read_text(encoding="utf-8").replace('"/up"', '"/healthz"')


STYLE = {"static/style.css": "body { max-width: 40em }\n"}
ADDRESS = 'headers.get("X-Forwarded-For", "").split(",")[-int(os.environ["TRUST_PROXY_DEPTH"]) :][0].strip()'
SANIC = example("sanic").partition("\n\napp = ")[0]
AIOHTTP = example("aiohttp").partition("\n\nif __name__")[0]
TORNADO = example("tornado")
LITESTAR = example("litestar")
STARLETTE = example("starlette")
WSGI = example("wsgi", "wsgi.py")
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
    "starlette": _app(STARLETTE, "starlette\nuvicorn", f"{UVICORN} main:app", "app in main.py is the ASGI application"),
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

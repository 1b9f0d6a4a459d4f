"""Where a program listens that starts its own server, from its code, which is never run."""

import pytest
from flask_on_aws.build_plan.app_code.listening import program_warnings
from flask_on_aws.build_plan.app_code.python_code import Code
from flask_on_aws.build_plan.plan import plan_build
from flask_on_aws.build_plan.project_files import ProjectFiles

AIOHTTP = "import os, sys\nfrom aiohttp import web\napp = web.Application()\n"
TORNADO = "import os, tornado.web, tornado.httpserver\napp = tornado.web.Application([])\n"
SANIC = "import os\nfrom sanic import Sanic\napp = Sanic('shop')\n"
HTTP = "import os\nfrom http.server import BaseHTTPRequestHandler as H, HTTPServer, ThreadingHTTPServer\n"
WSGIREF = "from wsgiref.simple_server import make_server\ndef app(environ, start_response):\n    return []\n"
PORT = 'int(os.environ["PORT"])'
SERIAL = "handles one request at a time"


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        (f"{AIOHTTP}web.run_app(app, port=8000)\n", ["line 4: the server listens on port 8000"]),
        (f"{AIOHTTP}web.run_app(app, host='localhost', port={PORT})\n", ["listens on localhost"]),
        (f"{AIOHTTP}PORT = 5000\nweb.run_app(app, port=PORT)\n", ["port 5000"]),
        (f"{AIOHTTP}def main():\n    port = 5000\n    web.run_app(app, port=port)\nmain()\n", ["port 5000"]),
        (f"{AIOHTTP}from config import PORT\nweb.run_app(app, port=PORT)\n", ["port 7000"]),
        (f"{AIOHTTP}web.run_app(app, host='127.0.0.1', port=90)\n", ["port 90", "listens on 127.0.0.1"]),
        (f"{AIOHTTP}async def main():\n    await web.TCPSite(x, 'localhost', 81).start()\n", ["port 81", "localhost"]),
        (f"{TORNADO}app.listen(8888)\n", ["port 8888"]),
        (f"{TORNADO}app.listen({PORT}, address='127.0.0.1')\n", ["listens on 127.0.0.1"]),
        (f"{TORNADO}server = tornado.httpserver.HTTPServer(app)\nserver.listen(80)\n", ["port 80"]),
        (f"{SANIC}app.run()\n", ["port 8000", "listens on 127.0.0.1"]),
        (f"{SANIC}app.run(host='0.0.0.0', port={PORT})\n", []),
        (f"{HTTP}HTTPServer(('', {PORT}), H).serve_forever()\n", [SERIAL]),
        (f"{HTTP}ThreadingHTTPServer(('localhost', 80), H).serve_forever()\n", ["port 80", "listens on localhost"]),
        (f"{HTTP}address = ('', 9000)\nThreadingHTTPServer(address, H).serve_forever()\n", ["port 9000"]),
        (f"{HTTP}class S(HTTPServer):\n    pass\nS(('', {PORT}), H).serve_forever()\n", [SERIAL]),
        (
            f"{HTTP}from socketserver import ThreadingMixIn\nclass S(ThreadingMixIn, HTTPServer):\n    pass\n"
            f"S(('', {PORT}), H).serve_forever()\n",
            [],
        ),
        (f"{WSGIREF}with make_server('', 8000, app) as server:\n    server.serve_forever()\n", ["port 8000", SERIAL]),
        (f"{AIOHTTP}web.run_app(app)\n", []),  # 8080, which is also the default of the setting
        (f"{AIOHTTP}web.run_app(app, port={PORT})\n", []),
        (f"{AIOHTTP}web.run_app(app, port=int(sys.argv[1]))\n", []),
        (f"{AIOHTTP}web.run_app(app, path='/tmp/socket')\n", []),
        (f"{AIOHTTP}web.run_app(app, **settings)\n", []),
        (f"{AIOHTTP}port = 80\nport = {PORT}\nweb.run_app(app, port=port)\n", []),
        (f"{AIOHTTP}port = 80\ndef main(port):\n    web.run_app(app, port=port)\nmain({PORT})\n", []),
        ("import x\nx.listen(80)\nx.run(port=80)\nport = port\nx.run(port)\n", []),
    ],
)
def test_an_address_that_does_not_serve_is_reported(tmp_path, code, parts):
    (tmp_path / "main.py").write_text(code)
    (tmp_path / "config.py").write_text("PORT = 7000\n")
    warnings = list(program_warnings(Code(ProjectFiles(tmp_path)), "python main.py"))
    assert [part for part, warning in zip(parts, warnings, strict=True) if part not in warning.sentence] == []


@pytest.mark.parametrize(
    ("command", "count"),
    [
        ("python main.py", 1),
        ("exec python -u ./main.py", 1),
        ("python -m main", 1),
        ("alembic upgrade head && python3 main.py", 1),
        ("python shop/web.py", 1),
        ("python -m shop", 1),
        ("python other.py", 0),
        ("gunicorn main:app", 0),
        ("", 0),
    ],
)
def test_the_program_of_the_start_command_is_read(tmp_path, command, count):
    (tmp_path / "shop").mkdir()
    for name in ("main.py", "shop/web.py", "shop/__main__.py"):
        (tmp_path / name).write_text(f"{TORNADO}app.listen(80)\n")
    (tmp_path / "shop" / "__init__.py").write_text("")
    assert len(list(program_warnings(Code(ProjectFiles(tmp_path)), command))) == count


def test_the_plan_shows_the_line_and_its_fix(tmp_path):
    files = {
        "main.py": f"{TORNADO}app.listen(8888)\n",
        "requirements.txt": "tornado\n",
        "Procfile": "web: python main.py\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (warning,) = (decision for decision in plan_build(tmp_path).decisions if decision.subject == "warning")
    assert warning.value == "main.py, line 3: the server listens on port 8888, whatever the variable PORT is"
    assert warning.reason == 'pass int(os.environ["PORT"]) as the port'

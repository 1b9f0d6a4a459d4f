"""Small Flask apps that are broken, each in one way, with the cause that a preflight must find. All need the same
packages, so that one environment does for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask_on_aws_cli.preflight.check import Cause, Status

REQUIREMENTS = "flask==3.1.2\ngunicorn==23.0.0\n"
# SQLAlchemy with a driver that is not its default one.
DATABASE_REQUIREMENTS = "sqlalchemy==2.0.44\npsycopg[binary]==3.2.13\n"
GUNICORN = "gunicorn --bind 0.0.0.0:$PORT app:app"
PYTHON = "python app.py"
HEAD = """
import os, signal, sqlite3, subprocess, sys, tempfile, threading, time
from flask import Flask, abort, redirect, request
app = Flask(__name__)
"""
UP = """
@app.get("/up")
def up():
    return "up"
"""
RUN = """
if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.environ["PORT"]))
"""
GOOD = HEAD + UP
# A page with the visitor's address that reads a form.
FORM = """
from werkzeug.middleware.proxy_fix import ProxyFix
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=2)
@app.route("/", methods=["GET", "POST"])
def home():
    return f"{request.remote_addr} {len(request.form)}"
"""


@dataclass(frozen=True)
class Broken:
    """An app, how it is started, and what is wrong with it."""

    check: str
    """Name of the check that must fail."""
    cause: Cause
    says: str
    """A part of the sentence."""
    code: str = GOOD
    command: str = GUNICORN
    settings: Mapping[str, Any] = field(default_factory=dict)
    evidence: str = ""
    """A part of a line that shows it."""
    fix: str = ""
    release: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    """Names of other checks that fail for the same reason."""
    status: Status = Status.FAILED

    def write(self, folder: Path) -> None:
        """The app's files in a folder that is there."""
        (folder / "app.py").write_text(self.code)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o755)


def view(body: str, path: str = "/up") -> str:
    """The app with another view."""
    return f"{HEAD}\n@app.get({path!r})\ndef view():\n    {body}\n"


# An ELF file of no processor that runs tests: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
FOREIGN = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xf3\x00\x01\x00\x00\x00" + bytes(100)
HTTPS = """
@app.before_request
def secure():
    if {condition}:
        return redirect(request.url.replace("http://", "https://", 1), 301)
"""
PAGE = view("return '<link rel=stylesheet href=/static/site.css><script src=/static/site.js></script>'", "/") + UP
SLOW = "time.sleep(60)\n"

BROKEN = {
    "wrong-interface": Broken(
        "listens", Cause.WRONG_INTERFACE, "listens on 127.0.0.1:", command="gunicorn --bind 127.0.0.1:$PORT app:app",
        evidence="Listening at: http://127.0.0.1:", fix="add --bind 0.0.0.0:$PORT to the start command",
        settings={"startup_seconds": 8},
    ),
    "flask-run": Broken(
        "listens", Cause.WRONG_INTERFACE, "listens on 127.0.0.1:19731, must be 0.0.0.0:$PORT",
        command="flask run --port 19731", evidence="Running on http://127.0.0.1:19731", fix="gunicorn",
        settings={"startup_seconds": 8},
    ),
    "wrong-port": Broken(
        "listens", Cause.WRONG_PORT, "listens on 0.0.0.0:19732, must be",
        command="gunicorn --bind 0.0.0.0:19732 app:app",
        evidence="0.0.0.0:19732", fix="or set the setting port to 19732",
        settings={"startup_seconds": 8},
    ),
    "crash-at-start": Broken(
        "starts", Cause.CRASHED, "it exited after ", HEAD + 'time.sleep(1)\nsys.exit("the queue is gone")', PYTHON,
        evidence="the queue is gone",
    ),
    "crash-while-serving": Broken(
        "starts", Cause.CRASHED, "with exit code 3", GOOD + "threading.Timer(2, os._exit, [3]).start()" + RUN, PYTHON,
        {"watch_seconds": 5},
    ),
    "too-slow": Broken(
        "listens", Cause.TOO_SLOW, "does not listen on any port after 3 s",
        GOOD + "print('warming up', flush=True)\n" + SLOW + RUN,
        PYTHON, {"startup_seconds": 3}, "warming up", "startupSeconds",
    ),
    "short-keep-alive": Broken(
        "idle connections", Cause.KEEP_ALIVE, "; the load balancer reuses a connection for up to 50 s",
        command="gunicorn --threads 4 --keep-alive 1 --bind 0.0.0.0:$PORT app:app",
        fix="remove --keep-alive from the start command, or set it to 75", status=Status.WARNING,
    ),
    "trusts-the-forwarded-host": Broken(
        "forwarded host", Cause.TRUSTS_HOST, "given forged-host.invalid, it has it in its response",
        HEAD + "from werkzeug.middleware.proxy_fix import ProxyFix\n"
        "app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)\n"
        "@app.get('/')\ndef home():\n    return '<a href=\"' + request.url_root + 'reset\">reset</a>'\n" + UP,
        fix="x_host=0 in ProxyFix", status=Status.WARNING,
    ),
    "a-server-in-code-that-closes-early": Broken(
        "idle connections", Cause.KEEP_ALIVE, "closed after 3 s",
        "from http.server import *\nimport os\nclass Up(BaseHTTPRequestHandler):\n"
        "    protocol_version, timeout = 'HTTP/1.1', 3\n    def do_GET(self):\n        self.send_response(200)\n"
        "        self.send_header('Content-Length', '0')\n        self.end_headers()\n"
        "ThreadingHTTPServer(('0.0.0.0', int(os.environ['PORT'])), Up).serve_forever()", PYTHON,
        fix="keep-alive timeout to 75 s", status=Status.WARNING,
    ),
    "trusts-the-left-most-address": Broken(
        "forwarded address", Cause.TRUSTS_ADDRESS, "sends in X-Forwarded-For: its log has 198.51.100.66",
        HEAD + "@app.get('/')\ndef home():\n"
        "    app.logger.warning('visit from ' + request.headers['X-Forwarded-For'].split(',')[0])\n"
        "    return 'home'\n" + UP,
        evidence="visit from 198.51.100.66", fix="count proxies from the right", status=Status.WARNING,
    ),
    "trusts-a-scheme": Broken(
        "forwarded scheme", Cause.TRUSTS_SCHEME, "its links then begin with https://preflight.example.com",
        HEAD + "@app.get('/')\ndef home():\n"
        "    return '<a href=' + request.headers.get('X-Scheme', 'http') + '://' + request.host + '/a>a</a>'\n" + UP,
        fix="and from no other header", status=Status.WARNING,
    ),
    "ignores-the-scheme": Broken(
        "forwarded scheme", Cause.IGNORES_SCHEME, "its links begin with http://shop.example.com although",
        HEAD + "@app.get('/')\ndef home():\n    return '<a href=\"' + request.url_root + 'a\">a</a>'\n" + UP + RUN,
        PYTHON, {"domain": "shop.example.com"}, fix="x_proto=1", status=Status.WARNING,
    ),
    "cuts-off-a-request": Broken(
        "draining", Cause.CUTS_OFF, "a POST to /signup whose body was still arriving at SIGTERM got no answer",
        HEAD + "signal.signal(signal.SIGTERM, lambda *_: os._exit(0))\n"
        "@app.get('/')\ndef home():\n    return '<form method=post action=/signup></form>'\n"
        "@app.post('/signup')\ndef signup():\n    return str(len(request.form))\n" + UP + RUN,
        PYTHON, fix="gunicorn", status=Status.WARNING,
    ),
    "no-health-path": Broken("health", Cause.HEALTH_PATH_MISSING, "answers 404 on /up", HEAD, fix="Path"),
    "redirects-to-https": Broken(
        "health", Cause.REDIRECTS_TO_HTTPS, "but the load balancer's health check uses plain HTTP",
        GOOD + HTTPS.format(condition='request.headers.get("X-Forwarded-Proto") != "https"'),
        settings={"domain": "shop.example.com"}, evidence="HTTP 301, Location: https://127.0.0.1:",
    ),
    "https-loop": Broken(
        "health", Cause.REDIRECT_LOOP, "to https://preflight.example.com/up even for visitors",
        GOOD + HTTPS.format(condition="not request.is_secure"),
        fix="since the load balancer or CloudFront already redirects",
    ),
    "https-loop-for-visitors": Broken(
        "front page", Cause.REDIRECT_LOOP, "redirects visitors from / to https://preflight.example.com/",
        GOOD + HTTPS.format(condition='request.path != "/up" and not request.is_secure'),
        fix="since the load balancer or CloudFront already redirects",
    ),
    "redirects-to-host": Broken(
        "health", Cause.REDIRECTS_TO_HOST, "because it does not know the Host of the health check",
        GOOD + HTTPS.format(condition='request.host != "shop.example.com"').replace(
            'request.url.replace("http://", "https://", 1)', '"https://shop.example.com" + request.path'
        ),
        settings={"domain": "shop.example.com"},
    ),
    "redirects-to-slash": Broken(
        "health", Cause.REDIRECTS, "which adds a slash",
        HEAD + 'app.config["SERVER_NAME"] = "shop.example.com"\n@app.get("/up/")\ndef up():\n    return "up"\n',
        fix="set healthCheckPath to /up/", settings={"health_path": "/up"},
    ),
    "health-path-of-its-own": Broken(
        "health", Cause.HEALTH_PATH_MISSING,
        "answers 200 on /healthz, but not on the default of healthCheckPath: answers 404 on /up",
        view("return 'ok'", "/healthz"), fix="pulumi config set healthCheckPath /healthz", status=Status.WARNING,
        evidence="HTTP 404",
    ),
    "health-path-of-its-own-in-a-stack": Broken(
        "health", Cause.HEALTH_PATH_MISSING, "answers 200 on /api/v3/healthz, but not on the default",
        HEAD + "from flask import Blueprint\nv3 = Blueprint('v3', __name__, url_prefix='/api/v3')\n"
        "@v3.get('/healthz')\ndef view():\n    return 'ok'\napp.register_blueprint(v3)\n",
        fix="`flask-on-aws plan --write`", settings={"of_stack": True},
    ),
    "health-path-behind-a-login": Broken(
        "health", Cause.ANSWERS_4XX, "answers 200 on /ping, but not on the default of healthCheckPath: answers 401",
        HEAD + "@app.before_request\ndef check():\n    if request.path != '/ping':\n        abort(401)\n"
        "@app.get('/ping')\ndef view():\n    return 'pong'\n",
        fix="healthCheckPath /ping", status=Status.WARNING,
    ),
    "health-path-is-the-front-page": Broken(
        "health", Cause.HEALTH_PATH_MISSING, "answers 200 on /, but not on", view("return 'home'", "/"),
        fix="or add a view /up", status=Status.WARNING,
    ),
    "health-path-with-a-slash": Broken(
        "health", Cause.REDIRECTS, "answers 200 on /up/, but not on", view("return 'up'", "/up/"),
        fix="pulumi config set healthCheckPath /up/", status=Status.WARNING,
    ),
    "slow-health-path": Broken(
        "health", Cause.NO_ANSWER, "does not answer on /up (TimeoutError", view("time.sleep(3.5); return 'up'"),
        settings={"startup_seconds": 5},
    ),
    "foreign-host": Broken(
        "health", Cause.ANSWERS_4XX, "answers 400 on /up to a Host that it does not know",
        HEAD + 'app.config["TRUSTED_HOSTS"] = ["shop.example.com"]' + UP,
        settings={"domain": "shop.example.com"}, fix="TRUSTED_HOSTS",
    ),
    "login": Broken("health", Cause.ANSWERS_4XX, "answers 401", view("abort(401)"), fix="without a login"),
    "error": Broken("health", Cause.ANSWERS_5XX, "answers 500 on /up", view("1 // 0"), evidence="ZeroDivisionError"),
    "variable": Broken(
        "starts", Cause.MISSING_VARIABLE, "environment variable STRIPE_KEY", GOOD + 'os.environ["STRIPE_KEY"]',
        evidence="KeyError: 'STRIPE_KEY'", fix="pulumi config set --path env.STRIPE_KEY",
    ),
    "environment-without-a-configuration": Broken(
        "starts", Cause.UNKNOWN_ENVIRONMENT, "no configuration for 'Staging', the value of APP_ENV",
        GOOD + "configs = {'development': 1, 'production': 2, 'testing': 3}\nconfigs[os.environ['APP_ENV']]\n",
        settings={"environment": "staging"}, evidence="KeyError: 'Staging'",
        fix="pulumi config set --path env.APP_ENV NAME",
    ),
    "environment-without-a-class": Broken(
        "starts", Cause.UNKNOWN_ENVIRONMENT, "no configuration for 'Staging', the value of APP_ENV",
        GOOD + "class ProductionConfig:\n    pass\n"
        "getattr(sys.modules[__name__], '{0}Config'.format(os.environ['APP_ENV']))()\n",
        settings={"environment": "staging"}, evidence="has no attribute 'StagingConfig'",
    ),
    "shows-its-database-url": Broken(
        "secrets", Cause.SHOWS_SECRET, "/ shows every visitor the value of SECRET_KEY, STRIPE_KEY",
        HEAD + "import html\n@app.get('/')\ndef home():\n"
        "    return '<!-- ' + html.escape(os.environ['SECRET_KEY'] + os.environ['STRIPE_KEY']) + ' -->'\n" + UP,
        settings={"secret_names": ("STRIPE_KEY",)}, status=Status.WARNING, fix="rotate",
    ),
    "variable-in-a-sentence": Broken(
        "starts", Cause.MISSING_VARIABLE, "environment variable MAIL_SERVER",
        GOOD + 'raise RuntimeError("MAIL_SERVER is not set, see the manual")',
    ),
    "writes-at-start": Broken(
        "starts", Cause.WRITES_TO_DISK, "it writes to uploads", GOOD + 'os.makedirs("uploads")',
        evidence="PermissionError", fix="MEDIA_BUCKET", also=("disk",),
    ),
    "writes-on-request": Broken(
        "health", Cause.WRITES_TO_DISK, "answers 500 on /up: it writes to ", view('open("hits.txt", "w"); return "up"'),
        also=("disk",),
    ),
    "writes-and-hides-it": Broken(
        "disk", Cause.WRITES_TO_DISK, "it writes to ",
        GOOD + 'try:\n    open("cache.bin", "w")\nexcept OSError:\n    app.logger.exception("no cache")\n',
        status=Status.WARNING,
    ),
    # As gunicorn 25.1 and later log of their control socket.
    "logs-a-refused-write-and-fails-otherwise": Broken(
        "starts", Cause.CRASHED, "with exit code 1",
        GOOD + 'app.logger.error("Control server error: %s", OSError(30, "Read-only file system", "/.gunicorn"))\n'
        'sys.exit("the queue is gone")',
        PYTHON, evidence="the queue is gone",
    ),
    "ignores-sigterm": Broken(
        "stops", Cause.IGNORES_SIGTERM, "still runs 2 s after SIGTERM",
        GOOD + "signal.signal(signal.SIGTERM, signal.SIG_IGN)" + RUN, PYTHON, {"stop_seconds": 2},
    ),
    "a-shell-in-between": Broken(
        "stops", Cause.FAILS_ON_SIGTERM, "stopped, not cleanly: ends with exit code 143", command="sh run.sh",
        files={"run.sh": GUNICORN.encode()}, fix="`exec` before the server", status=Status.WARNING,
    ),
    "fails-on-sigterm": Broken(
        "stops", Cause.FAILS_ON_SIGTERM, "requests in flight are cut off", GOOD + RUN, PYTHON, fix="gunicorn",
        status=Status.WARNING,
    ),
    "http-server": Broken(
        "stops", Cause.FAILS_ON_SIGTERM, "stopped, not cleanly", "from http.server import *\nimport os\n"
        "class Up(BaseHTTPRequestHandler):\n    def do_GET(self):\n        self.send_response(200)\n"
        "        self.end_headers()\n"
        "HTTPServer(('0.0.0.0', int(os.environ['PORT'])), Up).serve_forever()", PYTHON,
        fix="target=server.shutdown", status=Status.WARNING,
    ),
    "needs-root": Broken(
        "starts", Cause.NEEDS_ROOT, "it needs root", GOOD + "os.setgid(0)", evidence="Operation not permitted",
    ),
    "asks-for-root": Broken(
        "starts", Cause.NEEDS_ROOT, "it needs root",
        GOOD + 'if os.geteuid():\n    sys.exit("this program must be run as root")', PYTHON,
    ),
    # Beside it are caches: one in a folder of a random name, and one with the tables of a cache.
    "sqlite": Broken(
        "SQLite", Cause.SQLITE, "/shop.db, which disappears with the task",
        GOOD + "folder = tempfile.mkdtemp()\n"
        'sqlite3.connect(folder + "/pages.db").execute("CREATE TABLE page (id INTEGER)")\n'
        'sqlite3.connect(tempfile.gettempdir() + "/store.db").execute("CREATE TABLE Cache (id INTEGER)")\n'
        'sqlite3.connect(tempfile.gettempdir() + "/shop.db").execute("CREATE TABLE post (id INTEGER)")',
        evidence="/shop.db", fix="DATABASE_URL",
    ),
    "sqlite-in-the-app": Broken(
        "starts", Cause.SQLITE, "it keeps its data in SQLite",
        GOOD + 'sqlite3.connect("app.db").execute("CREATE TABLE post (id INTEGER)")',
        evidence="unable to open database file", also=("SQLite",),
    ),
    "debugger": Broken(
        "debugger", Cause.DEBUGGER, "debugger is on", GOOD + RUN.replace("port=", "debug=True, port="), PYTHON,
    ),
    "front-page-by-another-driver": Broken(
        "front page", Cause.NOT_INSTALLED, "/ answers 500: the module psycopg2 is not installed",
        "import sqlalchemy" + view("sqlalchemy.create_engine('postgresql://u:p@localhost/app')", "/") + UP,
        evidence="No module named 'psycopg2'", fix="pulumi config set databaseUrlScheme postgresql+psycopg",
    ),
    "front-page-without-its-table": Broken(
        "front page", Cause.DATABASE, "no table post, although the release command `true` ended with 0",
        view("sqlite3.connect(':memory:').execute('SELECT * FROM post')", "/") + UP, release="true",
        evidence="no such table: post",
    ),
    "static-files": Broken(
        "static files", Cause.STATIC_FILES, "refers to 2 files, of which 2 are not served", PAGE,
        evidence="404 /static/site.css", fix="WhiteNoise",
    ),
    "static-files-that-outlive-a-release": Broken(
        "edge cache", Cause.STALE_FILES, "CloudFront keeps 1 of 1 files after a release",
        view("return '<link rel=stylesheet href=/static/site.css>'", "/") + UP
        + "@app.get('/static/site.css')\ndef css():\n    return '', {'Cache-Control': 'max-age=31536000'}\n",
        settings={"domain": "shop.example.com", "cdn": True, "cached_paths": ("/static/*",)}, status=Status.WARNING,
        evidence="/static/site.css: 31536000 seconds", fix="cdnCachedPaths",
    ),
    "not-installed": Broken(
        "starts", Cause.NOT_INSTALLED, "module yaml is not installed", "import yaml" + GOOD,
        evidence="ModuleNotFoundError", fix="add PyYAML",
    ),
    "wrong-module": Broken(
        "starts", Cause.IMPORT_ERROR, "the start command's module shop does not exist",
        command="gunicorn --bind 0.0.0.0:$PORT shop:app",
    ),
    "wrong-attribute": Broken(
        "starts", Cause.IMPORT_ERROR, "Failed to find attribute 'application' in 'app'",
        command="gunicorn --bind 0.0.0.0:$PORT app:application",
    ),
    "syntax-error": Broken("starts", Cause.IMPORT_ERROR, "SyntaxError", "def up(:\n"),
    "circular-import": Broken("starts", Cause.IMPORT_ERROR, "cannot import name 'db'", "from app import db\n"),
    "raises-at-import": Broken("starts", Cause.IMPORT_ERROR, "ValueError: no theme", 'raise ValueError("no theme")\n'),
    "no-such-command": Broken(
        "starts", Cause.START_COMMAND_NOT_FOUND, "start command's gunicron does not exist", command="gunicron app:app",
        evidence="gunicron: not found",
    ),
    "unquoted-call": Broken(
        "starts", Cause.INVALID_COMMAND, "the shell cannot read",
        command="gunicorn --bind=0.0.0.0:$PORT app:start_app()", fix="'app:start_app()'",
    ),
    "port-as-text": Broken(
        "starts", Cause.BAD_PORT, "it uses PORT as a number",
        "from http.server import *\nimport os\nHTTPServer(('', os.environ['PORT']), None)", PYTHON,
        evidence="TypeError", fix='int(os.environ["PORT"])',
    ),
    "no-such-file": Broken(
        "starts", Cause.START_COMMAND_NOT_FOUND, "main.py does not exist", command="python main.py",
    ),
    "no-such-module": Broken(
        "starts", Cause.START_COMMAND_NOT_FOUND, "waitress does not exist", command="python -m waitress app:app",
    ),
    "foreign-program": Broken(
        "starts", Cause.ARCHITECTURE, "another processor architecture", GOOD + 'subprocess.run(["./convert"])',
        evidence="Exec format error", files={"convert": FOREIGN},
    ),
    "port-twice": Broken(
        "starts", Cause.ADDRESS_IN_USE, "the port is already in use",
        GOOD + "import socket; first = socket.create_server(('0.0.0.0', int(os.environ['PORT'])))" + RUN, PYTHON,
    ),
    "release-command-behind-notices": Broken(
        "release command", Cause.RELEASE_COMMAND, "ends with 4", release="sh release.sh", evidence="the price is wrong",
        files={"release.sh": b"echo the price is wrong\nyes npm notice | head -20\nexit 4\n"},
    ),
    "release-command": Broken(
        "release command", Cause.RELEASE_COMMAND, "`python -c 'exit(4)'` ends with 4", release="python -c 'exit(4)'",
    ),
}  # fmt: skip

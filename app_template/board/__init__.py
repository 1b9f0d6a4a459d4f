"""A small message board: text and pictures, in PostgreSQL and S3."""

import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, url_for
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from . import logs, storage, views
from .models import database, migrate
from .settings import Settings
from .web import ExternalUrl, RequestLog

# The pool and its waits. One connection for each thread of a worker (gunicorn.conf.py) and one to spare.
_ENGINE = {
    "pool_size": 5,
    "max_overflow": 0,
    "pool_timeout": 5,  # seconds for a free connection, well below the 45 s after which gunicorn ends a worker
    "pool_pre_ping": True,  # a restarted or failed over database costs no error page
    "hide_parameters": True,  # what people post stays out of the log
    "connect_args": {
        "connect_timeout": 3,
        "tcp_user_timeout": 5000,  # ms until a connection into the void counts as lost, instead of 15 minutes
    },
}
_MAX_REQUEST_BYTES = 6 * 1024 * 1024  # a picture of 5 MB and the rest of the form
_RETRY_SECONDS = 5
_HSTS_SECONDS = 365 * 24 * 60 * 60


def create_app(settings: Settings | None = None) -> Flask:
    """The app; without settings, with those of the environment. Connects to nothing yet."""
    settings = settings or Settings.from_environment()
    logs.configure(settings.log_level)
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_ENGINE,
        MAX_CONTENT_LENGTH=_MAX_REQUEST_BYTES,
        SEND_FILE_MAX_AGE_DEFAULT=settings.static_max_age,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.external_url.startswith("https://"),
    )
    database.init_app(app)
    migrate.init_app(app, database, directory=str(Path(__file__).parent.parent / "migrations"))
    views.csrf.init_app(app)
    app.extensions["board.settings"] = settings
    app.extensions["board.storage"] = pictures = storage.from_settings(settings)
    app.register_blueprint(views.blueprint)
    for lost in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(lost, _database_is_down)
    _secure(app, settings, pictures.origin if pictures else "")
    _serve_static_files(app, settings)
    _wrap(app, settings)
    return app


def _database_is_down(error: Exception) -> tuple[str, int, dict[str, str]]:
    logs.logger.warning("database: %s", type(error).__name__, extra={"fields": {"detail": str(error)}})
    return "The database does not answer.\n", 503, {"Retry-After": str(_RETRY_SECONDS), "Content-Type": "text/plain"}


def _secure(app: Flask, settings: Settings, picture_origin: str) -> None:
    headers = {
        # Browsers hold the target of a redirect to this policy too, so the bucket's address is in it.
        "Content-Security-Policy": f"default-src 'none'; style-src 'self'; img-src 'self' {picture_origin}".rstrip()
        + "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",  # not "no-referrer": the CSRF check of https forms reads it
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",  # pages carry a form token; whatever may be kept says so itself
    }
    # In development the host is localhost, and a browser would demand https of everything else there.
    if settings.deployed and settings.external_url.startswith("https://"):
        headers["Strict-Transport-Security"] = f"max-age={_HSTS_SECONDS}"

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response


def _serve_static_files(app: Flask, settings: Settings) -> None:
    """Files under names with a hash: while two releases run side by side, neither answers for the other's file."""
    served = WhiteNoise(app.wsgi_app, max_age=settings.static_max_age, add_headers_function=_nosniff)
    folder = Path(app.static_folder or "")
    hashed: dict[str, str] = {}
    for file in (path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        hashed[name] = f"{app.static_url_path}/" + re.sub(r"(\.[^./]*)?$", rf".{digest}\1", name, count=1)
        served.add_file_to_dictionary(hashed[name], str(file))
    app.wsgi_app = served

    @app.template_global()
    def static_url(name: str) -> str:
        # With the debugger on, files change while the app runs.
        return url_for("static", filename=name) if app.debug else hashed[name]


def _nosniff(headers: dict[str, str], path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"


def _wrap(app: Flask, settings: Settings) -> None:
    if settings.external_url:
        app.wsgi_app = ExternalUrl(app.wsgi_app, urlsplit(settings.external_url))
    app.wsgi_app = RequestLog(app.wsgi_app)
    if settings.proxy_depth:
        # The load balancer does not set X-Forwarded-Host: believing it would let clients choose the host.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxy_depth, x_proto=1, x_host=0)

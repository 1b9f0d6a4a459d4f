"""Builds the app from its settings."""

import gc
import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, url_for
from sqlalchemy.exc import DBAPIError
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from . import database, logs, models, storage, views
from .body import BodyLimits
from .release import release
from .settings import Settings
from .web import ExternalUrl, RequestLog
from .worker import worker

_MAX_REQUEST_BYTES = 6 * 1024 * 1024  # a picture of 5 MB and the rest of the form
_RETRY_SECONDS = 5
_HSTS_SECONDS = 365 * 24 * 60 * 60


def build(settings: Settings) -> Flask:
    """The app with these settings. Opens no connections."""
    logs.configure(settings.log_level)
    app = Flask("board")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=settings.earlier_keys,
        # The last key signs and all of them verify: a form may be opened before a new key is set and sent after that.
        WTF_CSRF_SECRET_KEY=[*settings.earlier_keys, settings.secret_key],
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=database.engine_options(settings),
        MAX_CONTENT_LENGTH=_MAX_REQUEST_BYTES,
        SEND_FILE_MAX_AGE_DEFAULT=settings.send_file_max_age_default,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.external_url.startswith("https://"),
    )
    models.database.init_app(app)
    database.init_app(app, settings)
    models.migrate.init_app(app, models.database, directory=str(Path(__file__).parent.parent / "migrations"))
    views.csrf.init_app(app)
    app.extensions["board.settings"] = settings
    app.extensions["board.storage"] = pictures = storage.from_settings(settings)
    app.register_blueprint(views.blueprint)
    app.cli.add_command(release)
    app.cli.add_command(worker)
    for error_class in database.CONNECTION_ERRORS:
        app.register_error_handler(error_class, _respond_unavailable)
    app.register_error_handler(DBAPIError, _handle_database_error)
    _serve_static_files(app, settings)
    _add_middleware(app, settings, _headers(settings, pictures.origin if pictures else ""))
    # Its 100,000 objects live as long as the process. Checking them for garbage paused all requests for 60 ms.
    gc.freeze()
    return app


def _handle_database_error(error: DBAPIError) -> tuple[str, int, dict[str, str]]:
    """Respond 503 if the connection broke, which many classes of errors can mean; other errors are the app's."""
    if error.connection_invalidated:
        return _respond_unavailable(error)
    raise error


def _respond_unavailable(error: Exception) -> tuple[str, int, dict[str, str]]:
    logs.logger.warning("database: %s", type(error).__name__, extra={"detail": str(error)})
    return "The database is unavailable.\n", 503, {"Retry-After": str(_RETRY_SECONDS), "Content-Type": "text/plain"}


def _headers(settings: Settings, picture_origin: str) -> dict[str, str]:
    # Browsers apply this policy to the target of a redirect too, so it must allow the origins of bucket and CloudFront.
    media = urlsplit(settings.media_url)
    image_origins = " ".join(
        filter(None, ["'self'", picture_origin, media.netloc and f"{media.scheme}://{media.netloc}"])
    )
    policy = {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "img-src": image_origins,
        "connect-src": f"'self' {picture_origin}".rstrip(),
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",  # not "no-referrer": the CSRF check of https forms reads it
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",  # pages contain a form token; responses that may be cached set their own
    }
    # In development the host is localhost, and browsers would require HTTPS of every other server on it.
    if settings.deployed and settings.external_url.startswith("https://"):
        headers["Strict-Transport-Security"] = f"max-age={_HSTS_SECONDS}"
    return headers


def _serve_static_files(app: Flask, settings: Settings) -> None:
    """Serve files under names with a hash, so that releases that run side by side do not serve each other's files."""
    static_files = WhiteNoise(app.wsgi_app, max_age=settings.send_file_max_age_default)
    folder = Path(app.static_folder or "")
    urls: dict[str, str] = {}
    for file in (path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        urls[name] = f"{app.static_url_path}/" + re.sub(r"(\.[^./]*)?$", rf".{digest}\1", name, count=1)
        static_files.add_file_to_dictionary(urls[name], str(file))
    app.wsgi_app = static_files

    @app.template_global()
    def static_url(name: str) -> str:
        # In debug mode, files may change while the app runs.
        return url_for("static", filename=name) if app.debug else urls[name]


def _add_middleware(app: Flask, settings: Settings, headers: dict[str, str]) -> None:
    if settings.external_url:
        app.wsgi_app = ExternalUrl(app.wsgi_app, urlsplit(settings.external_url), settings.host_aliases)
    app.wsgi_app = RequestLog(BodyLimits(app.wsgi_app, _MAX_REQUEST_BYTES, settings.database_threads), headers)
    if settings.trust_proxy_depth:
        # The load balancer does not set X-Forwarded-Host: trusting it would let clients choose the host.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trust_proxy_depth, x_proto=1, x_host=0)

"""WSGI middleware around the app: its public address, and one log line for each request."""

import logging
import time
from collections.abc import Collection, Iterable, Mapping
from random import getrandbits
from typing import Any
from urllib.parse import SplitResult, quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wsgi import ClosingIterator

from . import logs

_MAX_TRACE_LENGTH = 128  # characters; the load balancer's IDs have about 50, but a client may send anything
# Bytes; responses up to this size are passed to the server in one piece, which saves a hand-over for each chunk.
_MAX_JOINED_BYTES = 1 << 16
HEALTH_PATH = "/up"


class ExternalUrl:
    """Sets scheme and host of every request to the app's public address, and redirects its other host names there.

    The last hop to the app may be plain HTTP under an internal name, and clients can send any Host header.
    """

    def __init__(self, app: WSGIApplication, url: SplitResult, aliases: Collection[str]) -> None:
        self._app, self._url, self._aliases = app, url, frozenset(aliases) - {url.hostname}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "").rpartition("@")[2].split(":", 1)[0].lower()
        if host in self._aliases and environ["PATH_INFO"] != HEALTH_PATH:
            return self._redirect(environ, start_response)
        environ["wsgi.url_scheme"], environ["HTTP_HOST"] = self._url.scheme, self._url.netloc
        return self._app(environ, start_response)

    def _redirect(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        path = quote(environ["PATH_INFO"].encode("latin-1"), safe="/:@!$&'()*+,;=~")
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        # 308, so that browsers repeat a form's POST at the new address.
        location = f"{self._url.scheme}://{self._url.netloc}/{path.lstrip('/')}{query}"
        start_response("308 Permanent Redirect", [("Location", location), ("Content-Length", "0")])
        return [b""]


class RequestLog:
    """Logs one line when a request is done, without its query, headers and cookies, so that it contains no secrets.

    Every line that is logged during the request has the same `request`, which the response has as X-Request-Id. Adds
    the default headers to each response that does not set them itself.
    """

    def __init__(self, app: WSGIApplication, headers: Mapping[str, str]) -> None:
        self._app, self._headers = app, {name.lower(): (name, value) for name, value in headers.items()}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started, status, length = time.perf_counter(), 500, _MAX_JOINED_BYTES + 1
        identity = {
            # Not a secret: a pseudorandom number, because reading the system's makes a thread give up its turn.
            "request": f"{getrandbits(64):016x}",
            "trace": environ.get("HTTP_X_AMZN_TRACE_ID", "")[:_MAX_TRACE_LENGTH],
        }
        logs.identity.set(identity)
        path = environ["PATH_INFO"]

        def start_with_headers(status_line: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            nonlocal status, length
            status = int(status_line.split(" ", 1)[0])
            values = {name.lower(): value for name, value in headers}
            length = int(values.get("content-length", length))
            defaults = [header for name, header in self._headers.items() if name not in values]
            return start_response(status_line, [*headers, *defaults, ("X-Request-Id", identity["request"])], *rest)

        def log_request() -> None:
            # The load balancer checks the health of each task every few seconds: only a failure is worth a line.
            level = logging.DEBUG if path == HEALTH_PATH and status < 400 else logging.INFO
            if logs.logger.isEnabledFor(level):
                fields = {
                    "method": environ["REQUEST_METHOD"],
                    "path": path.encode("latin-1").decode("utf-8", "replace"),
                    "status": status,
                    "ms": round((time.perf_counter() - started) * 1000, 1),
                    "client": environ.get("REMOTE_ADDR"),
                }
                logs.logger.log(level, "request", extra=fields)
            logs.identity.set({})

        try:
            chunks = self._app(environ, start_with_headers)
            if length > _MAX_JOINED_BYTES:
                return ClosingIterator(chunks, log_request)
            body = _join(chunks)
        except BaseException:
            log_request()
            raise
        log_request()
        return body


def _join(chunks: Iterable[bytes]) -> list[bytes]:
    try:
        return [b"".join(chunks)]
    finally:
        close = getattr(chunks, "close", None)
        if close:
            close()

"""What lies around the app: the address people use, and one log line for each request."""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from random import getrandbits
from typing import Any
from urllib.parse import SplitResult, quote

from werkzeug.wsgi import ClosingIterator

from . import logs

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_LONGEST_TRACE = 128  # the load balancer's are about 50 characters; a client may send anything
_WHOLE_BYTES = 1 << 16  # answers up to here are handed to the server in one piece, which saves it a hand-over for each
HEALTH_PATH = "/up"


class ExternalUrl:
    """Gives every request the scheme and host of the app's public address, and leads its other names there.

    The last hop to the app may be plain HTTP under an internal name, and clients can send any Host they like.
    """

    def __init__(self, app: WsgiApp, url: SplitResult, aliases: Collection[str]) -> None:
        self._app, self._url, self._aliases = app, url, frozenset(aliases) - {url.hostname}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "").rpartition("@")[2].split(":", 1)[0].lower()
        if host in self._aliases and environ["PATH_INFO"] != HEALTH_PATH:
            return self._redirect(environ, start_response)
        environ["wsgi.url_scheme"], environ["HTTP_HOST"] = self._url.scheme, self._url.netloc
        return self._app(environ, start_response)

    def _redirect(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        path = quote(environ["PATH_INFO"].encode("latin-1"), safe="/:@!$&'()*+,;=~")
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        # 308: a form that was sent to the other name is sent again.
        location = f"{self._url.scheme}://{self._url.netloc}/{path.lstrip('/')}{query}"
        start_response("308 Permanent Redirect", [("Location", location), ("Content-Length", "0")])
        return [b""]


class RequestLog:
    """One line for each request, when it is done. No query, header or cookie is in it, so no secret is.

    Every line that is logged on the way carries the same `request`, which the answer has as X-Request-Id, beside the
    headers that every answer has unless it says something else itself.
    """

    def __init__(self, app: WsgiApp, headers: Mapping[str, str]) -> None:
        self._app, self._headers = app, {name.lower(): (name, value) for name, value in headers.items()}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started, status, length = time.perf_counter(), 500, _WHOLE_BYTES + 1
        identity = {
            # Not a secret, so not the system's randomness, which makes a thread give up its turn.
            "request": f"{getrandbits(64):016x}",
            "trace": environ.get("HTTP_X_AMZN_TRACE_ID", "")[:_LONGEST_TRACE],
        }
        logs.identity.set(identity)
        path = environ["PATH_INFO"]

        def remember(line: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            nonlocal status, length
            status = int(line.split(" ", 1)[0])
            given = {name.lower(): value for name, value in headers}
            length = int(given.get("content-length", length))
            added = [header for name, header in self._headers.items() if name not in given]
            return start_response(line, [*headers, *added, ("X-Request-Id", identity["request"])], *rest)

        def write() -> None:
            # Every few seconds the load balancer asks each task: that is worth a line only when it goes wrong.
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
            answer = self._app(environ, remember)
            if length > _WHOLE_BYTES:
                return ClosingIterator(answer, write)
            whole = _in_one_piece(answer)
        except BaseException:
            write()
            raise
        write()
        return whole


def _in_one_piece(answer: Iterable[bytes]) -> list[bytes]:
    try:
        return [b"".join(answer)]
    finally:
        close = getattr(answer, "close", None)
        if close:
            close()

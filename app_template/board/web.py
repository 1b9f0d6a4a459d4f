"""What lies around the app: the address people use, and one log line for each request."""

import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import SplitResult

from werkzeug.wrappers import Request
from werkzeug.wsgi import ClosingIterator

from . import logs

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_LONGEST_TRACE = 128  # the load balancer's are about 50 characters; a client may send anything


class ExternalUrl:
    """Gives every request the scheme and host of the app's public address.

    The last hop to the app may be plain HTTP under an internal name, and clients can send any Host they like.
    """

    def __init__(self, app: WsgiApp, url: SplitResult) -> None:
        self._app, self._url = app, url

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.url_scheme"], environ["HTTP_HOST"] = self._url.scheme, self._url.netloc
        return self._app(environ, start_response)


class RequestLog:
    """One line for each request, when it is done. No query, header or cookie is in it, so no secret is."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started, request, status = time.perf_counter(), Request(environ), 500
        path = request.path

        def remember(line: str, *rest: Any) -> Any:
            nonlocal status
            status = int(line.split(" ", 1)[0])
            return start_response(line, *rest)

        def write() -> None:
            fields = {
                "method": request.method,
                "path": path,
                "status": status,
                "ms": round((time.perf_counter() - started) * 1000, 1),
                "client": request.remote_addr,
                "trace": request.headers.get("X-Amzn-Trace-Id", "")[:_LONGEST_TRACE],
            }
            # Every few seconds the load balancer asks each task: that is worth a line only when it goes wrong.
            usual = path == "/up" and status < 400
            (logs.logger.debug if usual else logs.logger.info)("request", extra={"fields": fields})

        try:
            return ClosingIterator(self._app(environ, remember), write)
        except BaseException:
            write()
            raise

"""Requests with a body: at most so large, and never in all threads at once.

Servers with threads give one to each request and read its body in it, however slowly it comes: a few slow clients are
enough to stop an app. The load balancer does not help, since it passes bodies on as they arrive, and granian has no
time limit for them. So bodies are read whole before the app works on them, those that come too slowly are refused, and
one thread always stays free for requests without one: slow clients can delay each other, but not the pages and the
health check.

A read cannot be ended while it waits. A body of which nothing comes any more keeps its thread until the load balancer
gives the connection up, after its idle timeout.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import IO, Any

from . import logs

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# A body may take 20 s, and a second more for every 500 bytes, as with Apache's mod_reqtimeout:
# https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html
_SECONDS, _BYTES_A_SECOND = 20, 500
# Bytes that a read waits for at most, so that time is looked at soon when bytes come one by one. A read takes half a
# microsecond, and the interpreter's turn from another thread.
_PIECE = 512
_QUICK_SECONDS = 0.1  # a read that takes longer is followed by one for a single byte
_IN_MEMORY = 1 << 19  # bytes; larger bodies go to a file in /tmp, so that uploads do not add up to the task's memory
_TURN_SECONDS = 1  # a body that is here already takes a millisecond, and so does the wait for those before it
_RETRY_SECONDS = 5


class Body:
    """Hands the app a body that is there already; 413 above `largest` bytes, 408 when it comes too slowly, 503 where no
    thread may read another.
    """

    def __init__(self, app: WsgiApp, largest: int, threads: int) -> None:
        self._app, self._largest = app, largest
        self._places = threading.BoundedSemaphore(max(threads - 1, 1))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or ""
        if length in ("", "0") and "HTTP_TRANSFER_ENCODING" not in environ:
            return self._app(environ, start_response)
        expected = int(length) if length.isdigit() else None
        if expected is not None and expected > self._largest:
            return _refuse(start_response, "413 Content Too Large", "The request is too large.")
        if not self._places.acquire(timeout=_TURN_SECONDS):
            return _refuse(start_response, "503 Service Unavailable", "Too many uploads at once.")
        try:
            body, size = self._read(environ["wsgi.input"], expected)
        except TimeoutError:
            return _refuse(start_response, "408 Request Timeout", "The request came too slowly.")
        finally:
            self._places.release()
        if size > self._largest:
            return _refuse(start_response, "413 Content Too Large", "The request is too large.")
        if expected is not None and size < expected:
            return _refuse(start_response, "400 Bad Request", "The request ended early.")
        environ["wsgi.input"], environ["wsgi.input_terminated"] = body, True
        return self._app(environ, start_response)

    def _read(self, stream: IO[bytes], expected: int | None) -> tuple[IO[bytes], int]:
        body = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 the app reads it after this
        end = self._largest + 1 if expected is None else expected
        size, piece, began = 0, 1, time.monotonic()
        before = began
        while size < end and (chunk := _next(stream, min(piece, end - size))):
            size += len(chunk)
            body.write(chunk)
            now = time.monotonic()
            if now - began > _SECONDS + size / _BYTES_A_SECOND:
                raise TimeoutError
            piece = min(2 * piece, _PIECE) if now - before < _QUICK_SECONDS else 1
            before = now
        body.seek(0)
        return body, size


def _next(stream: IO[bytes], size: int) -> bytes:
    """Nothing when the connection broke, for which each server has its own exception: what is missing shows it."""
    with suppress(Exception):
        return stream.read(size)
    return b""


def _refuse(start_response: Callable[..., Any], status: str, sentence: str) -> list[bytes]:
    logs.logger.warning("body: %s", sentence)
    text = f"{sentence}\n".encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(text))),
        ("Connection", "close"),  # the rest of the body would be taken for the next request
    ]
    if status.startswith("503"):
        headers.append(("Retry-After", str(_RETRY_SECONDS)))
    start_response(status, headers)
    return [text]

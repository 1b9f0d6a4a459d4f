"""Limits the size and duration of request bodies, and the number of threads that read them.

A threaded server reads the body of a request in the request's thread, however slowly it arrives, so a few slow clients
can block an app. The load balancer does not prevent this, because it forwards bodies as they arrive, and granian has no
time limit for them. Therefore a body is read completely before the app handles the request, a body that arrives too
slowly is rejected, and one thread always stays free for requests without a body: slow clients can delay each other, but
not the pages and the health check.

A read cannot be interrupted while it waits. A body that stops arriving occupies its thread until the load balancer
closes the connection after its idle timeout.
"""

import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import IO
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from . import logs

# A body may take 20 s plus one second for every 500 bytes, as with Apache's mod_reqtimeout:
# https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html
_BASE_SECONDS, _BYTES_PER_SECOND = 20, 500
# The most bytes that a read waits for, so that the time is checked soon even if bytes arrive one by one. A read takes
# half a microsecond, and the interpreter lock from another thread.
_MAX_READ_BYTES = 512
_QUICK_SECONDS = 0.1  # a read that takes longer is followed by one for a single byte
# Bytes; larger bodies are written to a file in /tmp, so that uploads do not use up the task's memory.
_MAX_BYTES_IN_MEMORY = 1 << 19
_QUEUE_SECONDS = 1  # a body that has arrived takes a millisecond to read, as do those ahead of it
_RETRY_SECONDS = 5


class BodyLimits:
    """Middleware that passes complete bodies to the app.

    It responds 413 above `max_bytes`, 408 if a body arrives too slowly, 503 if too many threads are reading bodies.
    """

    def __init__(self, app: WSGIApplication, max_bytes: int, threads: int) -> None:
        self._app, self._max_bytes = app, max_bytes
        self._readers = threading.BoundedSemaphore(max(threads - 1, 1))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or ""
        if length in ("", "0") and "HTTP_TRANSFER_ENCODING" not in environ:
            return self._app(environ, start_response)
        expected = int(length) if length.isdigit() else None
        if expected is not None and expected > self._max_bytes:
            return _reject(start_response, "413 Content Too Large", "The request is too large.")
        if not self._readers.acquire(timeout=_QUEUE_SECONDS):
            return _reject(start_response, "503 Service Unavailable", "Too many uploads at once.")
        try:
            body, size = self._read(environ["wsgi.input"], expected)
        except TimeoutError:
            return _reject(start_response, "408 Request Timeout", "The request arrived too slowly.")
        finally:
            self._readers.release()
        if size > self._max_bytes:
            return _reject(start_response, "413 Content Too Large", "The request is too large.")
        if expected is not None and size < expected:
            return _reject(start_response, "400 Bad Request", "The request ended early.")
        environ["wsgi.input"], environ["wsgi.input_terminated"] = body, True
        return self._app(environ, start_response)

    def _read(self, stream: IO[bytes], expected: int | None) -> tuple[IO[bytes], int]:
        body = tempfile.SpooledTemporaryFile(_MAX_BYTES_IN_MEMORY)  # noqa: SIM115 the app reads it after this
        end = self._max_bytes + 1 if expected is None else expected
        size, read_size, began = 0, 1, time.monotonic()
        last_read = began
        while size < end and (chunk := _read_some(stream, min(read_size, end - size))):
            size += len(chunk)
            body.write(chunk)
            now = time.monotonic()
            if now - began > _BASE_SECONDS + size / _BYTES_PER_SECOND:
                raise TimeoutError
            read_size = min(2 * read_size, _MAX_READ_BYTES) if now - last_read < _QUICK_SECONDS else 1
            last_read = now
        body.seek(0)
        return body, size


def _read_some(stream: IO[bytes], size: int) -> bytes:
    """Read up to `size` bytes; none if the connection is broken, for which each server raises a different exception."""
    with suppress(Exception):
        return stream.read(size)
    return b""


def _reject(start_response: StartResponse, status: str, sentence: str) -> list[bytes]:
    logs.logger.warning("body: %s", sentence)
    text = f"{sentence}\n".encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(text))),
        ("Connection", "close"),  # otherwise the rest of the body would be read as the next request
    ]
    if status.startswith("503"):
        headers.append(("Retry-After", str(_RETRY_SECONDS)))
    start_response(status, headers)
    return [text]

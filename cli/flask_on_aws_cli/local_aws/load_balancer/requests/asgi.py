"""The server's side of a request: its body as it arrives, and the answer as it goes out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from http import HTTPStatus
from time import time
from typing import Any
from wsgiref.handlers import format_date_time

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# A client that got its answer may stop sending, and wait for the end without closing; seconds for its next piece.
_REST_SECONDS = 5
# Status codes without a name in the standard.
_AWS_NAMES = {460: "Client Closed Connection", 463: "Too Many Forwarders"}


class ClientGoneError(Exception):
    """The client has closed its connection."""


class ClientSilentError(Exception):
    """The client sent no more of its body within the idle timeout."""


class TruncatedAnswer(BaseException):
    """Ends a connection whose answer cannot be completed, so that the client does not take the part for the whole."""


class RequestBody:
    """The body of a request, piece by piece as it is asked for: what no one reads does not leave the client."""

    def __init__(self, receive: Receive, idle_timeout: float) -> None:
        self._receive, self._idle_timeout = receive, idle_timeout
        self._lock = asyncio.Lock()
        self._first: bytes | None = None
        self.complete = False
        self.gone = False
        self.silent = False
        self.received = 0

    async def _next(self, within: float) -> bytes:
        async with self._lock:
            if self.complete:  # whoever had the lock before has read the end
                return b""
            message = await asyncio.wait_for(self._receive(), within)
        if message["type"] == "http.disconnect":
            self.gone = True
            raise ClientGoneError
        self.complete = not message.get("more_body", False)
        self.received += len(message["body"])
        return message["body"]

    async def is_empty(self) -> bool:
        """Whether there is nothing; waits for the first piece, which is not lost."""
        self._first = await self._piece()
        return self.complete and not self._first

    async def _piece(self) -> bytes:
        try:
            return await self._next(self._idle_timeout)
        except TimeoutError:
            self.silent = True
            raise ClientSilentError from None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._first:
            yield self._first
            self._first = None
        while not self.complete:
            if piece := await self._piece():
                yield piece

    async def left(self) -> None:
        """Return when the client has gone; call it only once the body is complete."""
        async with self._lock:
            while (await self._receive())["type"] != "http.disconnect":
                pass
        self.gone = True

    async def drop_rest(self) -> None:
        """Read what was not asked for, since a connection whose request has not ended cannot be used again."""
        while not (self.complete or self.gone):
            try:
                await self._next(_REST_SECONDS)
            except (TimeoutError, ClientGoneError):
                return


class Answer:
    """An answer to the client."""

    def __init__(self, send: Send, body: RequestBody | None = None) -> None:
        self._send, self._body = send, body
        self.status: int | None = None
        """None until it has begun."""
        self.sent = 0

    async def begin(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Send the status and the header fields, with a Date where there is none."""
        fields = [(name.lower(), value) for name, value in headers]
        if all(name != b"date" for name, _ in fields):
            fields.append((b"date", format_date_time(time()).encode()))
        self.status = status
        await self._send({"type": "http.response.start", "status": status, "headers": fields})

    async def write(self, piece: bytes) -> None:
        """Send a piece of the body; returns once the client has taken enough of what was sent before."""
        self.sent += len(piece)
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self) -> None:
        """Complete the answer, after the request is complete too."""
        if self._body is not None:
            await self._body.drop_rest()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def own(self, status: int, body: bytes, content_type: str, *more: tuple[bytes, bytes]) -> None:
        """An answer of the load balancer's own, whole."""
        fields = [(b"server", b"awselb/2.0"), (b"content-length", str(len(body)).encode()), *more]
        if body:
            fields.append((b"content-type", content_type.encode()))
        await self.begin(status, fields)
        await self.write(body)
        await self.end()

    async def error(self, status: int) -> None:
        """The page with which a load balancer tells an error."""
        name = _AWS_NAMES.get(status) or HTTPStatus(status).phrase
        title = f"{status} {name}"
        lines = [f"<html>\r\n<head><title>{title}</title></head>", "<body>", f"<center><h1>{title}</h1></center>"]
        page = "\r\n".join([*lines, "</body>", "</html>", ""])
        await self.own(status, page.encode(), "text/html")

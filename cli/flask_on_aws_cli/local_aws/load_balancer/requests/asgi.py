"""The client's side of a request over ASGI: the body as it arrives, and the response as it is sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from http import HTTPStatus
from time import time
from typing import Any
from wsgiref.handlers import format_date_time

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# Seconds to wait for the next chunk of a body after the response: a client may stop sending without closing.
_REMAINDER_SECONDS = 5
# Reason phrases of status codes that are not in the HTTP standard.
_AWS_PHRASES = {460: "Client Closed Connection", 463: "Too Many Forwarders"}


class ClientDisconnectedError(Exception):
    """The client has closed its connection."""


class ClientTimeoutError(Exception):
    """The client sent no more of its body within the idle timeout."""


class TruncatedResponse(BaseException):
    """Closes a connection whose response cannot be completed, so that the client notices that it is incomplete."""


class RequestBody:
    """The body of a request, received in chunks on demand: the client does not send more than is read."""

    def __init__(self, receive: Receive, idle_timeout: float) -> None:
        self._receive, self._idle_timeout = receive, idle_timeout
        self._lock = asyncio.Lock()
        self._first_chunk: bytes | None = None
        self.is_complete = False
        self.has_disconnected = False
        self.has_timed_out = False
        self.received = 0

    async def _receive_chunk(self, timeout_seconds: float) -> bytes:
        async with self._lock:
            if self.is_complete:  # another task has read the end in the meantime
                return b""
            message = await asyncio.wait_for(self._receive(), timeout_seconds)
        if message["type"] == "http.disconnect":
            self.has_disconnected = True
            raise ClientDisconnectedError
        self.is_complete = not message.get("more_body", False)
        self.received += len(message["body"])
        return message["body"]

    async def is_empty(self) -> bool:
        """Whether the body is empty; waits for the first chunk, which iteration still yields."""
        self._first_chunk = await self._next_chunk()
        return self.is_complete and not self._first_chunk

    async def _next_chunk(self) -> bytes:
        try:
            return await self._receive_chunk(self._idle_timeout)
        except TimeoutError:
            self.has_timed_out = True
            raise ClientTimeoutError from None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._first_chunk:
            yield self._first_chunk
            self._first_chunk = None
        while not self.is_complete:
            if chunk := await self._next_chunk():
                yield chunk

    async def wait_for_disconnect(self) -> None:
        """Return when the client disconnects; to be called only once the body is complete."""
        async with self._lock:
            while (await self._receive())["type"] != "http.disconnect":
                pass
        self.has_disconnected = True

    async def discard_remainder(self) -> None:
        """Read the rest of the body, since a connection with an incomplete request cannot be reused."""
        while not (self.is_complete or self.has_disconnected):
            try:
                await self._receive_chunk(_REMAINDER_SECONDS)
            except (TimeoutError, ClientDisconnectedError):
                return


class ClientResponse:
    """A response to the client."""

    def __init__(self, send: Send, body: RequestBody | None = None) -> None:
        self._send, self._body = send, body
        self.status: int | None = None
        """None until the response has begun."""
        self.sent = 0

    async def begin(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Send the status and the header fields; adds Date if it is missing."""
        fields = [(name.lower(), value) for name, value in headers]
        if all(name != b"date" for name, _ in fields):
            fields.append((b"date", format_date_time(time()).encode()))
        self.status = status
        await self._send({"type": "http.response.start", "status": status, "headers": fields})

    async def write(self, chunk: bytes) -> None:
        """Send a chunk of the body; waits while the client is too slow to receive previous chunks."""
        self.sent += len(chunk)
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def end(self) -> None:
        """Complete the response, after the rest of the request has been read."""
        if self._body is not None:
            await self._body.discard_remainder()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def send_complete(self, status: int, body: bytes, content_type: str, *headers: tuple[bytes, bytes]) -> None:
        """Send a complete response of the load balancer itself."""
        fields = [(b"server", b"awselb/2.0"), (b"content-length", str(len(body)).encode()), *headers]
        if body:
            fields.append((b"content-type", content_type.encode()))
        await self.begin(status, fields)
        await self.write(body)
        await self.end()

    async def send_error(self, status: int) -> None:
        """Send the page with which a load balancer reports an error."""
        phrase = _AWS_PHRASES.get(status) or HTTPStatus(status).phrase
        title = f"{status} {phrase}"
        lines = [f"<html>\r\n<head><title>{title}</title></head>", "<body>", f"<center><h1>{title}</h1></center>"]
        page = "\r\n".join([*lines, "</body>", "</html>", ""])
        await self.send_complete(status, page.encode(), "text/html")

"""The client's side of a data channel: a WebSocket to AWS, over which messages with data arrive once and in order."""

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, WebSocketException

from . import messages
from .errors import SessionError
from .handshake import CLIENT_VERSION, Handshake, answer_challenge, answer_handshake
from .messages import Flag, Message, PayloadType
from .peer import Peer

log = logging.getLogger(__name__)

# Seconds between two pings, and until the pong: a NAT gateway forgets a connection that is silent for 350 seconds, and
# a lost network is noticed within two minutes.
_PING_SECONDS = 60
# As AWS's client: five attempts, after 0.1 seconds and twice as long each time.
_ATTEMPTS, _FIRST_PAUSE = 5, 0.1
# Seconds that the agent has for the handshake: it starts a process for each session, perhaps on a quarter of a vCPU.
_HANDSHAKE_SECONDS = 60
_CLOSE_SECONDS = 5  # for the last confirmations
_LOOPBACK = ("127.0.0.1", "localhost")
_ENCRYPTED = (PayloadType.OUTPUT, PayloadType.STDERR, PayloadType.EXIT_CODE)
_TIMED_OUT = "it was idle for too long, or reached its maximum duration"

Handler = Callable[[int, bytes], Awaitable[None]]
"""Called with the payload type and the payload of each message with data, in order."""


@dataclass(frozen=True)
class Session:
    """A session that AWS has started."""

    id: str
    stream_url: str
    token: str


class SessionApi(Protocol):
    """The calls to AWS that a data channel needs; each blocks."""

    def resume(self, session_id: str) -> str:
        """A new token for a session whose connection was lost; empty if the session has ended."""
        ...

    def terminate(self, session_id: str) -> None:
        """End a session."""
        ...

    def sign(self, url: str) -> dict[str, str]:
        """The headers that sign a GET request of the service `ssmmessages`."""
        ...

    def create_data_key(self, key: str) -> tuple[bytes, bytes]:
        """A new data key of a KMS key for the session, in plain text and encrypted."""
        ...


class DataChannel:
    """A session's connection, as an asynchronous context manager; its end ends the session."""

    def __init__(self, session: Session, api: SessionApi, handler: Handler) -> None:
        """Prepare a data channel, in a running event loop.

        Args:
            session: the session.
            api: calls to AWS.
            handler: receives the data.
        """
        self._session, self._api, self._handler = session, api, handler
        self._client_id = str(uuid.uuid4())
        self._peer = Peer(messages.INPUT, messages.OUTPUT, lambda: self.is_open)
        self._handshake: Handshake | None = None
        loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[Handshake] = loop.create_future()
        self._ended: asyncio.Future[str] = loop.create_future()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            SessionError: if the connection fails.
        """
        connection = await self._connect(self._session.token)
        self._tasks = [
            asyncio.create_task(self._fail_with(self._receive(connection))),
            asyncio.create_task(self._fail_with(self._peer.repeat())),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_terminated = not self.is_open
        if not is_terminated:
            with suppress(SessionError, TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await self._peer.send(PayloadType.FLAG, Flag.TERMINATE_SESSION.payload)
                    await self._peer.wait_until_confirmed()
                    is_terminated = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if not is_terminated:
            with suppress(Exception):  # AWS ends it when it has been idle for a while
                await asyncio.to_thread(self._api.terminate, self._session.id)
        self._end("")
        for future in (self._ready, self._ended):
            future.exception()  # retrieved, whether or not anybody has waited for it

    async def handshake(self) -> Handshake:
        """What kind of session it is, as soon as the agent has requested it.

        Raises:
            SessionError: if the agent does not answer, or requests something unknown.
        """
        try:
            return await asyncio.wait_for(asyncio.shield(self._ready), _HANDSHAKE_SECONDS)
        except TimeoutError:
            raise SessionError(f"The task's SSM agent has not answered for {_HANDSHAKE_SECONDS} seconds") from None

    async def ended(self) -> str:
        """Wait for the end of the session; returns AWS's reason, which is empty for a regular end.

        Raises:
            SessionError: if the connection was lost and cannot be restored, or the agent no longer answers.
        """
        return await asyncio.shield(self._ended)

    @property
    def is_open(self) -> bool:
        """Whether the session has not ended."""
        return not self._ended.done()

    async def send(self, payload_type: int, data: bytes) -> None:
        """Send a message that is no data of the command or the connections.

        Raises:
            SessionError: if the session has ended.
        """
        await self._peer.send(payload_type, data)

    async def send_data(self, data: bytes) -> None:
        """Send bytes of a command's input or of connections, in as many messages as they need.

        Raises:
            SessionError: if the session has ended.
        """
        await self._peer.send_data(data)

    async def _connect(self, token: str) -> ClientConnection:
        url = self._session.stream_url
        parts = urlsplit(url)
        try:
            is_signed = "X-Amz-Signature" in parts.query
            headers = {} if is_signed else await asyncio.to_thread(self._api.sign, url)
            connection = await connect(
                url,
                additional_headers=headers,
                proxy=None if parts.hostname in _LOOPBACK else True,
                compression=None,
                ping_interval=_PING_SECONDS,
                ping_timeout=_PING_SECONDS,
                max_size=None,
            )
            opening = {
                "MessageSchemaVersion": "1.0",
                "RequestId": str(uuid.uuid4()),
                "TokenValue": token,
                "ClientId": self._client_id,
                "ClientVersion": CLIENT_VERSION,
            }
            await connection.send(json.dumps(opening))
        except (OSError, InvalidHandshake, WebSocketException) as error:
            raise SessionError(f"The connection to {parts.hostname} failed: {error or type(error).__name__}") from error
        await self._peer.attach(connection)
        return connection

    async def _receive(self, connection: ClientConnection) -> None:
        """Handle messages until the session ends, over as many connections as it takes."""
        while True:
            try:
                async for frame in connection:
                    await self._receive_frame(frame)
                    if not self.is_open:
                        return
            except ConnectionClosed as closed:
                log.info("the connection of session %s was lost: %s", self._session.id, closed)
            finally:
                await connection.close()
            reconnected = await self._reconnect()
            if reconnected is None:
                self._end(_TIMED_OUT)
                return
            connection = reconnected

    async def _receive_frame(self, frame: str | bytes) -> None:
        data, other = await self._peer.receive(frame)
        for message in data:
            await self._handle(message)
        if other and other.message_type == messages.CHANNEL_CLOSED:
            self._end(messages.closing_reason(other))

    async def _handle(self, message: Message) -> None:
        kind, data, cipher = message.payload_type, message.payload, self._peer.cipher
        if kind == PayloadType.HANDSHAKE_REQUEST:
            self._handshake = await asyncio.to_thread(answer_handshake, data, self._api.create_data_key)
            await self.send(PayloadType.HANDSHAKE_RESPONSE, self._handshake.answer)
            self._peer.cipher = self._handshake.cipher
        elif kind == PayloadType.ENCRYPTION_CHALLENGE_REQUEST:
            await self.send(PayloadType.ENCRYPTION_CHALLENGE_RESPONSE, answer_challenge(data, cipher))
        elif kind == PayloadType.HANDSHAKE_COMPLETE:
            if self._handshake and not self._ready.done():
                self._ready.set_result(self._handshake)
        else:
            await self._handler(kind, cipher.decrypt(data) if cipher and kind in _ENCRYPTED else data)

    async def _reconnect(self) -> ClientConnection | None:
        """Connect again; None if the session has ended meanwhile.

        Raises:
            SessionError: if that fails repeatedly.
        """
        for attempt in range(_ATTEMPTS):
            try:
                token = await asyncio.to_thread(self._api.resume, self._session.id)
                return await self._connect(token) if token else None
            except SessionError:
                if attempt == _ATTEMPTS - 1:
                    raise
            await asyncio.sleep(_FIRST_PAUSE * 2**attempt)
        return None

    async def _fail_with(self, work: Awaitable[None]) -> None:
        """Do work whose failure is the session's."""
        try:
            await work
        except Exception as error:
            failure = error if isinstance(error, SessionError) else SessionError(f"The session failed: {error!r}")
            for future in (self._ready, self._ended):
                if not future.done():
                    future.set_exception(failure)
            self._peer.wake()

    def _end(self, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_result(reason)
        if not self._ready.done():
            self._ready.set_exception(
                SessionError(f"The session ended before it began{': ' + reason if reason else ''}")
            )
        self._peer.wake()


OpenChannel = Callable[[Handler], Awaitable[DataChannel]]
"""Starts a session whose data a handler receives."""

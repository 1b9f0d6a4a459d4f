"""One side of a data channel: what client and agent have in common."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed

from . import messages
from .encryption import SessionCipher
from .errors import SessionError
from .messages import Message, PayloadType
from .streams import RESEND_SECONDS, Inbox, Outbox, UnconfirmedError

log = logging.getLogger(__name__)


class Received(NamedTuple):
    """What a frame brought."""

    data: list[Message]
    """Messages with data that are next in order."""
    other: Message | None
    """A message about the channel itself."""


class Peer:
    """Sends messages with data until they are confirmed, over one connection after the other, and confirms others."""

    def __init__(self, sends: str, receives: str, is_open: Callable[[], bool]) -> None:
        """Prepare a side that has no connection yet.

        Args:
            sends: the type of the messages with data that it sends.
            receives: the type of those that it receives.
            is_open: whether the session has not ended.
        """
        self._outbox, self._inbox = Outbox(sends, time.monotonic), Inbox()
        self._receives, self._is_open = receives, is_open
        self._room = asyncio.Event()
        self._connection: Connection | None = None
        self.cipher: SessionCipher | None = None
        """Encrypts the data; None until the sides have agreed on a key, and without encryption."""

    async def attach(self, connection: Connection) -> None:
        """Use a connection from now on, and repeat on it what is not confirmed."""
        self._connection = connection
        for data in self._outbox.all():
            await self._transmit(data)

    async def send(self, payload_type: int, data: bytes) -> None:
        """Send data, as soon as enough earlier messages are confirmed.

        Raises:
            SessionError: if the session has ended.
        """
        while self._is_open() and not self._outbox.has_room:
            self._room.clear()
            await self._room.wait()
        if not self._is_open():
            raise SessionError("The session has ended")
        await self._transmit(self._outbox.add(payload_type, data))

    async def send_data(self, data: bytes) -> None:
        """Send bytes of a terminal or of connections, in as many messages as they need."""
        for start in range(0, len(data), messages.PAYLOAD_SIZE):
            part = data[start : start + messages.PAYLOAD_SIZE]
            await self.send(PayloadType.OUTPUT, self.cipher.encrypt(part) if self.cipher else part)

    async def send_notice(self, message: Message) -> None:
        """Send a message about the channel itself, which is not confirmed."""
        await self._transmit(message.encode())

    async def receive(self, frame: str | bytes) -> Received:
        """Read a frame, and confirm it; one that was damaged is not confirmed, and so is sent again."""
        try:
            message = messages.decode(frame if isinstance(frame, bytes) else frame.encode())
            if message.message_type == messages.ACKNOWLEDGE:
                self._outbox.confirm(messages.acknowledged_number(message))
                self._room.set()
                return Received([], None)
        except messages.MessageError as error:
            log.warning("a message on a data channel is ignored: %s", error)
            return Received([], None)
        if message.message_type != self._receives:
            return Received([], message)
        is_confirmed, ready = self._inbox.accept(message)
        if is_confirmed:
            await self.send_notice(messages.acknowledgement(message))
        return Received(ready, None)

    async def repeat(self) -> None:
        """Repeat the oldest message until it is confirmed, and so on; runs until it is cancelled.

        Raises:
            SessionError: if the other side confirms nothing for minutes.
        """
        while True:
            await asyncio.sleep(RESEND_SECONDS)
            try:
                data = self._outbox.due()
            except UnconfirmedError as error:
                raise SessionError(f"The session was lost: {error}") from error
            if data:
                await self._transmit(data)

    async def wait_until_confirmed(self) -> None:
        """Wait until the other side has confirmed everything, or the session has ended."""
        while self._is_open() and not self._outbox.is_empty:
            self._room.clear()
            await self._room.wait()

    def wake(self) -> None:
        """Let waiting senders notice that the session has ended."""
        self._room.set()

    async def _transmit(self, data: bytes) -> None:
        """Send a message; one that does not arrive is repeated on the next connection."""
        if self._connection:
            with suppress(ConnectionClosed):
                await self._connection.send(data)

"""Forwards connections to a local port through sessions, to a port that the task reaches, such as a database's."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Self

from .data_channel import DataChannel, OpenChannel
from .errors import SessionError
from .handshake import PORT_SESSION, check_agent_forwards
from .messages import Flag, PayloadType
from .multiplexing import DATA_SIZE, Command, Frame, FrameReader

log = logging.getLogger(__name__)

# Bytes that wait for a program that does not read them, such as a pager; then all connections of the session wait, as
# with AWS's client, whose limit is 4 MB.
_MAX_UNREAD = 16 * 1024 * 1024

Report = Callable[[str], None]
"""Prints a sentence for the user."""


class PortForwarder:
    """A local port, as an asynchronous context manager.

    A session ends when its task is replaced by a deployment, and AWS ends it when it is idle. The port stays: its next
    connection starts another session.
    """

    def __init__(self, open_channel: OpenChannel, port: int, report: Report) -> None:
        """Prepare a local port.

        Args:
            open_channel: starts a session that forwards to the destination, through a task that runs now.
            port: the port on 127.0.0.1; 0 for any that is free.
            report: prints what happens to sessions.
        """
        self._open_channel, self._report = open_channel, report
        self.port = port
        """The local port."""
        self._session: _PortSession | None = None
        self._starting = asyncio.Lock()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Open the port, and start a session, so that missing rights show at once.

        Raises:
            SessionError: if the port is in use, or the session cannot be started.
        """
        try:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        except OSError as error:
            raise SessionError(
                f"Port {self.port} of this machine cannot be used ({error.strerror}); choose another with --port"
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        try:
            await self._current_session()
        except BaseException:
            self._server.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            self._server.close()
        if self._session:
            await self._session.close()

    async def _current_session(self) -> "_PortSession":
        async with self._starting:
            if self._session and not self._session.is_open:
                await self._session.close()
                self._session = None
            if self._session is None:
                session = _PortSession(self._report)
                await session.open(self._open_channel)
                self._session = session
            return self._session

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection."""
        try:
            session = await self._current_session()
            await session.forward(reader, writer)
        except SessionError as error:
            self._report(f"{error}.")
        except Exception:
            log.exception("a connection was not forwarded")
            raise
        finally:
            writer.close()


class _PortSession:
    """A session with the connections that it carries."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._frames = FrameReader()
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._next_stream = 1
        self._resources = AsyncExitStack()
        self._channel: DataChannel | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        return self._channel is not None and self._channel.is_open

    async def open(self, open_channel: OpenChannel) -> None:
        """Start the session.

        Raises:
            SessionError: if it cannot be started, or the agent cannot forward ports.
        """
        channel = await self._resources.enter_async_context(await open_channel(self._receive))
        try:
            handshake = await channel.handshake()
            if handshake.session_type != PORT_SESSION:
                raise SessionError(f"AWS started a session of type {handshake.session_type} instead of {PORT_SESSION}")
            check_agent_forwards(handshake.agent_version)
        except BaseException:
            await self._resources.aclose()
            raise
        self._channel = channel
        self._watch = asyncio.create_task(self._await_end(channel))

    async def close(self) -> None:
        """End the session and its connections."""
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        self._close_connections()
        await self._resources.aclose()

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward a connection until either side closes it."""
        stream = self._next_stream
        self._next_stream += 2
        self._writers[stream] = writer
        writer.transport.set_write_buffer_limits(high=_MAX_UNREAD)
        try:
            await self._send(Frame(Command.OPEN, stream))
            while data := await self._read(reader):
                await self._send(Frame(Command.DATA, stream, data))
        finally:
            if self._writers.pop(stream, None):  # this side has closed it first
                with suppress(SessionError):
                    await self._send(Frame(Command.CLOSE, stream))

    @staticmethod
    async def _read(reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.read(DATA_SIZE)
        except OSError:  # the program has ended
            return b""

    async def _send(self, frame: Frame) -> None:
        if self._channel is None:
            raise SessionError("The session has not been started")
        await self._channel.send_data(frame.encode())

    async def _receive(self, kind: int, data: bytes) -> None:
        if kind == PayloadType.FLAG and data == Flag.CONNECT_TO_PORT_ERROR.payload:
            self._report("The task could not connect to the destination; its log and security groups say more.")
        if kind != PayloadType.OUTPUT:
            return
        for frame in self._frames.feed(data):
            writer = self._writers.get(frame.stream)
            if writer is None:
                continue
            if frame.command == Command.DATA:
                writer.write(frame.data)
                with suppress(OSError):  # the program has ended
                    await writer.drain()
            elif frame.command == Command.CLOSE:
                del self._writers[frame.stream]
                writer.close()

    async def _await_end(self, channel: DataChannel) -> None:
        try:
            reason = await channel.ended()
        except SessionError as error:
            reason = str(error)
        self._report(f"The session has ended{': ' + reason if reason else ''}; the next connection starts another.")
        self._close_connections()

    def _close_connections(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

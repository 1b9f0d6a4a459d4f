"""Runs a command in a container through a terminal session, with this process's input and output."""

import asyncio
import base64
import json
import os
import signal
import sys
import termios
import threading
import tty
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from concurrent.futures import CancelledError
from contextlib import AsyncExitStack, contextmanager, suppress
from functools import partial
from typing import BinaryIO

from .data_channel import DataChannel, OpenChannel
from .errors import SessionError
from .exit_marker import ExitMarker, Input
from .messages import PayloadType

_READ_SIZE = 1024
# Bytes that become lines of base64 of 76 characters; a terminal accepts up to 4,095 in a line.
_ENCODED_BYTES = 57 * 16
_INTERRUPT, _END_OF_INPUT = b"\x03", b"\x04"  # what Ctrl-C and Ctrl-D send
_SIGNALED = 128  # shells add the number of the signal


class CommandSession:
    """A command in a container."""

    def __init__(self, marker: ExitMarker, source: Input) -> None:
        """Prepare a session, in a running event loop.

        Args:
            marker: the marker in the command line.
            source: where the command's input comes from.
        """
        self._marker, self._source = marker, source
        self._begun = asyncio.Event()
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._is_interrupted = False

    async def run(self, open_channel: OpenChannel) -> int:
        """Run the command; return its exit code.

        Raises:
            SessionError: if the session cannot be started, or ends before the command.
        """
        async with AsyncExitStack() as resources:
            channel = await resources.enter_async_context(await open_channel(self._receive))
            await channel.handshake()
            if self._source is Input.TERMINAL:
                resources.enter_context(_raw_terminal())
                resources.enter_context(_on_signal(signal.SIGWINCH, lambda: self._send_size(channel)))
                await self._send_size(channel)
            else:
                resources.enter_context(_on_signal(signal.SIGINT, lambda: self._interrupt(channel)))
            for number in (signal.SIGTERM, signal.SIGHUP):
                resources.enter_context(_on_signal(number, partial(self._end, _SIGNALED + number)))
            if self._source is not Input.NONE:
                sender = asyncio.create_task(self._send_input(channel))
                resources.callback(_discard, sender)
            return await self._wait(channel)

    async def _wait(self, channel: DataChannel) -> int:
        """Wait for the command's exit code."""
        ended = asyncio.ensure_future(channel.ended())
        await asyncio.wait({self._code, ended}, return_when=asyncio.FIRST_COMPLETED)
        if self._code.done():
            ended.cancel()
            return self._code.result()
        reason = await ended
        output = self._marker.rest().decode(errors="replace").strip()
        details = "; ".join(text for text in (reason, output) if text)
        raise SessionError(
            "The session ended before the command, whose exit code is not known"
            f"{': ' + details if details else ''}. Perhaps the task was replaced, or its image has no /bin/sh"
        )

    async def _interrupt(self, channel: DataChannel) -> None:
        """Pass Ctrl-C on, and end the session the second time, for a command that ignores it."""
        if self._is_interrupted:
            await self._end(_SIGNALED + signal.SIGINT)
            return
        self._is_interrupted = True
        await channel.send_data(_INTERRUPT)

    async def _end(self, code: int) -> None:
        if not self._code.done():
            self._code.set_result(code)

    async def _receive(self, kind: int, data: bytes) -> None:
        if kind not in (PayloadType.OUTPUT, PayloadType.STDERR, PayloadType.ERROR) or self._code.done():
            return
        output = self._marker.feed(data)
        if self._marker.has_begun:
            self._begun.set()
        try:
            await asyncio.to_thread(_write, sys.stdout.buffer, output)
        except BrokenPipeError:  # the program that reads the output has ended, such as `head`
            await self._end(_SIGNALED + signal.SIGPIPE)
        if self._marker.code is not None:
            await self._end(self._marker.code)

    async def _send_input(self, channel: DataChannel) -> None:
        """Send this process's standard input; what is not typed as lines of base64."""
        await self._begun.wait()
        rest = b""
        async for data in _standard_input(_READ_SIZE if self._source is Input.TERMINAL else _ENCODED_BYTES):
            if self._source is Input.TERMINAL:
                await channel.send_data(data)
                continue
            data, rest = _in_threes(rest + data)
            await channel.send_data(base64.encodebytes(data))
        await channel.send_data(base64.encodebytes(rest) + _END_OF_INPUT)

    async def _send_size(self, channel: DataChannel) -> None:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
        await channel.send(PayloadType.SIZE, json.dumps({"cols": columns, "rows": rows}).encode())


def _discard(task: asyncio.Task[None]) -> None:
    """Cancel a task; an error of one that has ended is that of the session, which is reported."""
    if not task.cancel() and not task.cancelled():
        task.exception()


def _in_threes(data: bytes) -> tuple[bytes, bytes]:
    """The bytes that become base64 without padding, which may only be at the end, and the rest."""
    end = len(data) - len(data) % 3
    return data[:end], data[end:]


async def _standard_input(size: int) -> AsyncGenerator[bytes]:
    """This process's standard input, read by a thread that does not keep the process from ending."""
    loop, queue = asyncio.get_running_loop(), asyncio.Queue[bytes](maxsize=1)

    def read() -> None:
        # The loop has ended; the command has; the terminal is gone.
        with suppress(RuntimeError, CancelledError, OSError):
            data = b"-"
            while data:
                data = os.read(sys.stdin.fileno(), size)
                asyncio.run_coroutine_threadsafe(queue.put(data), loop).result()

    threading.Thread(target=read, name="standard input", daemon=True).start()
    while data := await queue.get():
        yield data


def _write(file: BinaryIO, data: bytes) -> None:
    if data:
        file.write(data)
        file.flush()


@contextmanager
def _raw_terminal() -> Generator[None]:
    """Pass every key on, including Ctrl-C."""
    terminal = sys.stdin.fileno()
    settings = termios.tcgetattr(terminal)
    tty.setraw(terminal)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, settings)


@contextmanager
def _on_signal(number: signal.Signals, send: Callable[[], Awaitable[None]]) -> Generator[None]:
    loop = asyncio.get_running_loop()
    tasks = set[asyncio.Future[None]]()

    async def react() -> None:
        with suppress(SessionError):  # it has just ended
            await send()

    def call() -> None:
        task = asyncio.ensure_future(react())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    loop.add_signal_handler(number, call)
    try:
        yield
    finally:
        loop.remove_signal_handler(number)

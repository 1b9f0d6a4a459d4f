"""Makes this machine's local AWS answer at the same addresses inside a task's network as outside of it.

The text of this file runs in a container that keeps the network of a task, by the image's own Python, so it uses
nothing but Python's library, and no syntax newer than 3.8. It listens on loopback at each port that the gateway names,
and takes every connection to the gateway. Arguments: the task's id, the gateway's address (the path of a socket, or
host:port), and the ports that are the task's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Collection

# Seconds between two questions which ports there are: a database that is made while tasks run is reached within it.
_POLL = 1.0
_CHUNK = 65536  # bytes read at once, the buffer of a Linux pipe


async def connect(gateway: str, question: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the gateway that begins with a line."""
    if "/" in gateway:
        reader, writer = await asyncio.open_unix_connection(gateway)
    else:
        host, _, port = gateway.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(question.encode() + b"\n")
    return reader, writer


async def ask(gateway: str, question: str) -> str:
    """The gateway's answer, a line."""
    reader, writer = await connect(gateway, question)
    try:
        return (await reader.readline()).decode()
    finally:
        writer.close()


async def join(
    one: tuple[asyncio.StreamReader, asyncio.StreamWriter], other: tuple[asyncio.StreamReader, asyncio.StreamWriter]
) -> None:
    """Carry what each side sends to the other until both have ended."""
    try:
        await asyncio.gather(_carry(one[0], other[1]), _carry(other[0], one[1]))
    finally:
        for _, writer in (one, other):
            writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while True:
            data = await reader.read(_CHUNK)
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.write_eof()  # half of the connection, as TCP has it


async def main(task: str, gateway: str, own: Collection[str]) -> None:
    """Follow the gateway's ports."""
    servers: dict[str, asyncio.AbstractServer] = {}

    def through(port: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                await join((reader, writer), await connect(gateway, port))
            writer.close()

        return serve

    ready, said = False, ""
    while True:
        try:
            for port in (await ask(gateway, "ports")).split():
                if port not in servers and port not in own:
                    with contextlib.suppress(OSError):  # somebody in the task listens there
                        servers[port] = await asyncio.start_server(through(port), "127.0.0.1", int(port))
            if not ready:
                ready = bool(await ask(gateway, "ready " + task))
        except Exception as error:  # whatever it is, the gateway may be well in a moment
            if str(error) != said:  # not once a second
                said = str(error)
                print(f"The local AWS does not answer: {error}", file=sys.stderr, flush=True)
        await asyncio.sleep(_POLL)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))

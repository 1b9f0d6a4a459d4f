"""Makes the local AWS reachable at the same addresses inside a task's network as outside of it.

The text of this file is run by the image's Python, in a container that provides the network of a task. It therefore
uses only Python's standard library, and no syntax newer than 3.8. It listens on the loopback interface at each port
that the gateway reports, and forwards every connection to the gateway. Arguments: the task's id, the gateway's address
(the path of a socket, or host:port), and the ports of the task's containers.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Collection

# Seconds between two requests for the ports: a database that is created while tasks run is reachable within this time.
_POLL = 1.0
_CHUNK = 65536  # bytes read at a time: the size of a Linux pipe's buffer


async def connect(gateway: str, request: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the gateway and send it a request, which is one line."""
    if "/" in gateway:
        reader, writer = await asyncio.open_unix_connection(gateway)
    else:
        host, _, port = gateway.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request.encode() + b"\n")
    return reader, writer


async def query(gateway: str, request: str) -> str:
    """The gateway's response to a request, which is one line."""
    reader, writer = await connect(gateway, request)
    try:
        return (await reader.readline()).decode()
    finally:
        writer.close()


async def join(
    first: tuple[asyncio.StreamReader, asyncio.StreamWriter], second: tuple[asyncio.StreamReader, asyncio.StreamWriter]
) -> None:
    """Forward data in both directions until both sides have closed the connection."""
    try:
        await asyncio.gather(_forward(first[0], second[1]), _forward(second[0], first[1]))
    finally:
        for _, writer in (first, second):
            writer.close()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while True:
            data = await reader.read(_CHUNK)
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.write_eof()  # closes only this direction of the connection, as in TCP


async def main(task: str, gateway: str, task_ports: Collection[str]) -> None:
    """Listen at the ports that the gateway reports, except the task's."""
    servers: dict[str, asyncio.AbstractServer] = {}

    def forwarder(port: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                await join((reader, writer), await connect(gateway, port))
            writer.close()

        return serve

    ready, last_error = False, ""
    while True:
        try:
            for port in (await query(gateway, "ports")).split():
                if port not in servers and port not in task_ports:
                    with contextlib.suppress(OSError):  # a process in the task is listening on it
                        servers[port] = await asyncio.start_server(forwarder(port), "127.0.0.1", int(port))
            if not ready:
                ready = bool(await query(gateway, "ready " + task))
        except Exception as error:  # whatever the error is, the next attempt may succeed
            if str(error) != last_error:  # to print it once, and not every second
                last_error = str(error)
                print(f"The local AWS is not reachable: {error}", file=sys.stderr, flush=True)
        await asyncio.sleep(_POLL)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))

"""A proxy between load balancer and app that delays what it forwards, as a network does.

On one machine the end of a connection arrives at once, so that requests on connections that the server is just closing,
which cause many 502 responses, are rare.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from flask_on_aws_cli.local_project.ports import free_port

_LATENCY_SECONDS = 0.05


@asynccontextmanager
async def delaying_proxy(port: int) -> AsyncIterator[int]:
    """The port of a proxy that delays all bytes, and the end of connections, in both directions."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while data := await reader.read(65536):
            loop.call_later(_LATENCY_SECONDS, writer.write, data)
        loop.call_later(_LATENCY_SECONDS, writer.close)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        app_reader, app_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(forward(reader, app_writer), forward(app_reader, writer), return_exceptions=True)

    proxy_port = free_port()
    async with await asyncio.start_server(connect, "127.0.0.1", proxy_port, backlog=1024):
        yield proxy_port
